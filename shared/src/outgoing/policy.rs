//! What may be asked.

use std::net::IpAddr;

use super::network::Network;

/// Ports that may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ports {
    Any,
    These(Vec<u16>),
}

/// Schemes that may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schemes {
    Https,
    HttpAndHttps,
}

/// What may be asked.
#[derive(Clone, Debug)]
pub struct Policy {
    pub schemes: Schemes,
    pub ports: Ports,
    /// Addresses that may be asked though they are not public.
    pub also: Vec<IpAddr>,
    /// How many redirects are followed.
    pub redirects: usize,
}

/// A list of ports or addresses that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no {1}")]
pub struct PolicyError(String, &'static str);

impl Ports {
    /// From a comma-separated list.
    pub fn read(list: &str) -> Result<Self, PolicyError> {
        entries(list)
            .map(|entry| entry.parse().map_err(|_| PolicyError(entry.to_owned(), "port")))
            .collect::<Result<_, _>>()
            .map(Self::These)
    }

    pub(super) fn include(&self, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::These(ports) => ports.contains(&port),
        }
    }
}

impl Schemes {
    pub(super) fn include(self, scheme: &str) -> bool {
        scheme == "https" || (scheme == "http" && self == Self::HttpAndHttps)
    }
}

impl Policy {
    /// Addresses from a comma-separated list.
    pub fn addresses(list: &str) -> Result<Vec<IpAddr>, PolicyError> {
        entries(list).map(|entry| entry.parse().map_err(|_| PolicyError(entry.to_owned(), "IP address"))).collect()
    }

    /// The network that an address must not be asked for; `None` when it may be asked.
    pub(super) fn refuses(&self, address: IpAddr) -> Option<Network> {
        Network::of(address).filter(|_| !self.also.contains(&address))
    }
}

fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}
