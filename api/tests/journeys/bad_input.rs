//! Input that is refused: each with its problem, and nothing written.

use reqwest::{Body, Method};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::member::{Member, batch_of};

async fn nothing_written(app: &TestApp) {
    let rows: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM batch_jobs) + (SELECT count(*) FROM campaign_posts) + (SELECT count(*) FROM idempotency_keys)",
    )
    .fetch_one(app.app.store.pool())
    .await
    .expect("counts");
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn a_bad_batch_is_refused_with_every_error() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let post = |field: &str, value: Value| {
        let mut post = json!({"brand_name": "b", "tone": "t"});
        post[field] = value;
        json!({"name": "n", "posts": [post]})
    };
    let long = "x".repeat(1 << 20);
    for (body, pointer, code) in [
        (json!({"name": "n", "posts": []}), "/posts", "too_few"),
        (batch_of(50_001), "/posts", "too_many"),
        (post("tone", json!(5)), "/posts/0/tone", "wrong_type"),
        (post("brand_name", json!("  ")), "/posts/0/brand_name", "blank"),
        (post("brief", json!("a\0b")), "/posts/0/brief", "nul"),
        (post("brief", json!(long)), "/posts/0/brief", "too_long"),
        (post("mood", json!(1)), "/posts/0/mood", "unknown_field"),
    ] {
        let answer = member.submit(&body).await.expect_problem(422, "invalid");
        assert_eq!(answer.errors(), [(pointer.to_owned(), code.to_owned())]);
    }
    let many: Vec<Value> = (0..2_000).map(|_| json!({"brand_name": "", "tone": 1})).collect();
    let answer = member.submit(&json!({"posts": many})).await.expect_problem(422, "invalid");
    let problem = answer.json();
    assert_eq!(answer.errors().len(), 1_000);
    assert_eq!(problem["error_counts"], json!({"blank": 2_000, "required": 1, "wrong_type": 2_000}));
    nothing_written(&app).await;
}

#[tokio::test]
async fn a_body_that_is_no_batch_at_all_is_refused() {
    let app = TestApp::start_with(|settings| settings.http.batch_body_bytes = 100_000).await;
    let member = Member::new(&app).await;
    let send = |content_type: &'static str, body: Body| {
        let request = member.request(Method::POST, &member.submit_path()).header("content-type", content_type);
        Answer::of(request.body(body))
    };
    for broken in ["{", "", "{\"name\": \"n\", \"posts\": [{]}", "nonsense"] {
        send("application/json", broken.into()).await.expect_problem(400, "malformed");
    }
    send("application/json", b"\xff\xfe".to_vec().into()).await.expect_problem(400, "malformed");
    let surrogate = r#"{"name": "n", "posts": [{"brand_name": "b", "tone": "\ud800"}]}"#;
    let answer = send("application/json", surrogate.into()).await.expect_problem(422, "invalid");
    assert_eq!(answer.errors(), [("/posts/0/tone".to_owned(), "lone_surrogate".to_owned())]);
    for wrong in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"] {
        send(wrong, batch_of(1).to_string().into()).await.expect_problem(415, "unsupported_media_type");
    }
    let request = member.request(Method::POST, &member.submit_path());
    Answer::of(request.body(batch_of(1).to_string())).await.expect_problem(415, "unsupported_media_type");
    let large = batch_of(2_000).to_string();
    send("application/json", large.clone().into()).await.expect_problem(413, "too_large");
    let chunks: Vec<Result<Vec<u8>, std::io::Error>> =
        large.as_bytes().chunks(4_096).map(|part| Ok(part.to_vec())).collect();
    let chunked = Body::wrap_stream(futures::stream::iter(chunks));
    send("application/json", chunked).await.expect_problem(413, "too_large");
    nothing_written(&app).await;
}

#[tokio::test]
async fn a_batch_needs_a_campaign_of_ones_own() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    member.post(&other.submit_path(), &batch_of(1)).await.expect_problem(404, "not_found");
    member.post("/api/v1/campaigns/not-an-id/generate-batch", &batch_of(1)).await.expect_problem(404, "not_found");
    Answer::of(app.request(Method::POST, &member.submit_path()).json(&batch_of(1)))
        .await
        .expect_problem(401, "unauthenticated");
    sqlx::query("UPDATE campaigns SET deleted_at = now()").execute(app.app.store.pool()).await.expect("deleted");
    member.submit(&batch_of(1)).await.expect_problem(404, "not_found");
    nothing_written(&app).await;
}

#[tokio::test]
async fn lists_take_a_limit_and_a_cursor_of_their_own() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let batch = member.batch(3).await;
    for (query, code) in [
        ("limit=0", "invalid_parameter"),
        ("limit=201", "invalid_parameter"),
        ("limit=x", "invalid_parameter"),
        ("cursor=x", "invalid_cursor"),
        ("status=done", "invalid_parameter"),
    ] {
        member.get(&format!("/api/v1/batch-jobs/{batch}/posts?{query}")).await.expect_problem(400, code);
    }
}
