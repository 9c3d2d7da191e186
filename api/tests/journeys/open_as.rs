//! Calls without a token, on the paths of back ends that knew none.

use reqwest::Method;
use shared::store::users;

use crate::app::{Answer, TestApp};
use crate::member::Member;

/// A call that needs a user and nothing else; whoever is let in is told that the address may not be asked.
const CALL: &str = "/api/download?url=x:";

async fn open() -> TestApp {
    TestApp::start_with(|settings| "studio".clone_into(&mut settings.compat.open_as)).await
}

#[tokio::test]
async fn without_the_setting_they_are_refused() {
    let app = TestApp::start().await;
    app.user("studio").await;
    app.get(CALL).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn they_act_as_the_named_user_once_there_is_one() {
    let app = open().await;
    app.get(CALL).await.expect_problem(401, "unauthenticated");
    app.user("Studio").await;
    app.get(CALL).await.expect_problem(400, "address_refused");
    // On those paths only.
    app.get("/api/v1/download?url=x:").await.expect_problem(401, "unauthenticated");
    app.get("/api/v1/users/me").await.expect_problem(401, "unauthenticated");
    app.get("/api/campaigns/").await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_token_that_is_sent_wins_and_must_be_good() {
    let app = open().await;
    app.user("studio").await;
    let bad = app.request(Method::GET, CALL).bearer_auth("a.b.c");
    Answer::of(bad).await.expect_problem(401, "token_invalid");
    let other = app.user("jo").await;
    other.get(CALL).await.expect_problem(400, "address_refused");
    other.post("/api/v1/auth/logout", serde_json::json!({})).await.expect(204);
    other.get(CALL).await.expect_problem(401, "session_ended");
}

#[tokio::test]
async fn a_suspended_user_is_nobody_to_act_as() {
    let app = open().await;
    let member = Member::new(&app).await;
    let pool = app.app.store.pool();
    sqlx::query("UPDATE users SET username = 'studio' WHERE id = $1")
        .bind(member.user)
        .execute(pool)
        .await
        .expect("named");
    app.get(CALL).await.expect_problem(400, "address_refused");
    let mut tx = pool.begin().await.expect("a transaction");
    users::suspend(&mut tx, member.user).await.expect("suspended");
    tx.commit().await.expect("committed");
    app.get(CALL).await.expect_problem(403, "account_suspended");
}
