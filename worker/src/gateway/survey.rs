//! A survey: what the providers say of the configured keys and models, by their lists of models. No call of it costs money.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate, Utc};
use futures::StreamExt;
use shared::config::{Names, Settings};
use shared::notices::{Warning, WarningKind};

use super::catalog::{Catalog, Provider};
use super::config_error::GatewayConfigError;
use super::listing::{self, Listing, NoListing};
use super::prices::{ModelPrice, Prices};
use super::profiles::Profiles;
use super::wire::BodyMemory;

/// How far ahead of its end a model is warned of.
const AHEAD: Days = Days::new(90);
/// Lists that are asked for at once.
const AT_ONCE: usize = 8;

/// Which keys are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    EveryKey,
    /// The first of each pool: its keys are served the same models.
    OneOfEachPool,
}

/// What was found.
#[derive(Debug)]
pub struct Survey {
    pub providers: Vec<ProviderSurvey>,
    pub warnings: Vec<Warning>,
}

#[derive(Debug)]
pub struct ProviderSurvey {
    pub name: String,
    pub base: String,
    pub keys: Vec<KeySurvey>,
}

#[derive(Debug)]
pub struct KeySurvey {
    pub pool: String,
    pub label: String,
    pub finding: Finding,
    pub latency: Duration,
}

/// What came of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is accepted; so many models are listed.
    Good(usize),
    Refused(String),
    NoAnswer(String),
}

/// A model without a price, and the route that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpriced {
    pub model: String,
    pub route: String,
}

/// Reads the configuration as a worker would and surveys it, with every key. A model without a price would keep a worker
/// from starting; here it is named, and the rest is looked at all the same.
pub async fn check(settings: &Settings, names: &Names) -> Result<(Survey, Vec<Unpriced>), GatewayConfigError> {
    let mut profiles = Profiles::read(&settings.providers.profiles)?;
    let prices = Prices::read(&settings.providers.prices)?;
    let mut unpriced = Vec::new();
    for (route, profile) in &mut profiles.routes {
        profile.models.retain(|entry| {
            let known = prices.of(&entry.model).is_some();
            if !known {
                unpriced.push(Unpriced { model: entry.model.clone(), route: route.clone() });
            }
            known
        });
    }
    let catalog = Catalog::build(&profiles, &prices, settings, names)?;
    let http = super::http_client(&catalog, AT_ONCE)?;
    Ok((survey(&catalog, &http, &BodyMemory::new(), Asked::EveryKey).await, unpriced))
}

/// One list that was asked for.
struct Answer<'a> {
    provider: &'a Provider,
    key: usize,
    list: Result<Listing, NoListing>,
    latency: Duration,
}

pub(super) async fn survey(catalog: &Catalog, http: &reqwest::Client, memory: &BodyMemory, asked: Asked) -> Survey {
    let mut calls = Vec::new();
    for provider in &catalog.providers {
        for pool in &provider.pools {
            let keys = &catalog.pools[*pool].keys;
            let count = if asked == Asked::EveryKey { keys.len() } else { 1 };
            for key in keys.iter().copied().take(count) {
                calls.push(async move {
                    let began = Instant::now();
                    let list = listing::read(http, memory, provider.dialect, &catalog.keys[key].endpoint).await;
                    Answer { provider, key, list, latency: began.elapsed() }
                });
            }
        }
    }
    let answers: Vec<Answer<'_>> = futures::stream::iter(calls).buffered(AT_ONCE).collect().await;
    let (mut providers, mut warnings) = (Vec::new(), Vec::new());
    for provider in &catalog.providers {
        let own: Vec<_> = answers.iter().filter(|answer| answer.provider.name == provider.name).collect();
        let keys = own.iter().map(|answer| {
            let key = &catalog.keys[answer.key];
            let finding = match &answer.list {
                Ok(list) => Finding::Good(list.len()),
                Err(NoListing::Refused(how)) => Finding::Refused(how.clone()),
                Err(NoListing::NoAnswer(how)) => Finding::NoAnswer(how.clone()),
            };
            let pool = catalog.pools[key.pool].name.clone();
            KeySurvey { pool, label: key.label.clone(), finding, latency: answer.latency }
        });
        let keys: Vec<_> = keys.collect();
        warnings.extend(keys.iter().filter_map(|key| of_key(&provider.name, key)));
        warnings.extend(of_models(catalog, provider, &own, Utc::now().date_naive()));
        providers.push(ProviderSurvey { name: provider.name.clone(), base: provider.base.to_string(), keys });
    }
    Survey { providers, warnings }
}

