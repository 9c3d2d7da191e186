//! What can be called: the profiles joined with the keys of the environment and with prices.

mod shown;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use async_openai::config::Config;
use chrono::{Days, NaiveDate, Utc};
use secrecy::SecretString;
use shared::config::{Names, Settings};
use shared::domain::Step;
use url::Url;

use super::admission::Window;
use super::config_error::GatewayConfigError;
use super::prices::{ModelPrice, Prices};
use super::profiles::{
    Dialect, Limits, LimitsPer, Output, Pooling, Profiles, ProviderProfile, RouteProfile, TpmSettlement,
};
use super::prompt_weight::PromptWeight;
use super::wire::Endpoint;

/// The last number that the name of a key may end with.
const LAST_NUMBERED_KEY: u32 = 99;
/// The provider that the simulator stands in for.
const SIMULATED: &str = "openai";

/// Everything that can be called.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) limits: Limits,
    pub(crate) price_version: String,
    pub(crate) providers: Vec<Provider>,
    pub(crate) pools: Vec<Pool>,
    pub(crate) keys: Vec<Key>,
    /// Only those that have a model.
    routes: BTreeMap<Step, Route>,
}

#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) dialect: Dialect,
    pub(crate) base: Url,
    /// Whether captions can be handed in as files.
    pub(crate) batch_api: bool,
    /// Host and port.
    pub(crate) host: String,
    pub(crate) pools: Vec<usize>,
    pub(crate) bounds: Bounds,
}

/// How much a provider may be asked for.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) window: Window,
    /// Whether all models of a pool share its limits.
    pub(crate) limits_shared: bool,
    /// Whether tokens that were reserved and not used are given back.
    pub(crate) refunds: bool,
    /// Calls of one pool in flight at first, and at most; 0 is no bound.
    pub(crate) start: u64,
    pub(crate) most: u64,
}

impl Provider {
    /// What the limits of a model belong to within a pool.
    pub(crate) fn meter<'a>(&self, model: &'a Model) -> &'a str {
        if self.bounds.limits_shared { "*" } else { &model.name }
    }
}

/// Calls of a pool in flight at first, where nobody stated anything.
const IN_FLIGHT: u64 = 16;

impl Bounds {
    fn of(profile: &ProviderProfile) -> Self {
        let most = profile.max_in_flight.map_or(0, NonZeroU64::get);
        let start = profile.in_flight.map_or(IN_FLIGHT, NonZeroU64::get);
        Self {
            window: Window::of(Duration::from_secs(profile.window_seconds.get())),
            limits_shared: profile.limits_per == LimitsPer::Pool,
            refunds: profile.tpm_settlement == TpmSettlement::Refund,
            start: if most > 0 { start.min(most) } else { start },
            most,
        }
    }
}

/// What shares a limit.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) name: String,
    pub(crate) keys: Vec<usize>,
}

pub(crate) struct Key {
    /// The name of the environment that it came from.
    pub(crate) label: String,
    pub(crate) pool: usize,
    pub(crate) endpoint: Arc<dyn Config>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("label", &self.label).field("pool", &self.pool).finish_non_exhaustive()
    }
}

/// The models that a step asks, in order; only those of providers that have a key.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) models: Vec<Model>,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) provider: usize,
    pub(crate) price: ModelPrice,
    pub(crate) deadline: Duration,
    pub(crate) first_byte: Duration,
    pub(crate) completion_cap: u32,
    /// Stated limits on requests, tokens and images in a window; 0 is none.
    pub(crate) stated: [u64; 3],
    pub(crate) prompt_weight: PromptWeight,
}

impl Catalog {
    pub(crate) fn load(settings: &Settings, names: &Names) -> Result<Self, GatewayConfigError> {
        let profiles = Profiles::read(&settings.providers.profiles)?;
        let prices = Prices::read(&settings.providers.prices)?;
        Self::build(&profiles, &prices, settings, names)
    }

