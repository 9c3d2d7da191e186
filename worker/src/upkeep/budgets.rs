//! Budgets: lets batches go on that a cap has paused and that fit again, and makes the accounts of the coming months.

use anyhow::Result;
use shared::store::budgets;
use tracing::info;

use crate::worker::Worker;

pub(super) async fn resume(worker: &Worker) -> Result<()> {
    let resumed = budgets::resume(worker.store.pool(), None).await?;
    if !resumed.is_empty() {
        info!(batches = resumed.len(), "batches that a budget had paused go on");
    }
    worker.doorbell.ring(resumed);
    Ok(())
}

pub(super) async fn months(worker: &Worker) -> Result<()> {
    Ok(budgets::ensure_months(worker.store.pool()).await?)
}
