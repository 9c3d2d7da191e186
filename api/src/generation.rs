//! Whether posts can be generated at all: a provider's key is set, or the simulator stands in.
//!
//! Which names of the environment hold keys is said by the provider profiles, so a profile of one's own counts too. An API
//! that is given no keys is told by `providers.available` who has one.

use shared::config::{ConfigError, Names, Settings};
use shared::profiles::{Profiles, ProfilesError};

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
    Profiles(#[from] ProfilesError),
}

impl Generation {
    pub fn of(settings: &Settings, names: &Names) -> Result<Self, GenerationError> {
        if !settings.simulator.url.is_empty() {
            return Ok(Self::Configured);
        }
        let available = Profiles::read(&settings.providers.profiles)?.available(&settings.providers, names)?;
        Ok(if available.is_empty() { Self::Unconfigured } else { Self::Configured })
    }
}

#[cfg(test)]
mod tests {
    use shared::config::{Names, Settings};

    use super::Generation;

    fn with(name: &str) -> Generation {
        with_value(name, "value")
    }

    fn with_value(name: &str, value: &str) -> Generation {
        let names = Names::from([("DATABASE_URL", "postgresql://localhost/x"), (name, value)]);
        Generation::of(&Settings::load(&names).expect("settings"), &names).expect("profiles")
    }

    #[test]
    fn a_key_of_any_profile_is_enough() {
        for name in ["OPENAI_API_KEY", "OPENAI_API_KEY_7", "OPENROUTER_API_KEY_1", "A4F_API_KEY"] {
            assert_eq!(with(name), Generation::Configured, "{name}");
        }
        // An API without keys is told who can be asked.
        assert_eq!(with_value("BROADSIDE_PROVIDERS__AVAILABLE", "a4f, openai"), Generation::Configured);
        for name in ["OTHER_API_KEY", "OPENAI_API_KEY_X"] {
            assert_eq!(with(name), Generation::Unconfigured, "{name}");
        }
    }
}
