//! `config/providers.toml` as it stands in the file: providers, limits and routes, before keys and prices are known.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::time::Duration;

use serde::Deserialize;
use shared::domain::Nanodollars;
use shared::domain::Step;
pub(crate) use shared::prices::Output;

use super::admission::OnRedisLoss;
use super::config_error::GatewayConfigError;

/// The profiles that are built in.
const BUILT_IN: &str = include_str!("../../../config/providers.toml");

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profiles {
    pub(crate) providers: BTreeMap<String, ProviderProfile>,
    pub(crate) limits: Limits,
    /// By the name of the step.
    pub(crate) routes: BTreeMap<String, RouteProfile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderProfile {
    pub(crate) dialect: Dialect,
    pub(crate) base_url: String,
    pub(crate) base_url_name: Option<String>,
    pub(crate) key_names: Vec<String>,
    pub(crate) pooling: Pooling,
    /// Whether it takes chats as files, by OpenAI's Batch API.
    #[serde(default)]
    pub(crate) batch_api: bool,
    /// Names of pools and the keys' names in them; keys that are in none follow `pooling`.
    #[serde(default)]
    pub(crate) pools: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(crate) limits_per: LimitsPer,
    #[serde(default = "minute")]
    pub(crate) window_seconds: NonZeroU64,
    pub(crate) requests_per_minute: Option<NonZeroU64>,
    pub(crate) tokens_per_minute: Option<NonZeroU64>,
    pub(crate) images_per_minute: Option<NonZeroU64>,
    pub(crate) in_flight: Option<NonZeroU64>,
    pub(crate) max_in_flight: Option<NonZeroU64>,
    #[serde(default)]
    pub(crate) tpm_settlement: TpmSettlement,
    /// Limits of single models, by name.
    #[serde(default)]
    pub(crate) models: BTreeMap<String, StatedLimits>,
}

/// Limits in a window, as stated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "they are named as in the file")]
pub(crate) struct StatedLimits {
    pub(crate) requests_per_minute: Option<NonZeroU64>,
    pub(crate) tokens_per_minute: Option<NonZeroU64>,
    pub(crate) images_per_minute: Option<NonZeroU64>,
}

/// What the limits of a provider belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LimitsPer {
    /// Each model of a pool has them to itself.
    #[default]
    Model,
    /// All models of a pool share them.
    Pool,
}

/// What becomes of tokens that were reserved and not used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TpmSettlement {
    /// They stay counted.
    #[default]
    Keep,
    /// They count no more.
    Refund,
}

const fn minute() -> NonZeroU64 {
    match NonZeroU64::new(60) {
        Some(seconds) => seconds,
        None => NonZeroU64::MIN,
    }
}

impl ProviderProfile {
    /// The limits stated for `model`; 0 is none.
    pub(crate) fn stated(&self, model: &str) -> [u64; 3] {
        let own = self.models.get(model).copied().unwrap_or_default();
        let number = |own: Option<NonZeroU64>, all: Option<NonZeroU64>| own.or(all).map_or(0, NonZeroU64::get);
        [
            number(own.requests_per_minute, self.requests_per_minute),
            number(own.tokens_per_minute, self.tokens_per_minute),
            number(own.images_per_minute, self.images_per_minute),
        ]
    }
}

/// How a provider's requests are written and its answers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dialect {
    OpenAi,
    OpenRouter,
    A4f,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Pooling {
    /// All keys share one limit.
    One,
    /// Every key has limits of its own.
    Each,
}

/// What bounds the tries of one step of one post.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) repeats: u32,
    pub(crate) billed_attempts: u32,
    pub(crate) wall_seconds: u64,
    pub(crate) patience_seconds: u64,
    pub(crate) rest_seconds: u64,
    pub(crate) quarantine_seconds: u64,
    pub(crate) retired_seconds: u64,
    pub(crate) policy_refusal_tries_next_model: bool,
    #[serde(default = "dollars")]
    pub(crate) cost_usd: f64,
    #[serde(default)]
    pub(crate) on_redis_loss: OnRedisLoss,
}

