//! Under which names the environment holds keys of providers: as the profiles say, so that the key of an unrelated
//! service is not taken for one.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The profiles that are built into the workers.
pub(crate) const PROFILES: &str = include_str!("../../../config/providers.toml");

/// Names, some of them with a number to come.
pub(crate) struct KeyNames(Vec<String>);

#[derive(Deserialize)]
struct Profiles {
    providers: BTreeMap<String, Provider>,
}

#[derive(Deserialize)]
struct Provider {
    #[serde(default)]
    key_names: Vec<String>,
}

impl KeyNames {
    pub(crate) fn of_profiles(text: &str) -> Result<Self, toml::de::Error> {
        let profiles: Profiles = toml::from_str(text)?;
        Ok(Self(profiles.providers.into_values().flat_map(|it| it.key_names).collect()))
    }

    /// `NAME_*` stands for `NAME_1`, `NAME_2` and so on; `NAME_FILE` gives the key from a file.
    pub(crate) fn contain(&self, name: &str) -> bool {
        let name = name.strip_suffix("_FILE").unwrap_or(name);
        let number = |rest: &str| !rest.is_empty() && rest.bytes().all(|it| it.is_ascii_digit());
        self.0.iter().any(|known| match known.strip_suffix('*') {
            Some(stem) => name.strip_prefix(stem).is_some_and(number),
            None => name == known,
        })
    }
}
