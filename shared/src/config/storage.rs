//! `[storage]`: where images lie.

use serde::Deserialize;

use super::ConfigError;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageSettings {
    /// The folder that images lie in when no bucket is named.
    pub path: String,
    /// How long a signed link works.
    pub link_seconds: u64,
    /// How long the bytes of an upload stay after nothing refers to them any more.
    pub sweep_seconds: u64,
    pub s3: S3Settings,
}

impl StorageSettings {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.sweep_seconds < 600 {
            return Err(ConfigError::Invalid {
                name: "BROADSIDE_STORAGE__SWEEP_SECONDS",
                why: "it must be at least 600, longer than any upload takes".to_owned(),
            });
        }
        Ok(())
    }
}

/// An S3-compatible bucket; used when `bucket` is not empty. Credentials come from `AWS_ACCESS_KEY_ID` and
/// `AWS_SECRET_ACCESS_KEY`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Settings {
    pub bucket: String,
    pub region: String,
    /// The server's address where it is not Amazon's; empty otherwise.
    pub endpoint: String,
}
