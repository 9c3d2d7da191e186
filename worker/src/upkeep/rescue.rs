//! Rescue: takes posts back from workers that died, or left with posts in their hands.

use anyhow::Result;
use shared::store::rescue::rescue;
use tracing::warn;

use crate::worker::Worker;

pub(super) async fn once(worker: &Worker) -> Result<()> {
    let rescued = rescue(worker.store.pool(), worker.lease.worker, worker.settings.max_deliveries).await?;
    if !rescued.workers.is_empty() && rescued.posts > 0 {
        warn!(
            workers = rescued.workers.len(),
            posts = rescued.posts,
            "posts were taken back from workers that are gone"
        );
    }
    worker.doorbell.ring(rescued.progress);
    Ok(())
}
