//! Posts that a living worker owns without knowing: found, and handed back.

use shared::domain::UserId;
use shared::queue::Track;
use shared::store::advance::{Answer, Ending, Next};
use shared::store::claim::claim;
use shared::store::rescue::{hand_back, in_work, owned};
use shared::store::{Store, control};
use shared::testing::Ground;
use shared::testing::proxy::{Proxy, Statement};

use crate::books::audit;
use crate::world::*;

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_found_and_handed_back() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 4, None).await;
    let me = worker(store).await;
    let slice = release(store, batch, 4).await;
    let proxy = Proxy::before(&ground.url()).await.expect("a proxy");
    let mut settings = ground.settings.database.clone();
    settings.url = proxy.url().to_owned().into();
    let behind = Store::open(&settings).expect("a pool");
    let lost = proxy.lose_answer(Statement::Commit);
    claim(behind.pool(), me, &slice).await.expect_err("nobody knows what came of it");
    assert!(lost.happened().await);
    assert_eq!(in_work(store.pool()).await.expect("an answer"), [(batch, 4)]);

    let forgotten = owned(store.pool(), &[me], &[batch]).await.expect("an answer");
    assert_eq!(hand_back(store.pool(), forgotten.clone(), 5).await.expect("handed back").posts, 4);
    audit(store, batch).await;
    let again = take(store, me, &release_due(store, batch).await).await;
    assert_eq!(again.iter().map(|claim| (claim.deliveries, claim.retries)).collect::<Vec<_>>(), [(0, 0); 4]);
    // What is in other hands since is not touched.
    assert_eq!(hand_back(store.pool(), forgotten, 5).await.expect("nothing").posts, 0);
    audit(store, batch).await;
}

#[tokio::test]
async fn posts_that_nobody_has_in_hand_do_not_keep_a_cancelled_batch_open() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = UserId::new();
    let batch = batch(store, user, 2, None).await;
    let me = worker(store).await;
    take(store, me, &release(store, batch, 2).await).await;
    let mut tx = store.pool().begin().await.expect("a transaction");
    control::cancel(&mut tx, user, Track::Posts, batch).await.expect("cancelled");
    tx.commit().await.expect("committed");
    assert_eq!(audit(store, batch).await.status, "cancelling");
    let forgotten = owned(store.pool(), &[me], &[batch]).await.expect("an answer");
    hand_back(store.pool(), forgotten, 5).await.expect("handed back");
    let stand = audit(store, batch).await;
    assert_eq!((stand.status.as_str(), stand.cancelled_posts), ("cancelled", 2));
}

#[tokio::test]
async fn a_post_that_ran_and_was_lost_hold_of_is_bought_again_a_few_times_only() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 1, None).await;
    let me = worker(store).await;
    let mut slice = release(store, batch, 1).await;
    for time in 0..3 {
        let taken = take(store, me, &slice).await.remove(0);
        assert_eq!(taken.retries, time);
        assert_eq!(write(store, me, &[send(&taken, time + 1)]).await, [Answer::Granted]);
        let forgotten = owned(store.pool(), &[me], &[batch]).await.expect("an answer");
        hand_back(store.pool(), forgotten, 2).await.expect("handed back");
        audit(store, batch).await;
        slice = release_due(store, batch).await;
    }
    let (status, class, unknown): (String, String, i64) = sqlx::query_as(
        "SELECT p.status, p.error_class, (SELECT count(*) FROM attempts WHERE state = 'unknown') FROM campaign_posts p",
    )
    .fetch_one(store.pool())
    .await
    .expect("the post");
    assert_eq!((status.as_str(), class.as_str(), unknown), ("failed", "worker_lost", 3));
}

#[tokio::test]
async fn a_post_that_has_just_ended_is_not_taken_back() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 1, None).await;
    let me = worker(store).await;
    let taken = take(store, me, &release(store, batch, 1).await).await.remove(0);
    let seen = owned(store.pool(), &[me], &[batch]).await.expect("an answer");
    assert!(!seen[0].begun);
    write(store, me, &[item(&taken, Next::Go)]).await;
    assert!(owned(store.pool(), &[me], &[batch]).await.expect("an answer")[0].begun);
    write(store, me, &[captioned(end(&taken, Ending::Completed))]).await;
    assert_eq!(hand_back(store.pool(), seen, 5).await.expect("nothing").posts, 0);
    assert_eq!(audit(store, batch).await.completed_posts, 1);
}
