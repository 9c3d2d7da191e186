//! `[redis]`: the doorbell.

use secrecy::SecretString;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisSettings {
    /// `redis://[:password@]host:port[/database]`, or `rediss://` for TLS.
    pub url: SecretString,
    /// What every key begins with, so that installations can share a server.
    pub namespace: String,
}
