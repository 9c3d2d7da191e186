//! What bounds the tries of one step of one piece of work.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::Nanodollars;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub repeats: u32,
    pub billed_attempts: u32,
    pub wall_seconds: u64,
    pub patience_seconds: u64,
    pub rest_seconds: u64,
    pub quarantine_seconds: u64,
    pub retired_seconds: u64,
    pub policy_refusal_tries_next_model: bool,
    #[serde(default = "dollars")]
    pub cost_usd: f64,
    #[serde(default)]
    pub on_redis_loss: OnRedisLoss,
}

/// What is done about limits while Redis is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnRedisLoss {
    /// Each worker uses its share of them.
    #[default]
    Share,
    /// No call is made.
    Pause,
}

/// What one step of one post may cost where nobody said.
const fn dollars() -> f64 {
    2.0
}

impl Limits {
    pub fn wall(&self) -> Duration {
        Duration::from_secs(self.wall_seconds)
    }

    /// What the tries of one step of one post may cost together.
    pub fn cost(&self) -> Nanodollars {
        Nanodollars::from_usd(self.cost_usd).unwrap_or(Nanodollars(i64::MAX))
    }

    /// The longest wait in place, and so how far ahead calls are booked.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.patience_seconds)
    }

    /// The rest of a pool that does not say how long.
    pub fn rest(&self) -> Duration {
        Duration::from_secs(self.rest_seconds)
    }

    pub fn quarantine(&self) -> Duration {
        Duration::from_secs(self.quarantine_seconds)
    }

    pub fn retired(&self) -> Duration {
        Duration::from_secs(self.retired_seconds)
    }
}
