//! Generation on the paths of back ends that knew no tokens: what their front ends are told, well or not.

use reqwest::Method;
use serde_json::{Value, json};
use shared::config::Environment;
use simulator::Fault;

use crate::app::{Answer, TestApp};
use crate::crew::Crew;
use crate::member::Member;

const TEXT: &str = "/generate/text";

fn slogan() -> Value {
    json!({"prompt": "A slogan for a coffee shop", "tone": "friendly", "max_tokens": 100, "user_id": 7, "mood": "x"})
}

/// An app that calls without a token act as somebody on.
async fn open() -> TestApp {
    let app = TestApp::start_with(|settings| "studio".clone_into(&mut settings.compat.open_as)).await;
    app.user("studio").await;
    app
}

#[tokio::test]
async fn an_identical_request_is_answered_from_the_cache_for_an_hour() {
    let app = open().await;
    let crew = Crew::start(&app).await;
    let first = app.post(TEXT, slogan()).await.expect(200);
    assert_eq!((first.header("x-cache"), first.header("x-cache-ttl")), ("miss", "3600"));
    assert_eq!(first.header("x-ignored-fields"), "mood");
    let again = app.post(TEXT, slogan()).await.expect(200);
    assert_eq!((again.header("x-cache"), again.json()), ("hit", first.json()));
    let fresh =
        Answer::of(app.request(Method::POST, TEXT).header("X-Cache-TTL", "0").json(&slogan())).await.expect(200);
    assert_eq!(fresh.header("x-cache"), "");
    assert_eq!(crew.provider.bill().calls.len(), 2);
    // Who it was asked for is noted, and nothing more.
    let noted: Vec<Option<String>> = sqlx::query_scalar("SELECT external_user FROM generations")
        .fetch_all(app.app.store.pool())
        .await
        .expect("generations");
    assert_eq!(noted, [Some("7".to_owned()), Some("7".to_owned())]);
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_text_that_could_not_be_written_is_told_in_artifys_words() {
    let app = open().await;
    let crew = Crew::start(&app).await;
    crew.provider.admin().fault(Fault::chat().refusal());
    let failed = app.post(TEXT, slogan()).await.expect_problem(500, "generation_failed");
    let detail = failed.json()["detail"].as_str().expect("a detail").to_owned();
    assert!(detail.starts_with("Failed to generate text: "), "{detail}");
    app.post(TEXT, json!({"tone": 3})).await.expect_problem(422, "invalid");
    app.post(TEXT, json!({"prompt": "x", "user_id": ["a"]})).await.expect_problem(422, "invalid");
    crew.finish(&app).await;
}

#[tokio::test]
async fn without_a_provider_it_says_what_to_set() {
    let app = TestApp::start_with(|settings| {
        settings.environment = Environment::Production;
        "studio".clone_into(&mut settings.compat.open_as);
    })
    .await;
    app.user("studio").await;
    let refused = app.post(TEXT, slogan()).await.expect_problem(503, "generation_unavailable");
    assert_eq!(refused.json()["detail"], "OpenAI API key not configured. Please set OPENAI_API_KEY.");
}

#[tokio::test]
async fn without_a_token_an_address_generates_only_so_often() {
    let app = TestApp::start_with(|settings| {
        "studio".clone_into(&mut settings.compat.open_as);
        settings.http.rate_limit_requests = 2;
    })
    .await;
    let member = Member::new(&app).await;
    sqlx::query("UPDATE users SET username = 'studio'").execute(app.app.store.pool()).await.expect("named");
    let crew = Crew::start(&app).await;
    for _ in 0..2 {
        app.post(TEXT, slogan()).await.expect(200);
    }
    let refused = app.post(TEXT, slogan()).await.expect_problem(429, "rate_limited");
    assert!(!refused.header("retry-after").is_empty());
    // Calls that generate nothing, and calls with a token, go on.
    app.get("/api/download?url=x:").await.expect_problem(400, "address_refused");
    for _ in 0..3 {
        member.post(TEXT, &slogan()).await.expect(200);
    }
    crew.finish(&app).await;
}
