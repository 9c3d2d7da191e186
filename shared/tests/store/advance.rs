//! One group at a time: each thing that an item can say, and what it must not do.

use std::time::Duration;

use shared::domain::{AttemptState, Nanodollars, UserId};
use shared::store::advance::{Answer, Ending, Refusal};
use shared::testing::Ground;

use crate::books::audit;
use crate::world::*;

#[tokio::test]
async fn a_post_goes_from_claim_to_completed_and_the_batch_with_it() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(&ground.store, UserId::new(), 2, None).await;
    let me = worker(store).await;
    let slice = release(store, batch, 10).await;
    let claims = take(store, me, &slice).await;
    assert_eq!(claims.iter().map(|claim| claim.position).collect::<Vec<_>>(), [0, 1]);
    assert!(take(store, me, &slice).await.is_empty(), "a slice that comes twice takes nothing");

    let sent: Vec<_> = claims.iter().map(|claim| send(claim, 1)).collect();
    assert_eq!(write(store, me, &sent).await, [Answer::Granted; 2]);
    assert_eq!(audit(store, batch).await.held_nanos, 2 * BOUND.0);

    let done: Vec<_> = claims
        .iter()
        .map(|claim| captioned(settled(end(claim, Ending::Completed), 1, AttemptState::Settled)))
        .collect();
    assert_eq!(write(store, me, &done[..1]).await, [Answer::Done]);
    assert_eq!(audit(store, batch).await.status, "processing");
    assert_eq!(write(store, me, &done[1..]).await, [Answer::Done]);
    let stand = audit(store, batch).await;
    assert_eq!((stand.status.as_str(), stand.completed_posts, stand.spent_nanos), ("completed", 2, 2 * PRICE.0));

    // The same group again, as after a lost answer to its commit.
    assert_eq!(write(store, me, &done).await, [Answer::Done; 2]);
    assert_eq!(audit(store, batch).await, stand);
}

#[tokio::test]
async fn a_batch_whose_posts_all_fail_says_why() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(&ground.store, UserId::new(), 3, None).await;
    let me = worker(store).await;
    let claims = take(store, me, &release(store, batch, 10).await).await;
    let failed: Vec<_> = claims.iter().map(|claim| end(claim, Ending::Failed(reason()))).collect();
    write(store, me, &failed[..1]).await;
    write(store, me, &failed[1..]).await;
    assert_eq!(audit(store, batch).await.status, "failed");
    let (errors, log): (serde_json::Value, String) =
        sqlx::query_as("SELECT errors, error_log FROM batch_jobs WHERE id = $1")
            .bind(batch)
            .fetch_one(store.pool())
            .await
            .expect("the batch");
    assert_eq!(errors, serde_json::json!({ "content_policy": 3 }));
    assert_eq!(log, "content_policy: The provider refused this brief.");
}

#[tokio::test]
async fn a_worker_that_lost_its_post_writes_no_content_but_its_bill() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(&ground.store, UserId::new(), 1, None).await;
    let (zombie, heir) = (worker(store).await, worker(store).await);
    let lost = take(store, zombie, &release(store, batch, 1).await).await.remove(0);
    assert_eq!(write(store, zombie, &[send(&lost, 1)]).await, [Answer::Granted]);
    bury(store, zombie).await;

    let taken = take(store, heir, &release_due(store, batch).await).await.remove(0);
    assert_eq!((taken.epoch, taken.deliveries), (lost.epoch + 2, 1));
    let late = captioned(settled(end(&lost, Ending::Completed), 1, AttemptState::Settled));
    assert_eq!(write(store, zombie, &[late]).await, [Answer::Refused(Refusal::Fenced)]);
    let stand = audit(store, batch).await;
    assert_eq!((stand.completed_posts, stand.spent_nanos, stand.held_nanos), (0, PRICE.0, 0));
    assert_eq!(write(store, zombie, &[send(&lost, 2)]).await, [Answer::Refused(Refusal::Fenced)]);
    assert_eq!(write(store, heir, &[send(&taken, 2)]).await, [Answer::Granted]);
    audit(store, batch).await;
}

