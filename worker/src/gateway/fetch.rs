//! Fetches an image from the address that a provider gave, guarded: the address is not ours to trust.
//!
//! Only public addresses over https are asked, checked after name resolution so that no name can point inside; the
//! provider's own host and port are the exception. No redirect is followed, no proxy used, no key sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use super::wire::{Body, BodyError, BodyMemory, Expected, read_whole};

/// How long a fetch may take.
const DEADLINE: Duration = Duration::from_mins(1);

/// Two clients: one that reaches public addresses only, one for the providers' own hosts.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    public: reqwest::Client,
    provider: reqwest::Client,
}

/// Why there are no bytes; short texts in our words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the image's address may not be asked")]
    Forbidden,
    #[error("the image's address gave no image")]
    Failed,
    #[error("the image was larger than {0} bytes")]
    TooBig(usize),
}

impl Fetcher {
    pub(crate) fn new(provider: reqwest::Client) -> Result<Self, reqwest::Error> {
        let public = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .connect_timeout(Duration::from_secs(5))
            .dns_resolver(Arc::new(PublicOnly))
            .build()?;
        Ok(Self { public, provider })
    }

    /// The bytes at `url`, `cap` of them at most; `base` is the address of the provider that named it.
    pub(crate) async fn fetch(
        &self,
        url: &str,
        base: &Url,
        memory: &BodyMemory,
        cap: usize,
    ) -> Result<Body, FetchError> {
        let url: Url = url.parse().map_err(|_| FetchError::Forbidden)?;
        let client = if is_same_host(&url, base) {
            &self.provider
        } else if is_public(&url) {
            &self.public
        } else {
            return Err(FetchError::Forbidden);
        };
        let deadline = Instant::now() + DEADLINE;
        let sent = timeout_at(deadline, client.get(url).send()).await;
        let mut response = sent.map_err(|_| FetchError::Failed)?.map_err(|_| FetchError::Failed)?;
        if !response.status().is_success() {
            return Err(FetchError::Failed);
        }
        read_whole(&mut response, memory, Expected::Bytes(cap), deadline).await.map_err(|error| match error {
            BodyError::TooBig => FetchError::TooBig(cap),
            BodyError::Slow | BodyError::Broken(_) => FetchError::Failed,
        })
    }
}

fn is_same_host(url: &Url, base: &Url) -> bool {
    url.scheme() == base.scheme()
        && url.host() == base.host()
        && url.port_or_known_default() == base.port_or_known_default()
}

/// Whether the address may be public; a name still has to resolve to a public one.
fn is_public(url: &Url) -> bool {
    if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    match url.host() {
        Some(Host::Domain(_)) => true,
        Some(Host::Ipv4(address)) => is_public_address(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => is_public_address(IpAddr::V6(address)),
        None => false,
    }
}

fn is_public_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_documentation()
        || a == 0
        // Shared by carriers, protocol assignments, benchmarks, multicast and reserved.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Global unicast, without what wraps other addresses (6to4, Teredo, NAT64) and documentation.
    (0x2000..0x4000).contains(&first) && first != 0x2002 && !(first == 0x2001 && (second < 0x200 || second == 0x0db8))
}

/// Resolves names to public addresses only.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public_address(address.ip())).collect();
            if public.is_empty() {
                return Err("the name has no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{BodyMemory, FetchError, Fetcher, is_public};

    #[test]
    fn only_public_https_addresses_are_asked() {
        let public = |url: &str| is_public(&url.parse().expect("a URL"));
        assert!(public("https://images.example/a.png"));
        assert!(public("https://8.8.8.8/a.png"));
        assert!(public("https://[2606:4700::1111]/a.png"));
        for inside in [
            "http://images.example/a.png",
            "https://user:pw@images.example/a.png",
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://2130706433/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00::1]/",
            "https://[2002:7f00:1::]/",
            "https://[64:ff9b::7f00:1]/",
            "file:///etc/passwd",
        ] {
            assert!(!public(inside), "{inside}");
        }
    }

    #[tokio::test]
    async fn a_name_that_points_inside_is_not_asked() {
        crate::gateway::tests::install_tls();
        let fetcher = Fetcher::new(reqwest::Client::builder().build().expect("a client")).expect("a client");
        let base = "https://api.example/v1".parse().expect("a URL");
        let memory = BodyMemory::new();
        for (url, expected) in
            [("https://localhost:1/a.png", FetchError::Failed), ("https://127.0.0.1:1/a.png", FetchError::Forbidden)]
        {
            let refused = fetcher.fetch(url, &base, &memory, 10).await.expect_err("refused");
            assert_eq!(refused, expected, "{url}");
        }
    }
}
