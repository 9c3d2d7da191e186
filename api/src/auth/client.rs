//! The client behind a request, as far as it can be told from another.

use std::net::IpAddr;

use poem::Request;
use poem::http::header;
use sha2::{Digest, Sha256};
use shared::store::sessions::TokenHash;

use crate::app::App;
use crate::door::client_address;

/// Longest part of a `User-Agent` that is kept.
const AGENT: usize = 200;

/// Address and program of a client.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// As limits count it: an IPv6 address stands for its /64.
    pub(crate) address: IpAddr,
    pub(crate) user_agent: Option<String>,
}

impl Client {
    pub(crate) fn of(app: &App, request: &Request) -> Self {
        let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Self {
            address: client_address(request, app.settings.http.trusted_proxies),
            user_agent: agent.map(|agent| agent.chars().filter(|c| !c.is_control()).take(AGENT).collect()),
        }
    }

    /// Hashes both, to recognise the same client a moment later.
    pub(crate) fn fingerprint(&self) -> TokenHash {
        let agent = self.user_agent.as_deref().unwrap_or_default();
        Sha256::new().chain_update(self.address.to_string()).chain_update(b"\n").chain_update(agent).finalize().into()
    }
}
