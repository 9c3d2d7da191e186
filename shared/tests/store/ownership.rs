//! Who may have a post: claims, leases, rescue, control.

use shared::domain::UserId;
use shared::queue::Track;
use shared::store::advance::{Answer, Ending, Refusal};
use shared::store::{control, workers};
use shared::testing::Ground;

use crate::books::audit;
use crate::world::*;

#[tokio::test]
async fn many_workers_that_claim_the_same_slice_share_it_without_overlap() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(&ground.store, UserId::new(), 64, None).await;
    let slice = release(store, batch, 64).await;
    let mut crew = Vec::new();
    for _ in 0..8 {
        crew.push(worker(store).await);
    }
    let claims = futures::future::join_all(crew.iter().map(|me| take(store, *me, &slice))).await;
    assert_eq!(claims.iter().map(Vec::len).sum::<usize>(), 64);
    audit(store, batch).await;
}

#[tokio::test]
async fn a_worker_whose_lease_ran_out_claims_nothing_and_once_rescued_cannot_renew() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(&ground.store, UserId::new(), 1, None).await;
    let me = worker(store).await;
    assert!(workers::renew(store.pool(), me).await.expect("an answer"));
    expire(store, me).await;
    assert!(take(store, me, &release(store, batch, 1).await).await.is_empty());
    bury(store, me).await;
    assert!(!workers::renew(store.pool(), me).await.expect("an answer"));
}

#[tokio::test]
async fn a_paused_batch_is_not_claimed_and_a_resumed_one_is_pushed_again() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = UserId::new();
    let batch = batch(&ground.store, user, 2, None).await;
    let me = worker(store).await;
    let slice = release(store, batch, 2).await;
    let mut tx = store.pool().begin().await.expect("a transaction");
    control::pause(&mut tx, user, batch).await.expect("paused");
    tx.commit().await.expect("committed");
    assert!(take(store, me, &slice).await.is_empty());
    let mut tx = store.pool().begin().await.expect("a transaction");
    control::resume(&mut tx, user, batch).await.expect("resumed");
    tx.commit().await.expect("committed");
    let slice = release(store, batch, 2).await;
    assert_eq!(take(store, me, &slice).await.len(), 2);
}

#[tokio::test]
async fn a_cancelled_batch_makes_no_further_call_and_ends_with_its_last_post() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = UserId::new();
    let batch = batch(&ground.store, user, 3, None).await;
    let me = worker(store).await;
    let claim = take(store, me, &release(store, batch, 1).await).await.remove(0);
    let mut tx = store.pool().begin().await.expect("a transaction");
    control::cancel(&mut tx, user, Track::Posts, batch).await.expect("cancelled");
    tx.commit().await.expect("committed");
    assert_eq!(audit(store, batch).await.status, "cancelling");
    assert_eq!(write(store, me, &[send(&claim, 1)]).await, [Answer::Refused(Refusal::Stopped)]);
    write(store, me, &[end(&claim, Ending::Release)]).await;
    let stand = audit(store, batch).await;
    assert_eq!((stand.status.as_str(), stand.cancelled_posts), ("cancelled", 3));
    let mut tx = store.pool().begin().await.expect("a transaction");
    assert!(matches!(control::cancel(&mut tx, user, Track::Posts, batch).await, Err(control::ControlError::State(_))));
    assert!(matches!(
        control::cancel(&mut tx, UserId::new(), Track::Posts, batch).await,
        Err(control::ControlError::NotFound)
    ));
}

#[tokio::test]
async fn a_retry_runs_the_failed_posts_again_and_keeps_the_rest() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = UserId::new();
    let batch = batch(&ground.store, user, 2, None).await;
    let me = worker(store).await;
    let claims = take(store, me, &release(store, batch, 2).await).await;
    write(store, me, &[captioned(end(&claims[0], Ending::Completed)), end(&claims[1], Ending::Failed(reason()))]).await;
    assert_eq!(audit(store, batch).await.status, "completed");
    let mut tx = store.pool().begin().await.expect("a transaction");
    control::retry(&mut tx, user, batch).await.expect("again");
    tx.commit().await.expect("committed");
    let again = take(store, me, &release(store, batch, 2).await).await;
    assert_eq!(again.iter().map(|claim| claim.post).collect::<Vec<_>>(), [claims[1].post]);
    write(store, me, &[captioned(end(&again[0], Ending::Completed))]).await;
    assert_eq!(audit(store, batch).await.completed_posts, 2);
}
