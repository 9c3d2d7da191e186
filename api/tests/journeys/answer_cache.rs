//! The answer cache under load: identical requests in flight at once are answered by one generation.

use std::collections::BTreeSet;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::crew::Crew;
use crate::member::Member;

const TEXT: &str = "/api/v1/generate/text";

async fn asked(app: &TestApp, member: &Member<'_>, prompt: &str, prefer: &str) -> Answer {
    let request = app.request(Method::POST, TEXT).bearer_auth(&member.token).header("Prefer", prefer);
    Answer::of(request.header("X-Cache-TTL", "60").json(&json!({"prompt": prompt}))).await
}

#[tokio::test]
async fn identical_requests_in_flight_are_answered_by_one_generation_whichever_process_they_reach() {
    let app = TestApp::start().await;
    let beside = app.beside().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    for (parallel, prompt) in [(20, "A slogan for a baker"), (100, "A slogan for a miller")] {
        let before = crew.provider.bill().calls.len();
        let apps = (0..parallel).map(|n| if n % 2 == 0 { &app } else { &beside });
        let answers = join_all(apps.map(|app| asked(app, &member, prompt, "wait=60"))).await;
        let mut found = BTreeSet::new();
        let mut misses = 0;
        for answer in answers {
            let answer = answer.expect(200);
            misses += usize::from(answer.header("x-cache") == "miss");
            found.insert(answer.json()["id"].to_string());
        }
        assert_eq!((found.len(), misses), (1, 1), "{parallel} requests in flight");
        assert_eq!(crew.provider.bill().calls.len() - before, 1, "one generation is paid for");
    }
    crew.finish(&app).await;
}

#[tokio::test]
async fn an_answer_that_came_to_nothing_or_is_past_its_time_is_not_given_again() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let ask = async || asked(&app, &member, "A slogan", "wait=0").await.expect(202);
    let id = |answer: &Answer| answer.json()["id"].as_str().expect("an id").to_owned();
    let first = ask().await;
    member.delete(&format!("/api/v1/jobs/{}", id(&first))).await.expect(200);
    let parallel = join_all((0..4).map(|_| ask())).await;
    let found: BTreeSet<String> = parallel.iter().map(&id).collect();
    assert!(found.len() == 1 && !found.contains(&id(&first)), "one takes the place of the cancelled one: {found:?}");
    sqlx::query("UPDATE cached_answers SET expires_at = now()").execute(app.app.store.pool()).await.expect("expired");
    let third = ask().await;
    assert_eq!(third.header("x-cache"), "miss");
    assert!(!found.contains(&id(&third)));
    app.stop().await;
}

#[tokio::test]
async fn a_key_stands_for_the_answer_that_was_found_in_the_cache() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let keyed = async |cached: &str| {
        let request = member.request(Method::POST, TEXT).header("Prefer", "wait=0").header("X-Cache-TTL", cached);
        Answer::of(request.header("Idempotency-Key", "slogan").json(&json!({"prompt": "A slogan"}))).await.expect(202)
    };
    let first: Value = asked(&app, &member, "A slogan", "wait=0").await.expect(202).json();
    let hit = keyed("60").await;
    assert_eq!((hit.header("x-cache"), &hit.json()["id"]), ("hit", &first["id"]));
    // Also when the cache is not asked any more.
    let again = keyed("0").await;
    assert_eq!((again.header("idempotent-replay"), &again.json()["id"]), ("true", &first["id"]));
    app.stop().await;
}
