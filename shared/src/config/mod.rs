//! Configuration: one typed tree, read once at start.
//!
//! Later layers win: `config/default.toml` (built into the program), the file that `BROADSIDE_CONFIG` names, the plain
//! names of the environment (`DATABASE_URL`, `PORT`, …), then `BROADSIDE_SECTION__KEY`. A `.env` file fills what the
//! environment leaves unset, and `NAME_FILE` gives a secret from a file. An unknown key is an error.

mod auth;
mod checks;
mod compat;
mod database;
mod download;
mod economy;
mod http;
mod log;
mod names;
mod redis;
mod storage;
mod worker;

pub use auth::AuthSettings;
pub use checks::{ChecksSettings, ModerationPolicy};
pub use compat::CompatSettings;
pub use database::DatabaseSettings;
pub use download::DownloadSettings;
pub use economy::EconomySettings;
pub use http::HttpSettings;
pub use log::{LogFormat, LogSettings};
pub use names::Names;
pub use redis::RedisSettings;
pub use storage::{S3Settings, StorageSettings};
pub use worker::WorkerSettings;

use serde::Deserialize;

/// The commented defaults: every key there is.
pub const DEFAULTS: &str = include_str!("../../../config/default.toml");

/// Why the configuration could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("configuration: {0}")]
    Tree(#[from] ::config::ConfigError),
    #[error("{0} is not set. {1}")]
    Missing(&'static str, &'static str),
    #[error("{name}: {why}")]
    Invalid { name: &'static str, why: String },
    #[error("{name} names a file that cannot be read: {source}")]
    File { name: String, source: std::io::Error },
    #[error(".env cannot be read: {0}")]
    DotEnv(#[from] dotenvy::Error),
}

/// Where this installation stands: in production the simulator never stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    Development,
    Production,
}

impl Environment {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// Everything that is configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub environment: Environment,
    pub http: HttpSettings,
    pub auth: AuthSettings,
    pub database: DatabaseSettings,
    pub redis: RedisSettings,
    pub worker: WorkerSettings,
    pub economy: EconomySettings,
    pub storage: StorageSettings,
    pub checks: ChecksSettings,
    pub download: DownloadSettings,
    pub compat: CompatSettings,
    pub log: LogSettings,
    pub simulator: SimulatorSettings,
    pub providers: ProviderFiles,
}

/// The provider simulator, where it stands in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatorSettings {
    /// Its address when it stands in for the providers; empty when it does not.
    pub url: String,
}

/// Files that replace the built-in provider profiles and prices (empty for the built-in ones), and who can be asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderFiles {
    pub profiles: String,
    pub prices: String,
    /// Names of the providers that workers have keys of, comma-separated; empty: those with a key in this process.
    pub available: String,
}

impl Settings {
    /// Reads every layer.
    pub fn load(names: &Names) -> Result<Self, ConfigError> {
        let mut builder =
            ::config::Config::builder().add_source(::config::File::from_str(DEFAULTS, ::config::FileFormat::Toml));
        if let Some(file) = names.get("BROADSIDE_CONFIG")? {
            builder = builder.add_source(::config::File::with_name(&file).format(::config::FileFormat::Toml));
        }
        for (key, value) in names.plain()? {
            builder = builder.set_override(key, value)?;
        }
        for (key, value) in names.prefixed()? {
            builder = builder.set_override(key, value)?;
        }
        let settings: Self = builder.build()?.try_deserialize()?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.database.check()?;
        self.worker.check()?;
        self.storage.check()?;
        self.economy.check()?;
        self.download.check()?;
        if self.environment == Environment::Production && !self.simulator.url.is_empty() {
            return Err(ConfigError::Invalid {
                name: "BROADSIDE_SIMULATOR__URL",
                why: "the simulator never stands in when ENVIRONMENT is production".to_owned(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
