//! What can be called: the profiles joined with the keys of the environment and with prices.

mod shown;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use async_openai::config::Config;
use secrecy::SecretString;
use shared::config::{Names, Settings};
use shared::domain::Step;
use url::Url;

use super::admission::Window;
use super::config_error::GatewayConfigError;
use super::prices::{Format, LargestSize, ModelPrice, Output, Prices};
use super::profiles::{Dialect, Limits, LimitsPer, Pooling, Profiles, ProviderProfile, TpmSettlement};
use super::prompt_weight::PromptWeight;
use super::wire::Endpoint;

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
    /// By name; only those that have a model.
    routes: BTreeMap<String, Route>,
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

/// The models that are asked, in order; only those of providers that have a key.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) models: Vec<Model>,
    output: Output,
    /// Whether it is no news that one of its models is gone.
    pub(crate) is_legacy: bool,
}

impl Route {
    fn serves(&self, output: Output, references: bool) -> bool {
        self.output == output && (!references || self.models.iter().any(|model| model.references))
    }
}

/// Why no model can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// No provider with a key has one.
    Unconfigured,
    /// None of them makes images of pictures that it is shown.
    TakesNoReferences,
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
    /// The largest image that is asked of it.
    pub(crate) largest: Option<LargestSize>,
    /// Whether it makes images of pictures that it is shown.
    pub(crate) references: bool,
    pub(crate) prompt_weight: PromptWeight,
}

impl Model {
    /// The most tokens that an answer may have: the model's own cap, or the asked one where that is less; or twice that.
    pub(crate) fn cap(&self, asked: Option<u32>, double: bool) -> u32 {
        let cap = asked.map_or(self.completion_cap, |asked| asked.min(self.completion_cap));
        cap.saturating_mul(if double { 2 } else { 1 })
    }

    /// The size and quality that are asked of it in place of these.
    pub(crate) fn format(&self, size: (u32, u32), quality: &str) -> Format {
        // Routes of images hold only models that make images, and those offer a format.
        self.price.nearest_format(size, quality, self.largest).unwrap_or_else(|| Format {
            width: size.0,
            height: size.1,
            quality: quality.to_owned(),
        })
    }
}

/// What a step needs.
const fn output_of(step: Step) -> Output {
    match step {
        Step::Caption | Step::Text => Output::Text,
        Step::Image => Output::Image,
        Step::Moderation => Output::Moderation,
    }
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
            let models = resolve(name, route.output, profiles, prices, &indexes)?;
            if !models.is_empty() {
                let route = Route { models, output: route.output, is_legacy: route.legacy };
                catalog.routes.insert(name.clone(), route);
            }
        }
        Ok(catalog)
    }

    /// The models that `step` asks by itself; `None` when no provider with a key has one.
    pub(crate) fn route(&self, step: Step) -> Option<&Route> {
        let own = || self.routes.get(step.as_str());
        match step {
            Step::Text => own().or_else(|| self.routes.get(Step::Caption.as_str())),
            Step::Caption | Step::Image | Step::Moderation => own(),
        }
    }

    /// The models that `step` asks for work that may name a route of its own: that route's, or its part for what the step
    /// makes, if any of them can be asked; else the step's own.
    pub(crate) fn route_for(&self, step: Step, named: Option<&str>, references: bool) -> Result<&Route, NoRoute> {
        let output = output_of(step);
        let suffix = match output {
            Output::Text => "text",
            Output::Image => "image",
            Output::Moderation => "moderation",
        };
        let part = |named: &str| self.routes.get(&format!("{named}-{suffix}"));
        let serves = |route: &&Route| route.serves(output, references);
        if let Some(named) = named
            && let Some(route) = self.routes.get(named).filter(serves).or_else(|| part(named).filter(serves))
        {
            return Ok(route);
        }
        let own = self.route(step).ok_or(NoRoute::Unconfigured)?;
        if own.serves(output, references) { Ok(own) } else { Err(NoRoute::TakesNoReferences) }
    }

    /// Every route by its name.
    pub(crate) fn routes(&self) -> impl Iterator<Item = (&str, &Route)> {
        self.routes.iter().map(|(name, route)| (name.as_str(), route))
    }

    /// Adds a provider with the keys that the environment has for it; `None` when it has none.
    fn add_provider(
        &mut self,
        name: &str,
        profile: &ProviderProfile,
        names: &Names,
    ) -> Result<Option<usize>, GatewayConfigError> {
        let keys = profile.keys(names)?;
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

/// The models of a route, of providers that have a key.
fn resolve(
    name: &str,
    output: Output,
    profiles: &Profiles,
    prices: &Prices,
    providers: &BTreeMap<&str, usize>,
) -> Result<Vec<Model>, GatewayConfigError> {
    let needs = name.parse().map_or(output, output_of);
    let mut models = Vec::new();
    for choice in profiles.chain(name) {
        // Prices are asked of every model, so that a gap shows before the day its provider gets a key.
        let owned = |text: &str| text.to_owned();
        let Some(price) = prices.of(choice.model) else {
            return Err(GatewayConfigError::NoPrice { model: owned(choice.model), route: owned(name) });
        };
        if price.output != output || output != needs {
            let text = |output: Output| format!("{output:?}").to_lowercase();
            return Err(GatewayConfigError::WrongOutput {
                route: owned(name),
                model: owned(choice.model),
                makes: text(price.output),
                needs: text(needs),
            });
        }
        if choice.references && price.reference_tokens().is_none() {
            return Err(GatewayConfigError::NoReferencePrice { model: owned(choice.model), route: owned(name) });
        }
        let Some(provider) = providers.get(choice.provider) else { continue };
        models.push(Model {
            name: owned(choice.model),
            provider: *provider,
            price: price.clone(),
            deadline: choice.deadline,
            first_byte: choice.first_byte,
            completion_cap: choice.completion_cap,
            stated: profiles.providers.get(choice.provider).map(|owner| owner.stated(choice.model)).unwrap_or_default(),
            largest: choice.max_size,
            references: choice.references,
            prompt_weight: PromptWeight::default(),
        });
    }
    Ok(models)
}

#[cfg(test)]
mod tests;
