//! Dispatch and the queue, through real Redis: shallow, fair and mended after a loss. No post is made here.

use std::sync::Arc;
use std::time::Duration;

use shared::domain::{BatchId, UserId};
use shared::testing::{Ground, batches};
use tokio::sync::Notify;
use worker::doorbell;
use worker::hands::Hands;
use worker::intake::Intake;
use worker::pace::Pace;
use worker::upkeep::Dispatcher;

/// A dispatcher of a worker with so many slots, all free.
fn dispatcher(ground: &Ground, free: usize) -> Dispatcher {
    let pace = Arc::new(Pace::default());
    Dispatcher {
        store: ground.store.clone(),
        queue: ground.queue.clone(),
        doorbell: doorbell::start(ground.queue.clone(), ground.settings.redis.namespace.clone()).0,
        slice: 8,
        hands: Hands::new(free, Arc::clone(&pace), Arc::new(Intake::new(free))),
        pace,
        appetite: Arc::new(Notify::new()),
    }
}

/// Messages in the queue.
async fn waiting(ground: &Ground) -> usize {
    ground.queue.waiting(Duration::from_secs(5)).await.expect("an answer")
}

async fn released(ground: &Ground) -> Vec<i32> {
    sqlx::query_scalar("SELECT released FROM batch_jobs ORDER BY id")
        .fetch_all(ground.store.pool())
        .await
        .expect("marks")
}

/// Sets the clock of a batch: how many seconds ago its mark moved.
async fn released_ago(ground: &Ground, batch: BatchId, seconds: i32) {
    sqlx::query("UPDATE batch_jobs SET released_at = now() - make_interval(secs => $2) WHERE id = $1")
        .bind(batch)
        .bind(f64::from(seconds))
        .execute(ground.store.pool())
        .await
        .expect("time passes");
}

#[tokio::test]
async fn without_the_queue_a_worker_is_given_what_it_has_hands_for() {
    let ground = Ground::fresh().await;
    let batch = batches::batch(&ground.store, UserId::new(), 100, None).await;
    let dispatcher = dispatcher(&ground, 20);
    let slices = dispatcher.by_hand().await.expect("released");
    assert_eq!(slices.iter().map(|slice| slice.posts.len()).sum::<usize>(), 20);
    assert_eq!((waiting(&ground).await, released(&ground).await), (0, vec![20]));
    // What went into the lost queue and was not taken comes again.
    released_ago(&ground, batch, 60).await;
    let again = dispatcher.by_hand().await.expect("released");
    assert_eq!(again[0].posts[0], slices[0].posts[0]);
}

#[tokio::test]
async fn the_queue_stays_shallow_whatever_lies_in_postgres() {
    let ground = Ground::fresh().await;
    batches::batch(&ground.store, UserId::new(), 5_000, None).await;
    let dispatcher = dispatcher(&ground, 100_000);
    for _ in 0..20 {
        assert!(dispatcher.once().await.expect("dispatched"));
    }
    assert_eq!(released(&ground).await, [1_000]);
    assert_eq!(waiting(&ground).await, 125);
}

#[tokio::test]
async fn users_share_the_queue_whatever_the_sizes_of_their_batches() {
    let ground = Ground::fresh().await;
    batches::batch(&ground.store, UserId::new(), 5_000, None).await;
    batches::batch(&ground.store, UserId::new(), 100, None).await;
    dispatcher(&ground, 128).once().await.expect("dispatched");
    assert_eq!(released(&ground).await, [64, 64]);
}

#[tokio::test]
async fn what_a_flush_took_is_pushed_again_at_once() {
    let ground = Ground::fresh().await;
    batches::batch(&ground.store, UserId::new(), 40, None).await;
    let dispatcher = dispatcher(&ground, 128);
    dispatcher.once().await.expect("dispatched");
    assert_eq!(waiting(&ground).await, 5);
    // What a flush leaves of one namespace.
    let mut redis = ground.queue.redis();
    let keys: Vec<String> =
        redis::cmd("KEYS").arg(format!("{}*", ground.queue.name())).query_async(&mut redis).await.expect("keys");
    redis::cmd("DEL").arg(keys).query_async::<()>(&mut redis).await.expect("deleted");
    dispatcher.once().await.expect("dispatched");
    assert_eq!(waiting(&ground).await, 5);
}

#[tokio::test]
async fn what_was_released_and_never_pushed_is_pushed_after_a_while() {
    let ground = Ground::fresh().await;
    let batch = batches::batch(&ground.store, UserId::new(), 40, None).await;
    let dispatcher = dispatcher(&ground, 128);
    // Somebody marked Redis, released, and died before the push.
    dispatcher.once().await.expect("dispatched");
    let mut redis = ground.queue.redis();
    let name = ground.queue.name();
    let keys = [format!("{name}:active"), format!("{name}:scheduled")];
    redis::cmd("DEL").arg(&keys).query_async::<()>(&mut redis).await.expect("lost");
    released_ago(&ground, batch, -60).await;
    dispatcher.once().await.expect("dispatched");
    assert_eq!(waiting(&ground).await, 0, "it may still be on its way");
    released_ago(&ground, batch, 3).await;
    dispatcher.once().await.expect("dispatched");
    assert_eq!(waiting(&ground).await, 5);
}

#[tokio::test]
async fn an_idle_database_is_left_alone() {
    let ground = Ground::fresh().await;
    assert!(!dispatcher(&ground, 128).once().await.expect("dispatched"));
}