    pub(crate) fn build(
        profiles: &Profiles,
        prices: &Prices,
        settings: &Settings,
        names: &Names,
    ) -> Result<Self, GatewayConfigError> {
        let mut catalog = Self {
            limits: profiles.limits.clone(),
            price_version: prices.version.clone(),
            providers: Vec::new(),
            pools: Vec::new(),
            keys: Vec::new(),
            routes: BTreeMap::new(),
        };
        let mut indexes = BTreeMap::new();
        for (name, profile) in &profiles.providers {
            let added = if settings.simulator.url.is_empty() {
                catalog.add_provider(name, profile, names)?
            } else if name == SIMULATED {
                // While the simulator stands in, no real key is read, so none can be sent.
                Some(catalog.add_simulator(profile, &settings.simulator.url)?)
            } else {
                None
            };
            indexes.extend(added.map(|index| (name.as_str(), index)));
        }
        for (name, route) in &profiles.routes {
            let resolved = resolve(name, route, profiles, prices, &indexes)?;
            if !resolved.models.is_empty() {
                // The profiles' check lets only names of steps through.
                let step = name.parse().unwrap_or(Step::Caption);
                catalog.routes.insert(step, resolved);
            }
        }
        catalog.warn_of_shutdowns(Utc::now().date_naive());
        Ok(catalog)
    }

    /// The models that `step` asks; `None` when no provider with a key has one.
    pub(crate) fn route(&self, step: Step) -> Option<&Route> {
        self.routes.get(&step)
    }

    /// Every step's models.
    pub(crate) fn routes(&self) -> impl Iterator<Item = (Step, &Route)> {
        self.routes.iter().map(|(step, route)| (*step, route))
    }

    /// Adds a provider with the keys that the environment has for it; `None` when it has none.
    fn add_provider(
        &mut self,
        name: &str,
        profile: &ProviderProfile,
        names: &Names,
    ) -> Result<Option<usize>, GatewayConfigError> {
        let keys = keys_of(profile, names)?;
        if keys.is_empty() {
            return Ok(None);
        }
        let variable = profile.base_url_name.as_deref();
        let base = match variable.map(|variable| names.get(variable)).transpose()?.flatten() {
            Some(url) => parse_base(variable.unwrap_or_default(), &url)?,
            None => parse_base(&format!("providers.{name}.base_url"), &profile.base_url)?,
        };
        let index = self.push_provider(name, profile, base, Bounds::of(profile));
        for (label, key) in keys {
            let stated =
                profile.pools.iter().find(|(_, labels)| labels.contains(&label)).map(|(pool, _)| pool.as_str());
            let pool = match (stated, profile.pooling) {
                (Some(pool), _) => pool.to_owned(),
                (None, Pooling::One) => name.to_owned(),
                (None, Pooling::Each) => label.to_lowercase(),
            };
            self.push_key(index, &pool, label, key)?;
        }
        Ok(Some(index))
    }

    fn add_simulator(&mut self, profile: &ProviderProfile, url: &str) -> Result<usize, GatewayConfigError> {
        let mut base = parse_base("BROADSIDE_SIMULATOR__URL", url)?;
        if base.path() == "/" {
            base.set_path("/v1");
        }
        // It takes as many calls at once as one cares to make.
        let bounds = Bounds { start: 0, ..Bounds::of(profile) };
        let index = self.push_provider("simulator", profile, base, bounds);
        self.push_key(index, "simulator", "simulator".to_owned(), "simulated".to_owned())?;
        Ok(index)
    }

    fn push_provider(&mut self, name: &str, profile: &ProviderProfile, base: Url, bounds: Bounds) -> usize {
        let ProviderProfile { dialect, batch_api, .. } = *profile;
        let port = base.port_or_known_default().unwrap_or_default();
        let host = format!("{}:{port}", base.host_str().unwrap_or_default());
        let (name, pools) = (name.to_owned(), Vec::new());
        self.providers.push(Provider { name, dialect, base, batch_api, host, pools, bounds });
        self.providers.len() - 1
    }

