//! Asking addresses that others named: for an image that a provider points to, or that a caller wants passed on.
//!
//! Whoever names an address must not make us ask what only we can reach. So: an address is taken apart once, into a
//! [`Target`] whose host is a value and no text; addresses of any [`Network`] but the public one are refused, and names only
//! resolve to addresses that are not refused. A connection is made to exactly those addresses: there is no second
//! look-up that could answer otherwise. A redirect is a new target, looked at in the same way. No proxy of the environment
//! is used, and nothing of ours is sent along.

mod carry;
mod lookup;
mod network;
mod policy;
mod target;
mod walk;

pub use lookup::{Lookup, SystemLookup};
pub use network::Network;
pub use policy::{Policy, PolicyError, Ports, Schemes};
pub use target::{Refusal, Target};

use std::sync::Arc;

use self::carry::Carrier;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// The address may not be asked.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It was asked, and did not answer.
    #[error("the address did not answer: {0}")]
    Failed(#[source] reqwest::Error),
}

/// Asks addresses that may be asked. Cheap to clone.
#[derive(Clone)]
pub struct Outgoing {
    policy: Arc<Policy>,
    carrier: Carrier,
}

impl Outgoing {
    /// Names are looked up by the system.
    pub fn new(policy: Policy) -> Self {
        Self::with_lookup(policy, Arc::new(SystemLookup))
    }

    /// Names are looked up by `lookup`.
    pub fn with_lookup(policy: Policy, lookup: Arc<dyn Lookup>) -> Self {
        let policy = Arc::new(policy);
        Self { carrier: Carrier::new(Arc::clone(&policy), lookup), policy }
    }

    /// Asks `address`, and what it redirects to. The answer may have any status; its body has not been read. How long this
    /// may take is for the caller to bound.
    pub async fn get(&self, address: &str) -> Result<reqwest::Response, OutgoingError> {
        walk::walk(&self.carrier, &self.policy, address).await
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing").field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
