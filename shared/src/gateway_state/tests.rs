use std::collections::BTreeMap;

use redis::AsyncCommands;
use redis::aio::ConnectionManager;

use super::{
    BreakerPhase, Catalog, CatalogModel, CatalogPool, CatalogProvider, ClosedEntry, Dimension, EPOCH_SECONDS, NoScope,
    Scope, list, prefix, read, release, show,
};
use crate::testing::Ground;

#[test]
fn names_of_scopes_are_read_as_they_are_written() {
    for text in ["key/openai/OPENAI_API_KEY_2", "pool/a4f/shop", "model/openrouter/r1/google/gemma:free"] {
        assert_eq!(text.parse::<Scope>().expect("a scope").to_string(), text);
    }
    for text in ["", "key/openai", "key//x", "pool/a/b/c", "model/a/b", "model/a/b/", "zebra/a/b"] {
        assert_eq!(text.parse::<Scope>(), Err(NoScope), "{text}");
    }
}

fn catalog() -> Catalog {
    let pool = CatalogPool { name: "shop".to_owned(), keys: vec!["K1".to_owned(), "K2".to_owned()] };
    let model = CatalogModel {
        steps: vec!["caption".to_owned()],
        name: "luna".to_owned(),
        meter: "luna".to_owned(),
        limits: BTreeMap::from([(Dimension::Requests, 60)]),
    };
    let provider = CatalogProvider {
        name: "openai".to_owned(),
        dialect: "openai".to_owned(),
        host: "api.example:443".to_owned(),
        window_seconds: 60,
        pools: vec![pool],
        models: vec![model],
    };
    Catalog { providers: vec![provider] }
}

/// Now, in the scripts' microseconds.
async fn now(redis: &mut ConnectionManager) -> i64 {
    let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(redis).await.expect("a time");
    (seconds - EPOCH_SECONDS) * 1_000_000 + micros
}

#[tokio::test]
async fn everything_is_read_and_what_is_put_aside_can_be_released() {
    let ground = Ground::fresh().await;
    let (mut redis, namespace) = (ground.queue.redis(), ground.settings.redis.namespace.clone());
    assert!(read(&mut redis, &namespace).await.expect("read").providers.is_empty(), "no worker has said anything");
    show(&mut redis, &namespace, &catalog()).await.expect("shown");
    let (now, prefix) = (now(&mut redis).await, prefix(&namespace));
    let later = |seconds: i64| (now + seconds * 1_000_000).to_string();
    let meter = [("requests", later(5)), ("limit_requests", "50".into()), ("left_requests", "7".into())];
    let () = redis.hset_multiple(format!("{prefix}pm:openai/shop/luna"), &meter).await.expect("set");
    let () = redis.hset(format!("{prefix}pm:openai/shop/luna"), "hold", later(30)).await.expect("set");
    let () = redis.zadd(format!("{prefix}fl:openai/shop"), "call", now + 60_000_000).await.expect("set");
    let () = redis.zadd(format!("{prefix}fl:openai/shop"), "gone", now - 1).await.expect("set");
    let breaker = [("state", "open".to_owned()), ("until", later(5))];
    let () = redis.hset_multiple(format!("{prefix}br:api.example:443/luna"), &breaker).await.expect("set");
    let unix_ms = now / 1_000 + EPOCH_SECONDS * 1_000;
    let entry = |until_ms| {
        let entry = ClosedEntry { until_ms, class: "key_refused".to_owned(), since_ms: unix_ms };
        serde_json::to_string(&entry).expect("JSON")
    };
    let closed = [("key/openai/K2", entry(unix_ms + 60_000)), ("key/openai/K1", entry(unix_ms - 1))];
    let () = redis.hset_multiple(format!("{prefix}closed"), &closed).await.expect("set");

    let state = read(&mut redis, &namespace).await.expect("read");
    let pool = &state.providers[0].pools[0];
    assert_eq!((pool.in_flight, pool.concurrency), (1, None));
    assert_eq!(pool.keys.iter().map(|key| key.closed.is_some()).collect::<Vec<_>>(), [false, true]);
    let model = &pool.models[0];
    assert!(model.resting_until.is_some() && model.closed.is_none());
    let limit = &model.limits[0];
    assert_eq!((limit.stated, limit.learnt, limit.limit, limit.remaining), (Some(60), Some(50), 50, Some(7)));
    assert!((4_000..=5_000).contains(&limit.booked_ahead_ms), "{limit:?}");
    assert_eq!(model.breaker.map(|breaker| breaker.phase), Some(BreakerPhase::Open));
    assert_eq!(state.closed.len(), 1, "one has had its time");

    let scope: Scope = "key/openai/K2".parse().expect("a scope");
    assert!(release(&mut redis, &namespace, &scope).await.expect("released"));
    assert!(!release(&mut redis, &namespace, &scope).await.expect("asked again"), "it was released before");
    assert!(list(&mut redis, &namespace).await.expect("read").is_empty());
    let model: Scope = "model/openai/shop/luna".parse().expect("a scope");
    assert!(release(&mut redis, &namespace, &model).await.expect("released"));
    let state = read(&mut redis, &namespace).await.expect("read");
    assert_eq!(state.providers[0].pools[0].models[0].resting_until, None);
}
