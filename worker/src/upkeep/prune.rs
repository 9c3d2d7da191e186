//! Prune: makes partitions ahead of time and forgets what has had its time.

use anyhow::Result;

use crate::worker::Worker;

pub(super) async fn once(worker: &Worker) -> Result<()> {
    let pool = worker.store.pool();
    sqlx::query("SELECT ensure_attempt_partitions(3)").execute(pool).await?;
    sqlx::query("DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'").execute(pool).await?;
    sqlx::query("DELETE FROM sessions WHERE expires_at < now() - interval '1 day'").execute(pool).await?;
    Ok(())
}
