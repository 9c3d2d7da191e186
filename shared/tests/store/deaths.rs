//! Workers that die: who may say so, and which of their posts are suspected of it.

use std::collections::HashSet;

use shared::domain::{BatchId, PostId, UserId, WorkerId};
use shared::store::advance::{Answer, Ending, Next};
use shared::store::claim::Claim;
use shared::store::rescue::rescue;
use shared::store::{Store, control, workers};
use shared::testing::Ground;

use crate::books::audit;
use crate::world::*;

/// Begins posts, as their first write does.
async fn begin(store: &Store, worker: WorkerId, claims: &[Claim]) {
    let items: Vec<_> = claims.iter().map(|claim| item(claim, Next::Go)).collect();
    assert_eq!(write(store, worker, &items).await, vec![Answer::Done; claims.len()]);
}

/// Has a new worker take what waits, begin `running` of it, and die.
async fn die_with(store: &Store, batch: BatchId, running: usize) -> Vec<Claim> {
    let me = worker(store).await;
    let mut claims = take(store, me, &release_due(store, batch).await).await;
    claims.extend(take(store, me, &release(store, batch, 100).await).await);
    begin(store, me, &claims[..running]).await;
    bury(store, me).await;
    claims
}

/// The statuses of a batch's posts and how often workers died while they ran, in their order.
async fn posts(store: &Store, batch: BatchId) -> Vec<(String, i16)> {
    sqlx::query_as("SELECT status, deliveries FROM campaign_posts WHERE batch_job_id = $1 ORDER BY position")
        .bind(batch)
        .fetch_all(store.pool())
        .await
        .expect("posts")
}

#[tokio::test]
async fn a_post_that_kills_its_worker_three_times_is_given_up_and_may_be_retried() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = UserId::new();
    let batch = batch(store, user, 1, None).await;
    for death in 0..3 {
        assert_eq!(die_with(store, batch, 1).await[0].deliveries, death);
    }
    assert_eq!(audit(store, batch).await.status, "failed");
    let message: String = sqlx::query_scalar("SELECT error_message FROM campaign_posts WHERE batch_job_id = $1")
        .bind(batch)
        .fetch_one(store.pool())
        .await
        .expect("a post");
    assert!(message.contains("3 times"), "{message}");

    let mut tx = store.pool().begin().await.expect("a transaction");
    control::retry(&mut tx, user, batch).await.expect("again");
    tx.commit().await.expect("committed");
    die_with(store, batch, 1).await;
    assert_eq!(posts(store, batch).await, [("retrying".to_owned(), 1)], "its old deaths are forgotten");
}

#[tokio::test]
async fn posts_that_ran_beside_each_other_never_fail_for_the_deaths_of_their_workers() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 8, None).await;
    for _ in 0..10 {
        die_with(store, batch, 8).await;
    }
    assert_eq!(posts(store, batch).await, vec![("retrying".to_owned(), 10); 8]);
    audit(store, batch).await;
}

#[tokio::test]
async fn a_post_that_only_waited_is_not_counted_among_those_that_ran() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 3, None).await;
    for _ in 0..4 {
        die_with(store, batch, 2).await;
    }
    let counts: Vec<i16> = posts(store, batch).await.into_iter().map(|(_, deaths)| deaths).collect();
    assert_eq!((counts.iter().max(), counts.iter().sum::<i16>() >= 9), (Some(&4), true), "{counts:?}");
    assert!(counts.iter().all(|deaths| *deaths >= 1), "the one that waited is watched from now on: {counts:?}");
}

#[tokio::test]
async fn a_hold_that_ends_well_counts_nothing() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 1, None).await;
    let me = worker(store).await;
    let claims = take(store, me, &release(store, batch, 1).await).await;
    begin(store, me, &claims).await;
    write(store, me, &[end(&claims[0], Ending::Release)]).await;
    let again = take(store, me, &release(store, batch, 1).await).await;
    assert_eq!(again[0].deliveries, 0);
    // Not begun in this hold: it is only watched.
    bury(store, me).await;
    let named: i64 = sqlx::query_scalar("SELECT count(*) FROM worker_deaths WHERE sole_post IS NOT NULL")
        .fetch_one(store.pool())
        .await
        .expect("deaths");
    assert_eq!((named, posts(store, batch).await), (0, vec![("retrying".to_owned(), 1)]));
}

#[tokio::test]
async fn deaths_that_a_post_had_no_part_in_speak_for_it() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 1, None).await;
    for _ in 0..4 {
        die_with(store, batch, 1).await;
        // Somebody kills idle workers, too.
        let idle = worker(store).await;
        bury(store, idle).await;
    }
    assert_eq!(posts(store, batch).await, [("retrying".to_owned(), 4)]);
    for _ in 0..3 {
        die_with(store, batch, 1).await;
    }
    assert_eq!(posts(store, batch).await[0].0, "failed", "7 deaths with it, 4 without");
}

