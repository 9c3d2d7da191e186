//! The provider profiles, `config/providers.toml`, as they stand in the file: [providers](provider) and under which
//! [names](key_names) their keys are, [limits] of tries, and [routes](route). Keys, prices and what of it can be called are
//! known to whoever reads them: the workers' gateway, the API's estimates, the launcher's look for keys.

mod key_names;
mod limits;
mod provider;
mod route;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::config::{ConfigError, Names, ProviderFiles};
use crate::prices::Output;

pub use key_names::KeyName;
pub use limits::{Limits, OnRedisLoss};
pub use provider::{Dialect, LimitsPer, Pooling, ProviderProfile, StatedLimits, TpmSettlement};
pub use route::{Choice, ModelProfile, RouteProfile};

/// The profiles that are built in.
const BUILT_IN: &str = include_str!("../../../config/providers.toml");

/// Why profiles cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}")]
pub struct ProfilesError {
    pub path: String,
    pub why: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profiles {
    pub providers: BTreeMap<String, ProviderProfile>,
    pub limits: Limits,
    /// By their names: those of steps, and others that an ask may name in place of its step's own.
    pub routes: BTreeMap<String, RouteProfile>,
}

impl Profiles {
    /// Reads the file at `path`, or the built-in profiles when it is empty.
    pub fn read(path: &str) -> Result<Self, ProfilesError> {
        match path {
            "" => Self::parse("config/providers.toml", BUILT_IN),
            path => match std::fs::read_to_string(path) {
                Ok(text) => Self::parse(path, &text),
                Err(error) => Err(ProfilesError { path: path.to_owned(), why: error.to_string() }),
            },
        }
    }

    /// Reads profiles from the text of the file that is called `path`.
    pub fn parse(path: &str, text: &str) -> Result<Self, ProfilesError> {
        let file = |why: String| ProfilesError { path: path.to_owned(), why };
        let profiles: Self = toml::from_str(text).map_err(|error| file(error.to_string()))?;
        profiles.check().map_err(file)?;
        Ok(profiles)
    }

    /// Returns the names of the providers that have a key: those that the settings list, as for an API that is given no keys;
    /// where they list none, those with a key among `names`.
    pub fn available(&self, settings: &ProviderFiles, names: &Names) -> Result<BTreeSet<String>, ConfigError> {
        let listed: BTreeSet<String> =
            settings.available.split(',').map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect();
        if let Some(unknown) = listed.iter().find(|it| !self.providers.contains_key(*it)) {
            return Err(ConfigError::Invalid {
                name: "BROADSIDE_PROVIDERS__AVAILABLE",
                why: format!("{unknown} is not among the providers of the profiles"),
            });
        }
        if !listed.is_empty() {
            return Ok(listed);
        }
        let mut with_key = BTreeSet::new();
        for (name, provider) in &self.providers {
            if !provider.keys(names)?.is_empty() {
                with_key.insert(name.clone());
            }
        }
        Ok(with_key)
    }

    /// The models that a route asks, in order: its own, then those of the route that it goes on with.
    pub fn chain(&self, route: &str) -> Vec<Choice<'_>> {
        let Some(first) = self.routes.get(route) else { return Vec::new() };
        let then = first.then.as_ref().and_then(|then| self.routes.get(then));
        let mut chain: Vec<Choice<'_>> = Vec::new();
        for choice in first.choices().chain(then.into_iter().flat_map(RouteProfile::choices)) {
            let same = |other: &Choice<'_>| (other.provider, other.model) == (choice.provider, choice.model);
            if !chain.iter().any(same) {
                chain.push(choice);
            }
        }
        chain
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
            self.check_route(name, route).map_err(|why| format!("routes.{name}: {why}"))?;
        }
        Ok(())
    }

    fn check_route(&self, name: &str, route: &RouteProfile) -> Result<(), String> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || !name.bytes().all(plain) {
            return Err("its name may hold small letters, digits and hyphens".to_owned());
        }
        if route.models.is_empty() {
            return Err("it names no model".to_owned());
        }
        if let Some(then) = &route.then {
            let Some(next) = self.routes.get(then) else {
                return Err(format!("it goes on with {then}, which is not among the routes"));
            };
            if next.output != route.output {
                return Err(format!("it goes on with {then}, whose output is another"));
            }
            if next.then.is_some() {
                return Err(format!("it goes on with {then}, which goes on itself: name the last one"));
            }
        }
        for entry in &route.models {
            let (owner, model) = (&entry.provider, &entry.model);
            let Some(provider) = self.providers.get(owner) else {
                return Err(format!("{model} is of {owner}, which is not among the providers"));
            };
            if route.output == Output::Moderation && !provider.dialect.moderates() {
                return Err(format!("{model} is of {owner}, whose dialect has no moderation"));
            }
            if entry.references && !(route.output == Output::Image && provider.dialect.takes_references()) {
                return Err(format!("{model} of {owner} takes no references: images of some dialects do"));
            }
            if [entry.deadline_seconds, Some(route.deadline_seconds)].contains(&Some(0)) {
                return Err("a deadline of 0 seconds lets no call end".to_owned());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
