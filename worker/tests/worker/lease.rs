//! The lease: kept while the worker lives, lost for good once others have taken its posts.

use std::time::Duration;

use shared::store::workers;
use shared::testing::Ground;
use worker::lease::Lease;

#[tokio::test]
async fn a_lease_lives_until_it_is_ended_and_then_ends_at_once() {
    let ground = Ground::fresh().await;
    let (lease, keeper) = Lease::begin(&ground.settings.database, "a", 7).await.expect("a lease");
    assert!(lease.may_send());
    assert_eq!(workers::living(ground.store.pool()).await.expect("an answer"), (1, 7));
    keeper.end().await;
    assert_eq!(workers::living(ground.store.pool()).await.expect("an answer").0, 0);
}

#[tokio::test]
async fn a_worker_that_was_taken_for_dead_learns_it_and_sends_nothing() {
    let ground = Ground::fresh().await;
    let (lease, _keeper) = Lease::begin(&ground.settings.database, "a", 7).await.expect("a lease");
    sqlx::query("DELETE FROM workers").execute(ground.store.pool()).await.expect("rescued");
    tokio::time::timeout(Duration::from_secs(5), lease.lost()).await.expect("the next renewal tells");
    assert!(!lease.may_send());
}
