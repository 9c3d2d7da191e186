//! Compare: looks for near-duplicates in the batches that have ended.

use anyhow::Result;
use shared::store::compare;
use tracing::info;

use crate::worker::Worker;

pub(super) async fn once(worker: &Worker) -> Result<()> {
    for ended in compare::ended(worker.store.pool()).await? {
        if let Some(posts @ 1..) = compare::compare(worker.store.pool(), ended).await? {
            info!(batch.id = %ended.batch, posts, "captions say almost what another of their campaign says");
        }
    }
    Ok(())
}
