//! Which model a step asks first: the first of its route whose provider has a key, as the workers see it.
//!
//! Who has a key is told by `providers.available`, or by this process' environment. Without any, and while the simulator stands in, it is the first of the
//! route.

use std::collections::BTreeSet;

use shared::config::{ConfigError, Names, Settings};
use shared::prices::{LargestSize, ModelPrice, PriceListError, Prices};
use shared::profiles::{Profiles, ProfilesError};

/// Why estimates cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum FirstChoicesError {
    #[error(transparent)]
    Prices(#[from] PriceListError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("provider profiles: {0}")]
    Profiles(#[from] ProfilesError),
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
    /// The largest image that is asked of it.
    pub(super) max_size: Option<LargestSize>,
}

impl FirstChoices {
    /// Reads profiles and prices: built in, or the files that the settings name.
    pub fn read(settings: &Settings, names: &Names) -> Result<Self, FirstChoicesError> {
        let prices = Prices::read(&settings.providers.prices)?;
        let profiles = Profiles::read(&settings.providers.profiles)?;
        let simulated = !settings.simulator.url.is_empty();
        let with_key = if simulated { BTreeSet::new() } else { profiles.available(&settings.providers, names)? };
        let first = |step: &str| first(&profiles, step, &with_key, &prices);
        Ok(Self { caption: first("caption")?, image: first("image")?, price_version: prices.version.clone() })
    }
}

fn first(
    profiles: &Profiles,
    step: &str,
    with_key: &BTreeSet<String>,
    prices: &Prices,
) -> Result<Option<FirstChoice>, FirstChoicesError> {
    let chain = profiles.chain(step);
    let keyed = chain.iter().find(|choice| with_key.contains(choice.provider));
    let Some(choice) = keyed.or(chain.first()) else { return Ok(None) };
    let price = prices.of(choice.model).ok_or_else(|| FirstChoicesError::NoPrice(choice.model.to_owned()))?;
    Ok(Some(FirstChoice {
        provider: choice.provider.to_owned(),
        model: choice.model.to_owned(),
        price: price.clone(),
        completion_cap: choice.completion_cap,
        max_size: choice.max_size,
    }))
}

#[cfg(test)]
mod tests {
    use shared::config::{Names, Settings};

    use super::FirstChoices;

    fn with(name: &str, simulator: &str) -> (String, String) {
        of(name, "value", simulator)
    }

    fn of(name: &str, value: &str, simulator: &str) -> (String, String) {
        let names = Names::from([("DATABASE_URL", "postgresql://localhost/x"), (name, value)]);
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
        assert_eq!(of("BROADSIDE_PROVIDERS__AVAILABLE", "openrouter", "").1, "openrouter");
        // While the simulator stands in, every provider is there.
        assert_eq!(with("OPENROUTER_API_KEY_1", "http://127.0.0.1:9").0, "gpt-6-luna");
    }
}
