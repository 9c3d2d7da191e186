//! `[http]`: the API's door.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    pub host: String,
    pub port: u16,
    /// What clients reach us by; links are built on it. Empty: `http://localhost:PORT`.
    pub public_url: String,
    /// Origins that a browser may call from, comma-separated; `*` for any; empty for none.
    pub cors_origins: String,
    /// Calls that one address may make to the login and registration paths in a window.
    pub rate_limit_requests: u32,
    pub rate_limit_window_seconds: u64,
    /// Proxies in front of us whose `X-Forwarded-For` is believed.
    pub trusted_proxies: usize,
    /// Largest body of a batch, in bytes.
    pub batch_body_bytes: usize,
    /// Largest body of anything else, in bytes.
    pub body_bytes: usize,
}

impl HttpSettings {
    /// The base of absolute links, without a slash at its end.
    pub fn public_url(&self) -> String {
        if self.public_url.is_empty() {
            format!("http://localhost:{}", self.port)
        } else {
            self.public_url.trim_end_matches('/').to_owned()
        }
    }
}
