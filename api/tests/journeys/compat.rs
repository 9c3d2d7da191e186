//! The calls that the social media generator documents, as they stand there.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

#[tokio::test]
async fn the_documented_calls_of_accounts_and_campaigns_work() {
    let app = TestApp::start().await;
    let newcomer = json!({
        "username": "testuser", "email": "test@example.com", "password": "securepassword123",
        "first_name": "Test", "last_name": "User",
    });
    let user = app.post("/api/auth/register", newcomer).await.expect(201).json();
    for field in ["id", "username", "email", "first_name", "last_name", "created_at"] {
        assert!(user[field].is_string(), "{field}");
    }
    let login = json!({"username": "testuser", "password": "securepassword123"});
    let tokens = app.post("/api/auth/login", login).await.expect(200).json();
    assert_eq!(tokens["token_type"], "bearer");
    let token = tokens["access_token"].as_str().expect("a token").to_owned();
    let call = |method: Method, path: &str, body: Option<Value>| {
        let request = app.request(method, path).bearer_auth(&token);
        Answer::of(match body {
            Some(body) => request.json(&body),
            None => request,
        })
    };
    assert_eq!(call(Method::GET, "/api/auth/me", None).await.expect(200).json(), user);
    let summer = json!({
        "name": "Summer Collection 2025", "description": "Promotional campaign for summer line",
        "brand_name": "FashionBrand", "target_audience": "Young adults 18-30", "tone_id": "enthusiastic",
    });
    let campaign = call(Method::POST, "/api/campaigns/", Some(summer)).await.expect(201).json();
    assert_eq!(campaign["status"], "draft");
    assert_eq!(campaign["user_id"], user["id"]);
    let list = call(Method::GET, "/api/campaigns/", None).await.expect(200).json();
    assert_eq!(list["data"], json!([campaign]));
    assert_eq!(call(Method::GET, "/api/campaigns?skip=1&limit=5", None).await.expect(200).json()["data"], json!([]));
    let path = format!("/api/campaigns/{}", campaign["id"].as_str().expect("an id"));
    assert_eq!(call(Method::GET, &path, None).await.expect(200).json(), campaign);
    let renamed = call(Method::PUT, &path, Some(json!({"name": "Autumn"}))).await.expect(200).json();
    assert_eq!((&renamed["name"], &renamed["brand_name"]), (&json!("Autumn"), &json!("FashionBrand")));
    call(Method::DELETE, &path, None).await.expect(200);
    call(Method::GET, &path, None).await.expect_problem(404, "not_found");
    call(Method::POST, "/api/auth/logout", None).await.expect(200);
    call(Method::GET, "/api/auth/me", None).await.expect_problem(401, "session_ended");
    app.stop().await;
}

#[tokio::test]
async fn fields_that_nobody_knows_are_ignored_and_named() {
    let app = TestApp::start().await;
    let user = app.user("jo").await;
    let body = json!({"name": "n", "brand_name": "b", "color": "red", "odd name\r\n": 1});
    let made = user.post("/api/campaigns/", body).await.expect(201);
    assert_eq!(made.header("x-ignored-fields"), "color");
    user.post("/api/campaigns/", json!({"name": "n", "color": 1})).await.expect_problem(422, "invalid");
    app.stop().await;
}
