//! Which model a step asks first: the first of its route whose provider has a key, as the workers see it.
//!
//! Keys are looked for in this process' environment. Without any, and while the simulator stands in, it is the first of the
//! route.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::config::{ConfigError, Names, Settings};
use shared::prices::{ModelPrice, PriceListError, Prices};

use crate::generation::{self, is_set};

/// Why estimates cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum FirstChoicesError {
    #[error(transparent)]
    Prices(#[from] PriceListError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("provider profiles: {0}")]
    File(#[from] std::io::Error),
    #[error("provider profiles: {0}")]
    Profiles(#[from] toml::de::Error),
    #[error("{0} has no price: add it to the price list")]
    NoPrice(String),
}

/// What estimates are made with.
#[derive(Debug)]
pub struct FirstChoices {
    /// The date of the price list.
    pub(super) price_version: String,
    pub(super) caption: Option<FirstChoice>,
    pub(super) image: Option<FirstChoice>,
}

/// The model that a step asks first.
#[derive(Clone, Debug)]
pub(super) struct FirstChoice {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) price: ModelPrice,
    /// The most tokens that an answer may have.
    pub(super) completion_cap: u32,
}

#[derive(Deserialize)]
struct Profiles {
    providers: BTreeMap<String, Provider>,
    #[serde(default)]
    routes: BTreeMap<String, Route>,
}

#[derive(Deserialize)]
struct Provider {
    #[serde(default)]
    key_names: Vec<String>,
}

#[derive(Deserialize)]
struct Route {
    max_completion_tokens: u32,
    models: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    provider: String,
    model: String,
    max_completion_tokens: Option<u32>,
}

impl FirstChoices {
    /// Reads profiles and prices: built in, or the files that the settings name.
    pub fn read(settings: &Settings, names: &Names) -> Result<Self, FirstChoicesError> {
        let prices = Prices::read(&settings.providers.prices)?;
        let profiles: Profiles = toml::from_str(&generation::profiles(settings)?)?;
        let mut with_key = Vec::new();
        for (name, provider) in &profiles.providers {
            for pattern in &provider.key_names {
                if is_set(names, pattern)? {
                    with_key.push(name.as_str());
                }
            }
        }
        if !settings.simulator.url.is_empty() {
            with_key.clear();
        }
        let first = |step: &str| profiles.routes.get(step).map(|route| route.first(&with_key, &prices)).transpose();
        Ok(Self {
            caption: first("caption")?.flatten(),
            image: first("image")?.flatten(),
            price_version: prices.version.clone(),
        })
    }
}

impl Route {
    fn first(&self, with_key: &[&str], prices: &Prices) -> Result<Option<FirstChoice>, FirstChoicesError> {
        let can = |entry: &&Entry| with_key.contains(&entry.provider.as_str());
        let Some(entry) = self.models.iter().find(can).or(self.models.first()) else { return Ok(None) };
        let price = prices.of(&entry.model).ok_or_else(|| FirstChoicesError::NoPrice(entry.model.clone()))?;
        Ok(Some(FirstChoice {
            provider: entry.provider.clone(),
            model: entry.model.clone(),
            price: price.clone(),
            completion_cap: entry.max_completion_tokens.unwrap_or(self.max_completion_tokens),
        }))
    }
}

#[cfg(test)]
mod tests {
    use shared::config::{Names, Settings};

    use super::FirstChoices;

    fn with(name: &str, simulator: &str) -> (String, String) {
        let names = Names::from([("DATABASE_URL", "postgresql://localhost/x"), (name, "value")]);
        let mut settings = Settings::load(&names).expect("settings");
        simulator.clone_into(&mut settings.simulator.url);
        let choices = FirstChoices::read(&settings, &names).expect("read");
        (choices.caption.expect("a model").model, choices.image.expect("a model").provider)
    }

    #[test]
    fn the_first_model_that_has_a_key_is_asked() {
        assert_eq!(with("OTHER", ""), ("gpt-6-luna".to_owned(), "openai".to_owned()));
        assert_eq!(with("OPENAI_API_KEY_2", ""), ("gpt-6-luna".to_owned(), "openai".to_owned()));
        let (caption, image) = with("OPENROUTER_API_KEY_1", "");
        assert!(caption.starts_with("qwen/") && image == "openrouter", "{caption} and {image}");
        // While the simulator stands in, every provider is there.
        assert_eq!(with("OPENROUTER_API_KEY_1", "http://127.0.0.1:9").0, "gpt-6-luna");
    }
}
