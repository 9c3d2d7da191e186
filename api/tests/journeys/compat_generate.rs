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
async fn who_waited_long_enough_is_told_where_the_job_is_found() {
    // No worker takes it up.
    let app = TestApp::start_with(|settings| "studio".clone_into(&mut settings.compat.open_as)).await;
    let studio = app.user("studio").await;
    for path in [TEXT, "/generate/image"] {
        let waiting = app.request(Method::POST, path).header("Prefer", "wait=1").json(&slogan());
        let late = Answer::of(waiting).await.expect_problem(504, "generation_timeout");
        let job = studio.get(late.header("location")).await.expect(200);
        assert_eq!(job.json()["status"], "pending", "{}", job.json());
    }
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
    for path in [TEXT, "/generate/image"] {
        let refused = app.post(path, slogan()).await.expect_problem(503, "generation_unavailable");
        assert_eq!(refused.json()["detail"], "OpenAI API key not configured. Please set OPENAI_API_KEY.");
    }
    app.post("/api/generate", slogan()).await.expect_problem(503, "generation_unavailable");
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

#[tokio::test]
async fn a_design_of_which_no_variation_was_made_says_why_and_is_made_anew_when_asked_again() {
    let app = open().await;
    let crew = Crew::start(&app).await;
    let design = json!({"user_id": "u", "prompt": "a juice bar", "style": "vibrant", "num_variations": 2});
    crew.provider.admin().fault(Fault::image().status(400).code("moderation_blocked"));
    let answer = app.post("/api/generate", design.clone()).await.expect(500);
    let failed = answer.json();
    assert_eq!((&failed["success"], &failed["num_generated"]), (&json!(false), &json!(0)), "{failed}");
    assert_eq!((&failed["status_code"], &failed["design_type"]), (&json!(500), &json!("logo")));
    assert!(failed["detail"].as_str().expect("a detail").starts_with("Failed to generate design: "), "{failed}");
    for variation in failed["variations"].as_array().expect("variations") {
        assert!(variation["success"] == false && variation["error"].is_string(), "{variation}");
    }
    // What failed is not kept for the next.
    crew.provider.admin().clear_faults();
    let made = app.post("/api/generate", design).await.expect(200);
    assert_eq!(made.header("x-cache"), "miss");
    assert_eq!(made.json()["num_generated"], 2);
    for (path, field) in
        [("/api/generate?style=baroque", "style"), ("/api/generate?num_variations=9", "num_variations")]
    {
        let refused = app.post(path, json!({"prompt": "x"})).await.expect_problem(400, "invalid_parameter");
        assert!(refused.text.contains(field), "{}", refused.text);
    }
    crew.finish(&app).await;
}
