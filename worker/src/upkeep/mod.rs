//! What keeps the whole going, in every worker, one duty a file. Each may run in any number of workers at once.

mod budgets;
mod compare;
mod dispatch;
mod economy;
mod janitor;
mod models;
mod partitions;
mod providers;
mod reconcile;
mod rescue;
mod share;
mod uploads;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use shared::queue::Track;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::consume::take_directly;
use crate::worker::Worker;

pub use dispatch::Dispatcher;

/// Runs every duty until `stop` is cancelled.
pub async fn run(worker: Arc<Worker>, stop: CancellationToken) {
    let (posts, generations) = (worker.dispatcher(Track::Posts), worker.dispatcher(Track::Generations));
    tokio::join!(
        posts.run(&stop, |slice| take_directly(&worker, Track::Posts, slice)),
        generations.run(&stop, |slice| take_directly(&worker, Track::Generations, slice)),
        models::run(&worker, &stop),
        economy::run(&worker, &stop),
        reconcile::run(&worker, &stop),
        every(Duration::from_secs(1), &stop, "rescue", async || rescue::once(&worker).await),
        every(Duration::from_secs(1), &stop, "budgets", async || budgets::resume(&worker).await),
        every(Duration::from_mins(1), &stop, "months", async || budgets::months(&worker).await),
        every(Duration::from_secs(2), &stop, "providers' shares", async || providers::share(&worker).await),
        every(Duration::from_secs(15), &stop, "the providers' catalog", async || providers::show(&worker).await),
        every(Duration::from_secs(1), &stop, "janitor", async || janitor::once(&worker).await),
        every(Duration::from_secs(2), &stop, "compare", async || compare::once(&worker).await),
        every(Duration::from_mins(5), &stop, "uploads", async || uploads::once(&worker).await),
        every(Duration::from_hours(1), &stop, "partitions", async || partitions::once(&worker).await),
    );
}

/// Does a duty now and then every so often. A duty that fails is logged and done again the next time.
async fn every<F>(period: Duration, stop: &CancellationToken, duty: &str, once: impl Fn() -> F)
where
    F: Future<Output = anyhow::Result<()>>,
{
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = once().await {
            warn!(duty, error = format!("{error:#}"), "a duty failed");
        }
    }
}
