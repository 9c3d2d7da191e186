//! `[worker]`: how much one worker does at once.

use std::time::Duration;

use serde::Deserialize;

use super::ConfigError;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// Calls to providers in flight at once: the slots.
    pub concurrency: usize,
    /// The same for generations, beside those of posts.
    pub generations: usize,
    /// How long a worker that is told to stop lets running posts go on.
    pub drain_seconds: u64,
    /// How often a post is tried again before it fails.
    pub max_retries: i16,
    /// Deaths of workers that ran nothing but one post after which it is taken for the cause and fails.
    pub max_deliveries: i16,
}

impl WorkerSettings {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let slots = [("WORKER_CONCURRENCY", self.concurrency), ("BROADSIDE_WORKER__GENERATIONS", self.generations)];
        match slots.into_iter().find(|(_, slots)| !(1..=10_000).contains(slots)) {
            Some((name, _)) => Err(ConfigError::Invalid { name, why: "it must be between 1 and 10000".to_owned() }),
            None => Ok(()),
        }
    }

    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}
