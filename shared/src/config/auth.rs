//! `[auth]`: tokens and passwords.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::ConfigError;

const MAKE_ONE: &str = "Set it to at least 32 random bytes, for example from: openssl rand -hex 32";

const PREVIOUS: &str = "BROADSIDE_AUTH__PREVIOUS_SECRET";

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthSettings {
    /// Signs access tokens and, through derived keys, links. 32 bytes at least.
    pub secret: SecretString,
    /// The secret before this one: what it signed stays good until it expires. May be empty.
    pub previous_secret: SecretString,
    pub algorithm: String,
    pub access_seconds: u64,
    pub refresh_seconds: u64,
    /// Password hashes computed at once; each takes 19 MiB.
    pub hash_permits: usize,
    /// Passwords that wait to be hashed; more are refused with 503.
    pub hash_waiting: usize,
    /// Failed logins that an account, and an address, may have in a window, over all processes.
    pub failures_per_account: u32,
    pub failures_per_address: u32,
    pub failure_window_seconds: u64,
}

impl AuthSettings {
    /// The signing secret, refused when it is too short to be one.
    pub fn secret(&self) -> Result<&[u8], ConfigError> {
        let secret = self.secret.expose_secret().as_bytes();
        if secret.is_empty() {
            return Err(ConfigError::Missing("SECRET_KEY", MAKE_ONE));
        }
        long_enough("SECRET_KEY", secret)?;
        if self.algorithm != "HS256" {
            return Err(ConfigError::Invalid {
                name: "JWT_ALGORITHM",
                why: format!("{:?} is not supported; tokens are signed with HS256", self.algorithm),
            });
        }
        Ok(secret)
    }

    /// The secret before this one, `None` when there was none. It still opens doors, so it is held to the same rule.
    pub fn previous(&self) -> Result<Option<&[u8]>, ConfigError> {
        let previous = self.previous_secret.expose_secret().as_bytes();
        if previous.is_empty() {
            return Ok(None);
        }
        long_enough(PREVIOUS, previous)?;
        if previous == self.secret.expose_secret().as_bytes() {
            return Err(ConfigError::Invalid {
                name: PREVIOUS,
                why: "it is the same as SECRET_KEY, so nothing was changed: set SECRET_KEY to a new one".to_owned(),
            });
        }
        Ok(Some(previous))
    }

    pub fn failure_window(&self) -> Duration {
        Duration::from_secs(self.failure_window_seconds.max(1))
    }

    pub fn access_ttl(&self) -> Duration {
        Duration::from_secs(self.access_seconds)
    }

    pub fn refresh_ttl(&self) -> Duration {
        Duration::from_secs(self.refresh_seconds)
    }
}

fn long_enough(name: &'static str, secret: &[u8]) -> Result<(), ConfigError> {
    if secret.len() < 32 {
        let why = format!("it has {} bytes and needs 32. {MAKE_ONE}", secret.len());
        return Err(ConfigError::Invalid { name, why });
    }
    Ok(())
}