#[tokio::test]
async fn a_poison_among_others_ends_after_few_deaths_and_fails_alone() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 16, None).await;
    let poison: PostId = sqlx::query_scalar("SELECT id FROM campaign_posts WHERE position = 7")
        .fetch_one(store.pool())
        .await
        .expect("a post");
    let mut deaths = 0;
    while audit(store, batch).await.finished() < 16 {
        let me = worker(store).await;
        let mut claims = take(store, me, &release_due(store, batch).await).await;
        claims.extend(take(store, me, &release(store, batch, 100).await).await);
        // As a worker does: the oftener among deaths, the fewer beside it, from five on alone.
        let most = if claims.iter().any(|claim| claim.deliveries >= 5) { 1 } else { claims.len() };
        claims.truncate(most);
        begin(store, me, &claims).await;
        if claims.iter().any(|claim| claim.post == poison) {
            deaths += 1;
            bury(store, me).await;
        } else {
            let ends: Vec<_> = claims.iter().map(|claim| captioned(end(claim, Ending::Completed))).collect();
            write(store, me, &ends).await;
            workers::leave(store.pool(), me).await.expect("left");
            rescue_all(store).await;
        }
        assert!(deaths <= 8, "{deaths} deaths");
    }
    let stand = audit(store, batch).await;
    assert_eq!((stand.completed_posts, stand.failed_posts), (15, 1));
    let failed: PostId = sqlx::query_scalar("SELECT id FROM campaign_posts WHERE status = 'failed'")
        .fetch_one(store.pool())
        .await
        .expect("one");
    assert_eq!(failed, poison);
}

#[tokio::test]
async fn a_worker_that_left_is_no_death_and_whoever_comes_may_take_its_posts() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 1, None).await;
    let me = worker(store).await;
    let claims = take(store, me, &release(store, batch, 1).await).await;
    begin(store, me, &claims).await;
    workers::leave(store.pool(), me).await.expect("left");
    let newcomer = WorkerId::new();
    workers::enter(store.pool(), newcomer, "newcomer", 8).await.expect("entered");
    assert_eq!(rescue(store.pool(), newcomer, 3).await.expect("rescued").workers, [me]);
    assert_eq!(posts(store, batch).await, [("retrying".to_owned(), 0)]);
}

#[tokio::test]
async fn the_first_worker_back_from_an_outage_takes_nobody_for_dead() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 4, None).await;
    let crew = [worker(store).await, worker(store).await, worker(store).await];
    let slice = release(store, batch, 4).await;
    take(store, crew[1], &slice).await;
    // Nobody could renew for longer than a lease.
    for me in crew {
        sqlx::query("UPDATE workers SET lease_until = now() - interval '2 seconds' WHERE id = $1")
            .bind(me)
            .execute(store.pool())
            .await
            .expect("an outage");
    }
    let judged = async |me| rescue(store.pool(), me, 3).await.expect("an answer").workers;
    assert!(judged(crew[0]).await.is_empty(), "its own lease has run out");
    assert!(workers::renew(store.pool(), crew[0]).await.expect("renewed"));
    assert!(judged(crew[0]).await.is_empty(), "the others could not renew either");
    assert!(workers::renew(store.pool(), crew[1]).await.expect("it lost nothing"));
    // A lease's length later the third has still not come back.
    sqlx::query("UPDATE workers SET steady_since = steady_since - interval '9 seconds'")
        .execute(store.pool())
        .await
        .expect("time passes");
    assert_eq!(judged(crew[0]).await.into_iter().collect::<HashSet<_>>(), HashSet::from([crew[2]]));
    assert_eq!(posts(store, batch).await, vec![("processing".to_owned(), 0); 4]);
}

#[tokio::test]
async fn a_renewal_that_came_late_is_a_gap_and_one_in_time_is_none() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    for (age, steady) in [(3, true), (5, false)] {
        let me = worker(store).await;
        // The last renewal was so many seconds ago.
        sqlx::query("UPDATE workers SET lease_until = now() + make_interval(secs => 8 - $2) WHERE id = $1")
            .bind(me)
            .bind(f64::from(age))
            .execute(store.pool())
            .await
            .expect("aged");
        assert!(workers::renew(store.pool(), me).await.expect("renewed"));
        let still: bool =
            sqlx::query_scalar("SELECT steady_since < now() - interval '1 minute' FROM workers WHERE id = $1")
                .bind(me)
                .fetch_one(store.pool())
                .await
                .expect("an answer");
        assert_eq!(still, steady, "after {age} s");
    }
}
