//! One provider: how it is spoken to, where its keys are, and how much it may be asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

use serde::Deserialize;

use super::KeyName;
use crate::config::{ConfigError, Names};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderProfile {
    pub dialect: Dialect,
    pub base_url: String,
    pub base_url_name: Option<String>,
    pub key_names: Vec<KeyName>,
    pub pooling: Pooling,
    /// Whether it takes chats as files, by OpenAI's Batch API.
    #[serde(default)]
    pub batch_api: bool,
    /// Names of pools and the keys' names in them; keys that are in none follow `pooling`.
    #[serde(default)]
    pub pools: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub limits_per: LimitsPer,
    #[serde(default = "minute")]
    pub window_seconds: NonZeroU64,
    pub requests_per_minute: Option<NonZeroU64>,
    pub tokens_per_minute: Option<NonZeroU64>,
    pub images_per_minute: Option<NonZeroU64>,
    pub in_flight: Option<NonZeroU64>,
    pub max_in_flight: Option<NonZeroU64>,
    #[serde(default)]
    pub tpm_settlement: TpmSettlement,
    /// Limits of single models, by name.
    #[serde(default)]
    pub models: BTreeMap<String, StatedLimits>,
}

/// Limits in a window, as stated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedLimits {
    pub requests_per_minute: Option<NonZeroU64>,
    pub tokens_per_minute: Option<NonZeroU64>,
    pub images_per_minute: Option<NonZeroU64>,
}

/// What the limits of a provider belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitsPer {
    /// Each model of a pool has them to itself.
    #[default]
    Model,
    /// All models of a pool share them.
    Pool,
}

/// What becomes of tokens that were reserved and not used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TpmSettlement {
    /// They stay counted.
    #[default]
    Keep,
    /// They count no more.
    Refund,
}

/// How a provider's requests are written and its answers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    OpenAi,
    OpenRouter,
    A4f,
}

impl Dialect {
    /// Whether the provider judges texts.
    pub const fn moderates(self) -> bool {
        match self {
            Self::OpenAi => true,
            Self::OpenRouter | Self::A4f => false,
        }
    }

    /// Whether an image can be asked for with pictures that it is to show.
    pub const fn takes_references(self) -> bool {
        match self {
            Self::OpenAi | Self::OpenRouter => true,
            Self::A4f => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// All keys share one limit.
    One,
    /// Every key has limits of its own.
    Each,
}

const fn minute() -> NonZeroU64 {
    match NonZeroU64::new(60) {
        Some(seconds) => seconds,
        None => NonZeroU64::MIN,
    }
}

impl ProviderProfile {
    /// The keys that are set, each with the name it came from; the same key under two names counts once.
    pub fn keys(&self, names: &Names) -> Result<Vec<(String, String)>, ConfigError> {
        let (mut keys, mut seen) = (Vec::new(), BTreeSet::new());
        for label in self.key_names.iter().flat_map(KeyName::labels) {
            if let Some(key) = names.get(&label)?.map(|key| key.trim().to_owned())
                && seen.insert(key.clone())
            {
                keys.push((label, key));
            }
        }
        Ok(keys)
    }

    /// The limits stated for `model` on requests, tokens and images; 0 is none.
    pub fn stated(&self, model: &str) -> [u64; 3] {
        let own = self.models.get(model).copied().unwrap_or_default();
        let number = |own: Option<NonZeroU64>, all: Option<NonZeroU64>| own.or(all).map_or(0, NonZeroU64::get);
        [
            number(own.requests_per_minute, self.requests_per_minute),
            number(own.tokens_per_minute, self.tokens_per_minute),
            number(own.images_per_minute, self.images_per_minute),
        ]
    }
}