    fn push_key(&mut self, provider: usize, pool: &str, label: String, key: String) -> Result<(), GatewayConfigError> {
        let known = self.providers[provider].pools.iter().copied().find(|index| self.pools[*index].name == pool);
        let pool = known.unwrap_or_else(|| {
            self.pools.push(Pool { name: pool.to_owned(), keys: Vec::new() });
            self.providers[provider].pools.push(self.pools.len() - 1);
            self.pools.len() - 1
        });
        let endpoint = Endpoint::new(&self.providers[provider].base, SecretString::from(key))
            .map_err(|_| GatewayConfigError::Key(label.clone()))?;
        self.keys.push(Key { label, pool, endpoint: Arc::new(endpoint) });
        self.pools[pool].keys.push(self.keys.len() - 1);
        Ok(())
    }

    /// Says which configured models are gone, or will be within 30 days.
    fn warn_of_shutdowns(&self, today: NaiveDate) {
        for model in self.routes.values().flat_map(|route| &route.models) {
            let Some(date) = model.price.shutdown_date else { continue };
            if today >= date {
                tracing::warn!(model = model.name, %date, "this model was switched off by its provider");
            } else if today + Days::new(30) >= date {
                tracing::warn!(model = model.name, %date, "this model will be switched off by its provider");
            }
        }
    }
}

/// The keys of a provider, by name; the same key under two names counts once.
fn keys_of(profile: &ProviderProfile, names: &Names) -> Result<Vec<(String, String)>, GatewayConfigError> {
    let (mut keys, mut seen) = (Vec::new(), BTreeSet::new());
    for pattern in &profile.key_names {
        let labels = match pattern.strip_suffix('*') {
            Some(prefix) => (1..=LAST_NUMBERED_KEY).map(|number| format!("{prefix}{number}")).collect(),
            None => vec![pattern.clone()],
        };
        for label in labels {
            if let Some(key) = names.get(&label)?.map(|key| key.trim().to_owned())
                && seen.insert(key.clone())
            {
                keys.push((label, key));
            }
        }
    }
    Ok(keys)
}

fn parse_base(name: &str, url: &str) -> Result<Url, GatewayConfigError> {
    let wrong = |why: &str| GatewayConfigError::Address { name: name.to_owned(), why: why.to_owned() };
    let url: Url = url.trim().parse().map_err(|_| wrong("it is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("it must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(wrong("it must hold no user, password or query"));
    }
    Ok(url)
}

fn resolve(
    name: &str,
    profile: &RouteProfile,
    profiles: &Profiles,
    prices: &Prices,
    providers: &BTreeMap<&str, usize>,
) -> Result<Route, GatewayConfigError> {
    let mut models = Vec::new();
    for entry in &profile.models {
        // Prices are asked of every model, so that a gap shows before the day its provider gets a key.
        let Some(price) = prices.of(&entry.model) else {
            return Err(GatewayConfigError::NoPrice { model: entry.model.clone(), route: name.to_owned() });
        };
        let needs = match name {
            "image" => Output::Image,
            "moderation" => Output::Moderation,
            _ => Output::Text,
        };
        if price.output != profile.output || profile.output != needs {
            let text = |output: Output| format!("{output:?}").to_lowercase();
            return Err(GatewayConfigError::WrongOutput {
                route: name.to_owned(),
                model: entry.model.clone(),
                makes: text(price.output),
                needs: text(needs),
            });
        }
        let Some(provider) = providers.get(entry.provider.as_str()) else { continue };
        let deadline = entry.deadline_seconds.unwrap_or(profile.deadline_seconds);
        models.push(Model {
            name: entry.model.clone(),
            provider: *provider,
            price: price.clone(),
            deadline: Duration::from_secs(deadline),
            first_byte: Duration::from_secs(entry.first_byte_seconds.unwrap_or(profile.first_byte_seconds)),
            completion_cap: entry.max_completion_tokens.unwrap_or(profile.max_completion_tokens),
            stated: profiles.providers.get(&entry.provider).map(|owner| owner.stated(&entry.model)).unwrap_or_default(),
            prompt_weight: PromptWeight::default(),
        });
    }
    Ok(Route { models })
}

#[cfg(test)]
mod tests;
