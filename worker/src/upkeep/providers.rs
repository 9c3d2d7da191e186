//! Providers: counts the workers that share the providers' limits, and shows what this one is configured to call.

use anyhow::Result;
use shared::store::workers::living;

use crate::worker::Worker;

pub(super) async fn share(worker: &Worker) -> Result<()> {
    let (living, _) = living(worker.store.pool()).await?;
    worker.posts.gateway.share_among(living.unsigned_abs());
    Ok(())
}

pub(super) async fn show(worker: &Worker) -> Result<()> {
    Ok(worker.posts.gateway.show_catalog().await?)
}
