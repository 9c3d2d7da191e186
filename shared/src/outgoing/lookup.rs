//! Names to addresses: looked up once, checked, and used as they are.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::policy::Policy;
use super::target::Refusal;

/// Finds the addresses of a name.
pub trait Lookup: Send + Sync {
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// What the machine's own resolver says.
#[derive(Clone, Copy, Debug)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Gives out only addresses that may be asked. Connections are made to these and to no others.
#[derive(Clone)]
pub(super) struct Checked {
    policy: Arc<Policy>,
    lookup: Arc<dyn Lookup>,
}

impl Checked {
    pub(super) fn new(policy: Arc<Policy>, lookup: Arc<dyn Lookup>) -> Self {
        Self { policy, lookup }
    }

    /// The addresses of a name that may be asked.
    pub(super) async fn addresses(&self, name: String) -> Result<Vec<IpAddr>, Refusal> {
        let found = self.lookup.addresses(name).await.map_err(|_| Refusal::Unresolved)?;
        let mut refusal = Refusal::Unresolved;
        let mut kept = Vec::with_capacity(found.len());
        for address in found {
            match self.policy.refuses(address) {
                None => kept.push(address),
                Some(network) => refusal = Refusal::Resolved(network),
            }
        }
        if kept.is_empty() { Err(refusal) } else { Ok(kept) }
    }
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let checked = self.clone();
        Box::pin(async move {
            let addresses = checked.addresses(name.as_str().to_owned()).await?;
            // The port comes from the URL.
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked").finish_non_exhaustive()
    }
}
