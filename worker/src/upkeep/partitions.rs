//! Partitions: makes those of the coming months ahead of time.

use anyhow::Result;

use crate::worker::Worker;

pub(super) async fn once(worker: &Worker) -> Result<()> {
    sqlx::query("SELECT ensure_attempt_partitions(3)").execute(worker.store.pool()).await?;
    Ok(())
}