fn of_key(provider: &str, key: &KeySurvey) -> Option<Warning> {
    let (kind, text) = match &key.finding {
        Finding::Good(_) => return None,
        Finding::Refused(how) => (WarningKind::KeyRefused, format!("{provider} refuses a key ({how})")),
        Finding::NoAnswer(how) => (WarningKind::NoAnswer, format!("{provider} could not be asked ({how})")),
    };
    let (pool, label) = (Some(key.pool.clone()), Some(key.label.clone()));
    Some(Warning { kind, provider: provider.to_owned(), pool, key: label, model: None, date: None, text })
}

/// What the lists say of the configured models of a provider.
fn of_models(catalog: &Catalog, provider: &Provider, answers: &[&Answer<'_>], today: NaiveDate) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for Configured { model, price, steps, is_legacy } in catalog.models_of(provider) {
        let mut warn = |kind, pool: Option<String>, date, text: String| {
            let (provider, model) = (provider.name.clone(), Some(model.to_owned()));
            warnings.push(Warning { kind, provider, pool, key: None, model, date, text });
        };
        let named = format!("{}: {model} ({})", provider.name, steps.join(", "));
        // An empty list says nothing.
        let lists = answers.iter().filter_map(|answer| answer.list.as_ref().ok().map(|list| (answer.key, list)));
        let lists: Vec<_> = lists.filter(|(_, list)| !list.is_empty()).collect();
        let lacking: BTreeSet<&str> = lists
            .iter()
            .filter(|(_, list)| !list.contains_key(model))
            .map(|(key, _)| catalog.pools[catalog.keys[*key].pool].name.as_str())
            .collect();
        let asked: BTreeSet<usize> = lists.iter().map(|(key, _)| catalog.keys[*key].pool).collect();
        if is_legacy {
            // That they are gone is no news: their routes go on with other models.
        } else if !lacking.is_empty() && lacking.len() == asked.len() {
            let text = format!("{named} is not among the provider's models");
            warn(WarningKind::ModelMissing, None, None, text);
        } else {
            for pool in lacking {
                let text = format!("{named} is not among the models of pool {pool}");
                warn(WarningKind::ModelMissing, Some(pool.to_owned()), None, text);
            }
        }
        let listed = lists.iter().find_map(|(_, list)| list.get(model));
        if let Some(date) = listed.and_then(|listed| listed.shutdown_date).or(price.shutdown_date)
            && !is_legacy
        {
            if today >= date {
                warn(WarningKind::ModelShutDown, None, Some(date), format!("{named} was switched off on {date}"));
            } else if today + AHEAD >= date {
                let text = format!("{named} will be switched off on {date}");
                warn(WarningKind::ShutdownAnnounced, None, Some(date), text);
            }
        }
        if let Some(stated) = listed.and_then(|listed| listed.prices)
            && let Some(ours) = price.per_million()
            && stated != ours
        {
            let dollars =
                |(input, output): (u64, u64)| format!("${} in, ${} out", input as f64 / 1e6, output as f64 / 1e6);
            let text = format!(
                "{named} costs {} per million tokens, says the provider; the price list says {}",
                dollars(stated),
                dollars(ours)
            );
            warn(WarningKind::PriceDiffers, None, None, text);
        }
    }
    warnings
}

/// A model that is asked of a provider.
struct Configured<'a> {
    model: &'a str,
    price: &'a ModelPrice,
    /// The steps that ask it, and other routes that name it.
    steps: Vec<&'a str>,
    /// Whether it only stands in routes of old front ends.
    is_legacy: bool,
}

impl Catalog {
    /// The models that are asked of a provider.
    fn models_of<'a>(&'a self, provider: &Provider) -> Vec<Configured<'a>> {
        let mut models: Vec<Configured<'_>> = Vec::new();
        for (name, route) in self.routes() {
            for model in route.models.iter().filter(|model| self.providers[model.provider].name == provider.name) {
                match models.iter_mut().find(|known| known.model == model.name) {
                    Some(known) => {
                        known.steps.push(name);
                        known.is_legacy &= route.is_legacy;
                    }
                    None => models.push(Configured {
                        model: &model.name,
                        price: &model.price,
                        steps: vec![name],
                        is_legacy: route.is_legacy,
                    }),
                }
            }
        }
        models
    }
}

#[cfg(test)]
mod tests;
