//! `[download]`: passing images on that lie elsewhere.

use std::time::Duration;

use serde::Deserialize;

use super::ConfigError;
use crate::outgoing::{Policy, PolicyError, Ports, Schemes};

/// How many redirects are followed.
const REDIRECTS: usize = 3;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DownloadSettings {
    /// Ports that may be asked, comma-separated.
    pub ports: String,
    /// Addresses that may be asked though they are not public, comma-separated.
    pub also_allow: String,
    /// The largest image that is passed on.
    pub largest_bytes: usize,
    /// How long one may take.
    pub seconds: u64,
    /// How many are on their way at once; each is held in memory whole.
    pub at_once: usize,
    /// How many one user may ask for in a minute.
    pub per_minute: u32,
}

impl DownloadSettings {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.at_once == 0 || self.per_minute == 0 {
            let why = "BROADSIDE_DOWNLOAD__AT_ONCE and BROADSIDE_DOWNLOAD__PER_MINUTE must be 1 at least".to_owned();
            return Err(ConfigError::Invalid { name: "[download]", why });
        }
        self.policy().map(|_| ())
    }

    /// What may be asked.
    pub fn policy(&self) -> Result<Policy, ConfigError> {
        let invalid =
            |name: &'static str| move |error: PolicyError| ConfigError::Invalid { name, why: error.to_string() };
        Ok(Policy {
            schemes: Schemes::HttpAndHttps,
            ports: Ports::read(&self.ports).map_err(invalid("BROADSIDE_DOWNLOAD__PORTS"))?,
            also: Policy::addresses(&self.also_allow).map_err(invalid("BROADSIDE_DOWNLOAD__ALSO_ALLOW"))?,
            redirects: REDIRECTS,
        })
    }

    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}
