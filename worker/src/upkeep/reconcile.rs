//! Reconciliation: compares the posts that the table says this worker owns with those that it has in hand, and hands back
//! what it owns without knowing. A claim whose answer was lost leaves such posts.

use std::time::Duration;

use anyhow::Result;
use shared::domain::BatchId;
use shared::store::rescue::{self, Owned};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::worker::Worker;

/// How often the two are compared when nothing is in doubt.
const PERIOD: Duration = Duration::from_secs(5);
/// How soon again after it could not be done.
const AGAIN: Duration = Duration::from_secs(1);

/// Compares now and then, and at once when a claim is in doubt, until `stop` is cancelled.
pub(super) async fn run(worker: &Worker, stop: &CancellationToken) {
    let mut pause = PERIOD;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = worker.in_hand.doubted() => {}
            () = stop.cancelled() => return,
        }
        pause = match once(worker).await {
            Ok(()) => PERIOD,
            Err(error) => {
                warn!(duty = "reconcile", error = format!("{error:#}"), "a duty failed");
                AGAIN
            }
        };
    }
}

async fn once(worker: &Worker) -> Result<()> {
    let (pool, me) = (worker.store.pool(), worker.lease.worker);
    // Of most batches every post in work is in hand here, and nothing has to be looked up.
    let batches: Vec<BatchId> = rescue::in_work(pool)
        .await?
        .into_iter()
        .filter(|(batch, posts)| usize::try_from(*posts).is_ok_and(|posts| posts > worker.in_hand.of_batch(*batch)))
        .map(|(batch, _)| batch)
        .collect();
    if batches.is_empty() {
        return Ok(());
    }
    // First the table, then what is in hand: whatever was claimed by then is in hand, or has ended and is another's epoch.
    let mut forgotten: Vec<Owned> = rescue::owned(pool, &[me], &batches).await?;
    forgotten.retain(|owned| !worker.in_hand.has(owned));
    if forgotten.is_empty() {
        return Ok(());
    }
    let handed_back = rescue::hand_back(pool, forgotten, worker.settings.max_retries).await?;
    if handed_back.posts > 0 {
        warn!(posts = handed_back.posts, "posts handed back: owned by this worker, but not in hand");
    }
    worker.doorbell.ring(handed_back.progress);
    Ok(())
}
