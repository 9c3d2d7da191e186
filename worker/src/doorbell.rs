//! The doorbell: tells listeners which batches changed, without making anybody wait.

use std::collections::HashMap;

use shared::domain::BatchId;
use shared::progress::{self, Progress};
use shared::queue::Queue;
use tokio::sync::mpsc;
use tracing::debug;

/// Where changed batches are rung in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Doorbell(mpsc::UnboundedSender<Vec<Progress>>);

impl Doorbell {
    /// Says that batches changed; called after the commit.
    pub fn ring(&self, progress: Vec<Progress>) {
        if !progress.is_empty() {
            // Nobody listens any more when the worker stops.
            drop(self.0.send(progress));
        }
    }
}

/// Starts a doorbell, and the task that publishes what was rung: the newest version of each batch, as fast as Redis takes
/// it. What Redis does not take is dropped: readers look at the rows too.
pub fn start(queue: Queue, namespace: String) -> (Doorbell, impl Future<Output = ()> + Send) {
    let (sender, mut rings) = mpsc::unbounded_channel::<Vec<Progress>>();
    let publish = async move {
        let mut redis = queue.redis();
        while let Some(first) = rings.recv().await {
            let mut newest: HashMap<BatchId, i64> = HashMap::new();
            let mut add = |events: Vec<Progress>| {
                for event in events {
                    let version = newest.entry(event.batch).or_insert(event.version);
                    *version = event.version.max(*version);
                }
            };
            add(first);
            while let Ok(more) = rings.try_recv() {
                add(more);
            }
            let events: Vec<Progress> =
                newest.into_iter().map(|(batch, version)| Progress { batch, version }).collect();
            if let Err(error) = progress::publish(&mut redis, &namespace, &events).await {
                debug!(%error, "progress was not published");
            }
        }
    };
    (Doorbell(sender), publish)
}
