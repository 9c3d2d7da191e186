//! Uploads: deletes the bytes of uploaded images that nothing refers to any more.

use anyhow::Result;
use shared::store::uploads::{self, Swept};
use tracing::info;

use crate::worker::Worker;

/// Assets whose rows one statement drops.
const CHUNK: i64 = 500;

pub(super) async fn once(worker: &Worker) -> Result<()> {
    let pool = worker.store.pool();
    while uploads::drop_deleted(pool, CHUNK).await? == CHUNK as u64 {}
    let mut deleted = 0_u64;
    loop {
        match uploads::sweep(pool, &worker.media, worker.upload_grace).await? {
            Swept::Deleted => deleted += 1,
            Swept::Kept => {}
            Swept::Nothing => break,
        }
    }
    if deleted > 0 {
        info!(images = deleted, "unreferenced uploads deleted from the store");
    }
    Ok(())
}
