//! The economy lane: looks after the batches whose captions come through a provider's Batch API.

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::economy;
use crate::worker::Worker;

/// Looks after every lane now and then until `stop` is cancelled. What is under way then is dropped: whoever comes next goes
/// on from what was written.
pub(super) async fn run(worker: &Worker, stop: &CancellationToken) {
    let mut ticks = tokio::time::interval(worker.economy.poll());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let tending = async {
        loop {
            ticks.tick().await;
            if let Err(error) = economy::tend_all(worker).await {
                warn!(duty = "economy", error = format!("{error:#}"), "a duty failed");
            }
        }
    };
    tokio::select! {
        () = tending => {}
        () = stop.cancelled() => {}
    }
}
