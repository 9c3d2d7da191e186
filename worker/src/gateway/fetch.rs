//! Fetches an image from the address that a provider gave, guarded: the address is not ours to trust.
//!
//! Only public addresses over https are asked; the provider's own host and port are the exception. No redirect is
//! followed, no proxy used, no key sent.

use std::time::Duration;

use shared::outgoing::{Outgoing, OutgoingError, Policy, Ports, Refusal, Schemes};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::wire::{Body, BodyError, BodyMemory, Booking, Expected, read_whole};

/// How long a fetch may take.
const DEADLINE: Duration = Duration::from_mins(1);

/// Two clients: one that reaches public addresses only, one for the providers' own hosts.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    public: Outgoing,
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

impl From<OutgoingError> for FetchError {
    fn from(error: OutgoingError) -> Self {
        match error {
            OutgoingError::Refused(Refusal::Unresolved | Refusal::TooManyRedirects) | OutgoingError::Failed(_) => {
                Self::Failed
            }
            OutgoingError::Refused(_) => Self::Forbidden,
        }
    }
}

impl Fetcher {
    pub(crate) fn new(provider: reqwest::Client) -> Self {
        let policy = Policy { schemes: Schemes::Https, ports: Ports::Any, also: Vec::new(), redirects: 0 };
        Self { public: Outgoing::new(policy), provider }
    }

    /// The bytes at `url`, `cap` of them at most; `base` is the address of the provider that named it.
    pub(crate) async fn fetch(
        &self,
        url: &str,
        base: &Url,
        memory: &BodyMemory,
        cap: usize,
    ) -> Result<Body, FetchError> {
        let deadline = Instant::now() + DEADLINE;
        let sent = timeout_at(deadline, self.ask(url, base)).await;
        let mut response = sent.map_err(|_| FetchError::Failed)??;
        if !response.status().is_success() {
            return Err(FetchError::Failed);
        }
        let whole = read_whole(&mut response, memory, Booking::default(), Expected::Bytes(cap), deadline).await;
        whole.map_err(|error| match error {
            BodyError::TooBig => FetchError::TooBig(cap),
            BodyError::Slow | BodyError::Broken(_) => FetchError::Failed,
        })
    }

    async fn ask(&self, address: &str, base: &Url) -> Result<reqwest::Response, FetchError> {
        let url: Url = address.parse().map_err(|_| FetchError::Forbidden)?;
        if is_same_host(&url, base) {
            return self.provider.get(url).send().await.map_err(|_| FetchError::Failed);
        }
        Ok(self.public.get(address).await?)
    }
}

fn is_same_host(url: &Url, base: &Url) -> bool {
    url.scheme() == base.scheme()
        && url.host() == base.host()
        && url.port_or_known_default() == base.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use super::{BodyMemory, FetchError, Fetcher};

    #[tokio::test]
    async fn only_public_https_addresses_are_asked() {
        crate::gateway::tests::install_tls();
        let fetcher = Fetcher::new(reqwest::Client::builder().build().expect("a client"));
        let base = "https://api.example/v1".parse().expect("a URL");
        let memory = BodyMemory::new();
        for address in [
            "http://images.example/a.png",
            "https://user:pw@images.example/a.png",
            "https://localhost:1/a.png",
            "https://127.0.0.1:1/a.png",
            "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:10.0.0.1]/",
            "file:///etc/passwd",
            "no address",
        ] {
            let refused = fetcher.fetch(address, &base, &memory, 10).await.expect_err("refused");
            assert_eq!(refused, FetchError::Forbidden, "{address}");
        }
    }
}
