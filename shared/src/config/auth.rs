//! `[auth]`: tokens and passwords.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::ConfigError;

const MAKE_ONE: &str = "Set it to at least 32 random bytes, for example from: openssl rand -hex 32";

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
}

impl AuthSettings {
    /// The signing secret, refused when it is too short to be one.
    pub fn secret(&self) -> Result<&[u8], ConfigError> {
        let secret = self.secret.expose_secret().as_bytes();
        if secret.is_empty() {
            return Err(ConfigError::Missing("SECRET_KEY", MAKE_ONE));
        }
        if secret.len() < 32 {
            return Err(ConfigError::Invalid {
                name: "SECRET_KEY",
                why: format!("it has {} bytes and needs 32. {MAKE_ONE}", secret.len()),
            });
        }
        if self.algorithm != "HS256" {
            return Err(ConfigError::Invalid {
                name: "JWT_ALGORITHM",
                why: format!("{:?} is not supported; tokens are signed with HS256", self.algorithm),
            });
        }
        Ok(secret)
    }

    pub fn access_ttl(&self) -> Duration {
        Duration::from_secs(self.access_seconds)
    }

    pub fn refresh_ttl(&self) -> Duration {
        Duration::from_secs(self.refresh_seconds)
    }
}
