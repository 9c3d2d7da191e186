//! `[economy]`: how batches go through a provider's Batch API.

use std::time::Duration;

use serde::Deserialize;

use super::ConfigError;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EconomySettings {
    /// How often a lane is looked after.
    pub poll_seconds: u64,
    /// How long before the deadline what is left goes on by live calls, beside the time that those calls take.
    pub margin_seconds: u64,
    /// Live posts that are made in a second, as far as one may count on it.
    pub posts_per_second: u32,
    /// Captions in one file.
    pub max_lines: usize,
}

impl EconomySettings {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |name: &'static str, why: &str| Err(ConfigError::Invalid { name, why: why.to_owned() });
        if !(1..=3_600).contains(&self.poll_seconds) {
            return wrong("BROADSIDE_ECONOMY__POLL_SECONDS", "it must be between 1 and 3600");
        }
        if self.posts_per_second == 0 {
            return wrong("BROADSIDE_ECONOMY__POSTS_PER_SECOND", "it must be 1 at least");
        }
        if !(1..=50_000).contains(&self.max_lines) {
            return wrong("BROADSIDE_ECONOMY__MAX_LINES", "it must be between 1 and 50000");
        }
        Ok(())
    }

    pub fn poll(&self) -> Duration {
        Duration::from_secs(self.poll_seconds)
    }

    pub fn margin(&self) -> Duration {
        Duration::from_secs(self.margin_seconds)
    }
}