#[tokio::test]
async fn a_bill_that_comes_after_the_end_of_its_batch_is_recorded() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(&ground.store, UserId::new(), 1, None).await;
    let (zombie, heir) = (worker(store).await, worker(store).await);
    let lost = take(store, zombie, &release(store, batch, 1).await).await.remove(0);
    write(store, zombie, &[send(&lost, 1)]).await;
    bury(store, zombie).await;
    let taken = take(store, heir, &release_due(store, batch).await).await.remove(0);
    write(store, heir, &[captioned(end(&taken, Ending::Completed))]).await;
    let before = audit(store, batch).await;
    assert_eq!((before.status.as_str(), before.spent_nanos, before.held_nanos), ("completed", 0, BOUND.0));

    let late = settled(end(&lost, Ending::Release), 1, AttemptState::Settled);
    assert_eq!(write(store, zombie, &[late]).await, [Answer::Refused(Refusal::Fenced)]);
    let after = audit(store, batch).await;
    assert_eq!((after.status.as_str(), after.spent_nanos, after.held_nanos), ("completed", PRICE.0, 0));
}

#[tokio::test]
async fn a_cap_grants_what_fits_and_pauses_the_batch_when_nothing_more_can_fit() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(&ground.store, UserId::new(), 3, Some(Nanodollars(2 * BOUND.0))).await;
    let me = worker(store).await;
    let claims = take(store, me, &release(store, batch, 3).await).await;
    let answers = write(store, me, &claims.iter().map(|claim| send(claim, 1)).collect::<Vec<_>>()).await;
    assert_eq!(answers, [Answer::Granted, Answer::Granted, Answer::Refused(Refusal::Held)]);
    let stand = audit(store, batch).await;
    assert_eq!((stand.status.as_str(), stand.held_nanos), ("processing", 2 * BOUND.0));
    // What is held came free, but too little for a third call.
    let ends: Vec<_> = claims[..2]
        .iter()
        .map(|claim| costing(settled(end(claim, Ending::Release), 1, AttemptState::Settled), Nanodollars(240)))
        .collect();
    assert_eq!(write(store, me, &ends).await, [Answer::Done, Answer::Done]);
    assert_eq!(write(store, me, &[send(&claims[2], 1)]).await, [Answer::Refused(Refusal::Budget)]);
    assert_eq!(write(store, me, &[end(&claims[2], Ending::Release)]).await, [Answer::Done]);
    let stand = audit(store, batch).await;
    assert_eq!((stand.status.as_str(), stand.held_nanos, stand.spent_nanos), ("paused", 0, 480));
}

#[tokio::test]
async fn what_nobody_knows_the_cost_of_stays_held_until_somebody_does() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(&ground.store, UserId::new(), 1, None).await;
    let me = worker(store).await;
    let claim = take(store, me, &release(store, batch, 1).await).await.remove(0);
    write(store, me, &[send(&claim, 1)]).await;
    let retry = Ending::Retry { after: Duration::from_mins(1), reason: reason() };
    write(store, me, &[settled(end(&claim, retry), 1, AttemptState::Unknown)]).await;
    assert_eq!(audit(store, batch).await.held_nanos, BOUND.0);
    write(store, me, &[settled(end(&claim, Ending::Release), 1, AttemptState::Settled)]).await;
    let stand = audit(store, batch).await;
    assert_eq!((stand.held_nanos, stand.spent_nanos), (0, PRICE.0));
}

#[tokio::test]
async fn an_invalid_item_leaves_nothing_of_its_group() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(&ground.store, UserId::new(), 2, None).await;
    let me = worker(store).await;
    let claims = take(store, me, &release(store, batch, 2).await).await;
    let group = [end(&claims[0], Ending::Failed(reason())), end(&claims[1], Ending::Completed)];
    assert!(try_write(store, me, &group).await.is_err(), "completed without a caption");
    assert_eq!(audit(store, batch).await.failed_posts, 0);
}
