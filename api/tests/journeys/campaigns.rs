//! Campaigns: each is its owner's, and nobody else's.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Answer, TestApp, User};

fn summer() -> Value {
    json!({"name": " Summer ", "brand_name": "FashionBrand", "target_audience": "Young adults", "tone_id": "enthusiastic"})
}

async fn make(user: &User<'_>) -> String {
    let made = user.post("/api/v1/campaigns", summer()).await.expect(201);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(made.header("location"), format!("/api/v1/campaigns/{id}"));
    id
}

#[tokio::test]
async fn a_campaign_is_made_read_changed_and_deleted() {
    let app = TestApp::start().await;
    let user = app.user("jo").await;
    let path = format!("/api/v1/campaigns/{}", make(&user).await);
    let campaign = user.get(&path).await.expect(200).json();
    assert_eq!((&campaign["name"], &campaign["status"]), (&json!("Summer"), &json!("draft")));
    assert_eq!(campaign["description"], json!(null));
    let change = json!({"name": "Autumn", "target_audience": null, "status": "active"});
    let changed = user.put(&path, change).await.expect(200).json();
    assert_eq!((&changed["name"], &changed["brand_name"]), (&json!("Autumn"), &json!("FashionBrand")));
    assert_eq!((&changed["target_audience"], &changed["status"]), (&json!(null), &json!("active")));
    assert_eq!(user.put(&path, json!({})).await.expect(200).json()["name"], "Autumn");
    user.delete(&path).await.expect(204);
    for gone in [user.get(&path).await, user.put(&path, json!({"name": "x"})).await, user.delete(&path).await] {
        gone.expect_problem(404, "not_found");
    }
    assert_eq!(user.get("/api/v1/campaigns").await.expect(200).json()["data"], json!([]));
    app.stop().await;
}

#[tokio::test]
async fn another_users_campaign_is_not_there() {
    let app = TestApp::start().await;
    let (owner, other) = (app.user("jo").await, app.user("al").await);
    let path = format!("/api/v1/campaigns/{}", make(&owner).await);
    let nowhere = format!("/api/v1/campaigns/{}", Uuid::now_v7());
    for path in [path.as_str(), nowhere.as_str(), "/api/v1/campaigns/no-uuid"] {
        other.get(path).await.expect_problem(404, "not_found");
        other.put(path, json!({"name": "mine"})).await.expect_problem(404, "not_found");
        other.delete(path).await.expect_problem(404, "not_found");
    }
    assert_eq!(other.get("/api/v1/campaigns").await.expect(200).json()["data"], json!([]));
    assert_eq!(owner.get(&path).await.expect(200).json()["name"], "Summer");
    app.stop().await;
}

#[tokio::test]
async fn everything_wrong_with_a_campaign_is_said_at_once() {
    let app = TestApp::start().await;
    let user = app.user("jo").await;
    let body =
        json!({"brand_name": " ", "description": "a\u{0}b", "tone_id": "x".repeat(21), "status": 1, "color": "red"});
    let answer = user.post("/api/v1/campaigns", body).await.expect_problem(422, "invalid");
    let mut errors = answer.errors();
    errors.sort();
    let expected = [
        ("/brand_name", "blank"),
        ("/color", "unknown_field"),
        ("/description", "nul"),
        ("/name", "required"),
        ("/status", "wrong_type"),
        ("/tone_id", "too_long"),
    ];
    assert_eq!(errors, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    let lone = user.request(Method::POST, "/api/v1/campaigns").header("content-type", "application/json");
    let lone = lone.body(r#"{"name": "\ud800", "brand_name": "b"}"#);
    let answer = Answer::of(lone).await.expect_problem(422, "invalid");
    assert_eq!(answer.errors(), [("/name".to_owned(), "lone_surrogate".to_owned())]);
    assert_eq!(user.get("/api/v1/campaigns").await.expect(200).json()["data"], json!([]));
    app.stop().await;
}

#[tokio::test]
async fn a_list_is_walked_page_by_page() {
    let app = TestApp::start().await;
    let user = app.user("jo").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(make(&user).await);
    }
    made.reverse();
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = user.get(&format!("/api/v1/campaigns?limit=2{cursor}")).await.expect(200).json();
        let data = page["data"].as_array().expect("a list");
        walked.extend(data.iter().map(|campaign| campaign["id"].as_str().unwrap_or_default().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else {
            assert_eq!(page["has_more"], false);
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(walked, made);
    user.get("/api/v1/campaigns?limit=0").await.expect_problem(400, "invalid_parameter");
    user.get("/api/v1/campaigns?limit=many").await.expect_problem(400, "invalid_parameter");
    user.get("/api/v1/campaigns?cursor=nonsense").await.expect_problem(400, "invalid_cursor");
    app.stop().await;
}

#[tokio::test]
async fn a_key_makes_a_campaign_once() {
    let app = TestApp::start().await;
    let (user, other) = (app.user("jo").await, app.user("al").await);
    let make = |user: &User<'_>, body: Value| {
        Answer::of(user.request(Method::POST, "/api/v1/campaigns").header("Idempotency-Key", "k1").json(&body))
    };
    let first = make(&user, summer()).await.expect(201);
    let again = make(&user, summer()).await.expect(201);
    assert_eq!(again.json(), first.json());
    assert_eq!((first.header("idempotent-replay"), again.header("idempotent-replay")), ("", "true"));
    make(&user, json!({"name": "Other", "brand_name": "b"})).await.expect_problem(422, "idempotency_key_reused");
    // Keys are each user's own, and a refused request does not use one up.
    make(&other, json!({"name": ""})).await.expect_problem(422, "invalid");
    make(&other, summer()).await.expect(201);
    assert_eq!(user.get("/api/v1/campaigns").await.expect(200).json()["data"].as_array().map(Vec::len), Some(1));
    let bad = user.request(Method::POST, "/api/v1/campaigns").header("Idempotency-Key", "a b").json(&summer());
    Answer::of(bad).await.expect_problem(400, "invalid_idempotency_key");
    app.stop().await;
}

#[tokio::test]
async fn deleting_a_campaign_cancels_its_batches() {
    let app = TestApp::start().await;
    let user = app.user("jo").await;
    let campaign = make(&user).await;
    let pool = app.ground.store.pool();
    let batch = Uuid::now_v7();
    sqlx::query(
        "WITH batch AS (
             INSERT INTO batch_jobs (id, campaign_id, user_id, created_by, name, total_posts)
             SELECT $1, id, user_id, user_id, 'b', 1 FROM campaigns WHERE id = $2::uuid
             RETURNING id, campaign_id, user_id)
         INSERT INTO campaign_posts (id, batch_job_id, campaign_id, user_id, position, brand_name, tone)
         SELECT $1, id, campaign_id, user_id, 0, 'b', 'warm' FROM batch",
    )
    .bind(batch)
    .bind(&campaign)
    .execute(pool)
    .await
    .expect("a batch");
    user.delete(&format!("/api/v1/campaigns/{campaign}")).await.expect(204);
    let status: String = sqlx::query_scalar("SELECT status FROM batch_jobs WHERE id = $1")
        .bind(batch)
        .fetch_one(pool)
        .await
        .expect("a row");
    assert_eq!(status, "cancelled");
    app.stop().await;
}
