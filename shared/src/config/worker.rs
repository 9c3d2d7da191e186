//! `[worker]`: how much one worker does at once.

use std::time::Duration;

use serde::Deserialize;

use super::ConfigError;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// Calls to providers in flight at once: the slots.
    pub concurrency: usize,
    /// How long a worker that is told to stop lets running posts go on.
    pub drain_seconds: u64,
    /// How often a post is tried again before it fails.
    pub max_retries: i16,
    /// Unclean ends after which a post is taken for the cause and fails.
    pub max_deliveries: i16,
}

impl WorkerSettings {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if (1..=10_000).contains(&self.concurrency) {
            return Ok(());
        }
        Err(ConfigError::Invalid { name: "WORKER_CONCURRENCY", why: "it must be between 1 and 10000".to_owned() })
    }

    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}