/// What one step of one post may cost where nobody said.
const fn dollars() -> f64 {
    2.0
}

impl Limits {
    pub(crate) fn wall(&self) -> Duration {
        Duration::from_secs(self.wall_seconds)
    }

    /// What the tries of one step of one post may cost together.
    pub(crate) fn cost(&self) -> Nanodollars {
        Nanodollars::from_usd(self.cost_usd).unwrap_or(Nanodollars(i64::MAX))
    }

    /// The longest wait in place, and so how far ahead calls are booked.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.patience_seconds)
    }

    /// The rest of a pool that does not say how long.
    pub(crate) fn rest(&self) -> Duration {
        Duration::from_secs(self.rest_seconds)
    }

    pub(crate) fn quarantine(&self) -> Duration {
        Duration::from_secs(self.quarantine_seconds)
    }

    pub(crate) fn retired(&self) -> Duration {
        Duration::from_secs(self.retired_seconds)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteProfile {
    pub(crate) output: Output,
    pub(crate) deadline_seconds: u64,
    pub(crate) first_byte_seconds: u64,
    pub(crate) max_completion_tokens: u32,
    pub(crate) models: Vec<ModelProfile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelProfile {
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) deadline_seconds: Option<u64>,
    pub(crate) first_byte_seconds: Option<u64>,
    pub(crate) max_completion_tokens: Option<u32>,
}

impl Profiles {
    /// Reads the file at `path`, or the built-in profiles when it is empty.
    pub(crate) fn read(path: &str) -> Result<Self, GatewayConfigError> {
        let named = if path.is_empty() { "config/providers.toml" } else { path };
        let file = |why: String| GatewayConfigError::File { path: named.to_owned(), why };
        let text = match path {
            "" => BUILT_IN.to_owned(),
            path => std::fs::read_to_string(path).map_err(|error| file(error.to_string()))?,
        };
        let profiles: Self = toml::from_str(&text).map_err(|error| file(error.to_string()))?;
        profiles.check().map_err(file)?;
        Ok(profiles)
    }

    fn check(&self) -> Result<(), String> {
        if !(self.limits.cost_usd.is_finite() && self.limits.cost_usd > 0.0) {
            return Err("limits.cost_usd: it must be more than 0".to_owned());
        }
        for (name, provider) in &self.providers {
            if provider.limits_per == LimitsPer::Pool && !provider.models.is_empty() {
                return Err(format!(
                    "providers.{name}: its models share the limits of a pool (limits_per), so none can have limits of its own"
                ));
            }
        }
        for (name, route) in &self.routes {
            if name.parse::<Step>().is_err() {
                return Err(format!("routes.{name}: there is no such step; there are caption, moderation and image"));
            }
            if route.models.is_empty() {
                return Err(format!("routes.{name}: it names no model"));
            }
            for model in &route.models {
                if !self.providers.contains_key(&model.provider) {
                    let (provider, model) = (&model.provider, &model.model);
                    return Err(format!("routes.{name}: {model} is of {provider}, which is not among the providers"));
                }
                if route.output == Output::Moderation && !self.providers[&model.provider].dialect.moderates() {
                    let (provider, model) = (&model.provider, &model.model);
                    return Err(format!("routes.{name}: {model} is of {provider}, whose dialect has no moderation"));
                }
                if [model.deadline_seconds, Some(route.deadline_seconds)].contains(&Some(0)) {
                    return Err(format!("routes.{name}: a deadline of 0 seconds lets no call end"));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Profiles;

    #[test]
    fn the_built_in_profiles_are_good() {
        let profiles = Profiles::read("").expect("built in");
        assert_eq!(profiles.routes["caption"].models[0].model, "gpt-6-luna");
        assert!(profiles.routes["image"].models.len() >= 2);
    }
}
