//! `providers release`: lets go of what was put aside. Workers obey within a second.

use anyhow::Result;
use redis::aio::ConnectionManager;
use shared::gateway_state::{self, Closed, Scope};

use super::in_time;
use super::terminal::Page;

/// Releases everything that `what` names. The report, and whether there was anything.
pub(super) async fn release(redis: &mut ConnectionManager, namespace: &str, what: &str) -> Result<(String, bool)> {
    let closed = in_time(gateway_state::list(redis, namespace)).await?;
    let (mut page, mut found) = (Page::default(), false);
    for Closed { scope, class, .. } in closed.iter().filter(|closed| is_meant(&closed.scope, what)) {
        found = true;
        in_time(gateway_state::release(redis, namespace, scope)).await?;
        page.line(format!("{scope} ({class}) is used again"));
    }
    if !found {
        let names: Vec<String> = closed.iter().map(|closed| closed.scope.to_string()).collect();
        page.line(if names.is_empty() {
            "Nothing is put aside.".to_owned()
        } else {
            format!("{what} is not put aside. These are: {}", names.join(", "))
        });
    }
    Ok((page.text(), found || what == "all"))
}

/// Whether `what` names this: all, its own name, or that name without the kind before it.
fn is_meant(scope: &Scope, what: &str) -> bool {
    let name = scope.to_string();
    let short = name.split_once('/').map_or("", |(_, short)| short);
    what == "all" || what == name || what == short
}

#[cfg(test)]
mod tests {
    use shared::gateway_state::{ClosedEntry, list, prefix};
    use shared::testing::Ground;

    use super::release;

    #[tokio::test]
    async fn what_was_put_aside_is_released_by_any_of_its_names() {
        let ground = Ground::fresh().await;
        let (mut redis, namespace) = (ground.queue.redis(), ground.settings.redis.namespace.clone());
        let later = chrono::Utc::now().timestamp_millis() + 60_000;
        let entry = ClosedEntry { until_ms: later, class: "key_refused".to_owned(), since_ms: later - 90_000 };
        for scope in ["key/openai/K_1", "key/openai/K_2", "pool/openai/shop", "model/router/p/q/m:free"] {
            redis::cmd("HSET")
                .arg(format!("{}closed", prefix(&namespace)))
                .arg(scope)
                .arg(serde_json::to_string(&entry).expect("JSON"))
                .query_async::<()>(&mut redis)
                .await
                .expect("put aside");
        }
        for (what, expected) in [
            ("openai/K_1", (true, 3)),
            ("openai/K_1", (false, 3)),
            ("router/p/q/m:free", (true, 2)),
            ("pool/openai/shop", (true, 1)),
            ("openai", (false, 1)),
            ("all", (true, 0)),
            ("all", (true, 0)),
        ] {
            let (text, found) = release(&mut redis, &namespace, what).await.expect("an answer");
            let left = list(&mut redis, &namespace).await.expect("a list").len();
            assert_eq!((found, left), expected, "{what}: {text}");
        }
    }
}
