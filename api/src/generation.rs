//! Whether posts can be generated at all: a provider's key is set, or the simulator stands in.
//!
//! Which names of the environment hold keys is said by the provider profiles, so a profile of one's own counts too.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::config::{ConfigError, Names, Settings};

/// The profiles that are built into the workers.
const PROFILES: &str = include_str!("../../config/providers.toml");

/// `NAME_*` stands for `NAME_1` to this number.
const LAST: u32 = 99;

/// Whether anything can be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    Configured,
    Unconfigured,
}

/// Why that could not be told.
#[derive(Debug, thiserror::Error)]
pub enum GenerationError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("provider profiles: {0}")]
    File(#[from] std::io::Error),
    #[error("provider profiles: {0}")]
    Profiles(#[from] toml::de::Error),
}

#[derive(Deserialize)]
struct Profiles {
    providers: BTreeMap<String, Provider>,
}

#[derive(Deserialize)]
struct Provider {
    #[serde(default)]
    key_names: Vec<String>,
}

impl Generation {
    pub fn of(settings: &Settings, names: &Names) -> Result<Self, GenerationError> {
        if !settings.simulator.url.is_empty() {
            return Ok(Self::Configured);
        }
        let profiles: Profiles = toml::from_str(&profiles(settings)?)?;
        for pattern in profiles.providers.into_values().flat_map(|provider| provider.key_names) {
            if is_set(names, &pattern)? {
                return Ok(Self::Configured);
            }
        }
        Ok(Self::Unconfigured)
    }
}

/// The provider profiles, as text.
pub(crate) fn profiles(settings: &Settings) -> Result<String, std::io::Error> {
    let file = &settings.providers.profiles;
    if file.is_empty() { Ok(PROFILES.to_owned()) } else { std::fs::read_to_string(file) }
}

/// Whether a key is set under a name, or under one of those that a pattern stands for.
pub(crate) fn is_set(names: &Names, pattern: &str) -> Result<bool, ConfigError> {
    let Some(stem) = pattern.strip_suffix('*') else { return Ok(names.get(pattern)?.is_some()) };
    for number in 1..=LAST {
        if names.get(&format!("{stem}{number}"))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use shared::config::{Names, Settings};

    use super::Generation;

    fn with(name: &str) -> Generation {
        let names = Names::from([("DATABASE_URL", "postgresql://localhost/x"), (name, "value")]);
        Generation::of(&Settings::load(&names).expect("settings"), &names).expect("profiles")
    }

    #[test]
    fn a_key_of_any_profile_is_enough() {
        for name in ["OPENAI_API_KEY", "OPENAI_API_KEY_7", "OPENROUTER_API_KEY_1", "A4F_API_KEY"] {
            assert_eq!(with(name), Generation::Configured, "{name}");
        }
        for name in ["OTHER_API_KEY", "OPENAI_API_KEY_X"] {
            assert_eq!(with(name), Generation::Unconfigured, "{name}");
        }
    }
}
