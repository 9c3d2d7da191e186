//! What a simulator is like.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use crate::{
    latency::Latency,
    limits::{LimitScope, Limits, TokenCharge},
    prices::Prices,
    scenario::Scenario,
};

/// Settings of a simulator. The default accepts any key, has no limits and no latency, and takes a free port.
#[derive(Debug, Clone)]
pub struct SimulatorConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The keys that are accepted. If empty, every key is.
    pub keys: Vec<ProviderKey>,
    /// What each pool of keys may use in one window.
    pub limits: Limits,
    /// Length of the window of the limits.
    pub limit_window: Duration,
    pub limit_scope: LimitScope,
    pub token_charge: TokenCharge,
    /// Of text completions and moderations.
    pub chat_latency: Latency,
    pub image_latency: Latency,
    /// From the creation of a batch to its first line.
    pub batch_latency: Latency,
    /// Faults from the start.
    pub scenario: Scenario,
    pub prices: Prices,
    /// Models past their shutdown date are gone, instead of served.
    pub retire_models: bool,
    /// Further models that are gone, whatever their date.
    pub retired: Vec<String>,
    /// Tokens of messages and completion together that a model takes.
    pub context_tokens: u64,
    /// Larger request bodies are refused with 413.
    pub max_body_bytes: usize,
    /// The same for forms with pictures.
    pub max_upload_bytes: usize,
    /// If set, only so many different pictures are drawn (for benchmarks, where drawing would be what is measured).
    pub image_pool: Option<u64>,
    /// How long links to images work.
    pub link_lifetime: Duration,
    /// Decides latencies and the calls that faults with a probability hit.
    pub seed: u64,
    /// Threads that serve connections.
    pub threads: usize,
    /// How long calls may go on after a stop was asked for.
    pub grace: Duration,
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            keys: Vec::new(),
            limits: Limits::NONE,
            limit_window: Duration::from_mins(1),
            limit_scope: LimitScope::default(),
            token_charge: TokenCharge::default(),
            chat_latency: Latency::NONE,
            image_latency: Latency::NONE,
            batch_latency: Latency::NONE,
            scenario: Scenario::default(),
            prices: Prices::default(),
            retire_models: false,
            retired: Vec::new(),
            context_tokens: 128_000,
            max_body_bytes: 20 << 20,
            max_upload_bytes: 64 << 20,
            image_pool: None,
            link_lifetime: Duration::from_hours(1),
            seed: 1,
            threads: 1,
            grace: Duration::from_secs(2),
        }
    }
}

/// A key the simulator accepts, and the pool whose limits it shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderKey {
    pub(crate) secret: Arc<str>,
    pub(crate) pool: Arc<str>,
    pub(crate) limits: Option<Limits>,
}

impl ProviderKey {
    /// A key that is a pool of its own.
    pub fn new(secret: &str) -> Self {
        Self { secret: secret.into(), pool: secret.into(), limits: None }
    }

    /// Shares the limits of all keys of this pool, as keys of one organisation do.
    #[must_use]
    pub fn in_pool(mut self, pool: &str) -> Self {
        self.pool = pool.into();
        self
    }

    /// Limits of its own. Keys of one pool should state the same.
    #[must_use]
    pub fn limited_to(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }
}

/// `key` or `key@pool`.
impl From<&str> for ProviderKey {
    fn from(text: &str) -> Self {
        match text.split_once('@') {
            Some((secret, pool)) => Self::new(secret).in_pool(pool),
            None => Self::new(text),
        }
    }
}
