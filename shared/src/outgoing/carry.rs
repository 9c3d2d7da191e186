//! One call, to one target, by a client that reaches checked addresses only.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header;
use tokio::sync::OnceCell;

use super::OutgoingError;
use super::lookup::{Checked, Lookup};
use super::policy::Policy;
use super::target::{Refusal, Target};

/// How long looking a name up and connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How many of them are kept for one host.
const IDLE_CONNECTIONS: usize = 8;

/// What one call came to.
#[derive(Debug)]
pub(super) enum Step<A> {
    Arrived(A),
    /// A redirect, with its `Location`.
    Elsewhere(String),
}

/// Makes one call.
pub(super) trait Carry {
    type Answer;

    async fn carry(&self, target: &Target) -> Result<Step<Self::Answer>, OutgoingError>;
}

/// Makes calls over the network.
#[derive(Clone, Debug)]
pub(super) struct Carrier {
    checked: Checked,
    /// Made for the first call: it reads the system's certificates, which programs that never ask anybody may lack.
    client: Arc<OnceCell<reqwest::Client>>,
}

impl Carrier {
    pub(super) fn new(policy: Arc<Policy>, lookup: Arc<dyn Lookup>) -> Self {
        Self { checked: Checked::new(policy, lookup), client: Arc::default() }
    }

    async fn client(&self) -> Result<&reqwest::Client, OutgoingError> {
        let make = async || {
            // Whoever installed a TLS provider before us chose the same.
            drop(rustls::crypto::ring::default_provider().install_default());
            reqwest::Client::builder()
                .dns_resolver(Arc::new(self.checked.clone()))
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .http1_only()
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(CONNECT)
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .build()
                .map_err(OutgoingError::Failed)
        };
        self.client.get_or_try_init(make).await
    }
}

impl Carry for Carrier {
    type Answer = reqwest::Response;

    async fn carry(&self, target: &Target) -> Result<Step<Self::Answer>, OutgoingError> {
        let request = self
            .client()
            .await?
            .get(target.url().clone())
            .header(header::ACCEPT, "image/*")
            .header(header::ACCEPT_ENCODING, "identity")
            .header(header::USER_AGENT, concat!("broadside/", env!("CARGO_PKG_VERSION")));
        let response = request.send().await.map_err(explain)?;
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(Step::Arrived(response));
        }
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        Ok(Step::Elsewhere(location.ok_or(Refusal::Malformed)?.to_owned()))
    }
}

/// What our resolver refused is found again under what the client says.
fn explain(error: reqwest::Error) -> OutgoingError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(refusal) = inner.downcast_ref::<Refusal>() {
            return OutgoingError::Refused(*refusal);
        }
        cause = inner.source();
    }
    OutgoingError::Failed(error.without_url())
}
