//! A worker that owns posts without knowing it finds them and hands them back, while it lives.

use std::time::Duration;

use shared::domain::WorkerId;
use shared::testing::batches;

use crate::program::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_of_a_claim_whose_answer_was_lost_are_made_by_the_worker_that_lost_it() {
    let mut stage = Stage::with_latency(Duration::ZERO).await;
    stage.start_with(4, &[]);
    let store = &stage.ground.store;
    let me: WorkerId = loop {
        let living =
            sqlx::query_scalar("SELECT id FROM workers").fetch_optional(store.pool()).await.expect("an answer");
        if let Some(me) = living {
            break me;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    // Claimed in the name of the worker, which hears nothing of it.
    let batch = stage.batch(4, false).await;
    let slice = batches::release(store, batch, 4).await;
    let claims = batches::take(store, me, &slice).await;
    assert!(!claims.is_empty(), "some of the posts were claimed unheard");
    stage.finished().await;
    let owners: i64 = stage.count("SELECT count(*) FROM workers").await;
    assert_eq!((stage.count("SELECT completed_posts::bigint FROM batch_jobs").await, owners), (4, 1));
}
