use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Claim, IdempotencyError, KeyedRequest, claim, keep, sweep};
use crate::domain::UserId;
use crate::testing::Ground;

fn request(user: UserId, body: &str) -> KeyedRequest {
    KeyedRequest::new(user, "a key", "POST /things", body.as_bytes())
}

#[tokio::test]
async fn the_same_request_is_answered_as_before_and_another_is_refused() {
    let ground = Ground::fresh().await;
    let (pool, user, thing) = (ground.store.pool(), UserId::new(), Uuid::now_v7());
    let mut tx = pool.begin().await.expect("a transaction");
    assert_eq!(claim(&mut tx, &request(user, "body")).await.expect("claimed"), Claim::Fresh);
    keep(&mut tx, &request(user, "body"), thing, &json!({"id": 1})).await.expect("kept");
    tx.commit().await.expect("committed");

    let mut tx = pool.begin().await.expect("a transaction");
    let again = claim(&mut tx, &request(user, "body")).await.expect("answered");
    assert_eq!(again, Claim::Replay { resource: thing, response: json!({"id": 1}) });
    assert!(matches!(claim(&mut tx, &request(user, "other")).await, Err(IdempotencyError::Reused)));
    let elsewhere = KeyedRequest::new(user, "a key", "POST /others", b"body");
    assert!(matches!(claim(&mut tx, &elsewhere).await, Err(IdempotencyError::Reused)), "to do something else");
    assert_eq!(claim(&mut tx, &request(UserId::new(), "other")).await.expect("another user's"), Claim::Fresh);
}

#[tokio::test]
async fn a_request_in_flight_is_told_apart_and_a_failed_one_gives_the_key_back() {
    let ground = Ground::fresh().await;
    let (pool, user) = (ground.store.pool(), UserId::new());
    let mut first = pool.begin().await.expect("a transaction");
    assert_eq!(claim(&mut first, &request(user, "body")).await.expect("claimed"), Claim::Fresh);
    let mut second = pool.begin().await.expect("a transaction");
    assert!(matches!(claim(&mut second, &request(user, "body")).await, Err(IdempotencyError::InFlight)));
    first.rollback().await.expect("rolled back");
    assert_eq!(claim(&mut second, &request(user, "body")).await.expect("free again"), Claim::Fresh);
}

#[tokio::test]
async fn an_answer_that_was_stored_behind_our_back_is_not_overwritten() {
    let ground = Ground::fresh().await;
    let (pool, user) = (ground.store.pool(), UserId::new());
    for expected in [true, false] {
        let mut tx = pool.begin().await.expect("a transaction");
        let kept = keep(&mut tx, &request(user, "body"), Uuid::now_v7(), &Value::Null).await;
        assert_eq!(kept.is_ok(), expected);
        tx.commit().await.expect("committed");
    }
}

#[tokio::test]
async fn a_key_is_free_again_after_a_day_and_swept() {
    let ground = Ground::fresh().await;
    let (pool, user) = (ground.store.pool(), UserId::new());
    for round in 0..2 {
        let mut tx = pool.begin().await.expect("a transaction");
        assert_eq!(claim(&mut tx, &request(user, "body")).await.expect("claimed"), Claim::Fresh, "round {round}");
        keep(&mut tx, &request(user, "body"), Uuid::now_v7(), &Value::Null).await.expect("kept");
        tx.commit().await.expect("committed");
        sqlx::query("UPDATE idempotency_keys SET created_at = now() - $1")
            .bind(Duration::from_secs(24 * 3600 + 1))
            .execute(pool)
            .await
            .expect("aged");
    }
    assert_eq!(sweep(pool, 100).await.expect("swept"), 1);
}
