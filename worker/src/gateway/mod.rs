//! The gateway: makes one call serve, through whichever provider, key and model will.
//!
//! [`Gateway::chat`] and [`Gateway::image`] make a [`Plan`](plan) of every way there is, and then, for one target at a
//! time:
//!
//! 1. have the [`admission`] book a time at one of them, in one call of Redis for all limits of all workers, and sleep until
//!    shortly before it;
//! 2. book the call with the [`Ledger`] at a true upper bound of its cost, which writes the attempt before anything is
//!    sent;
//! 3. wait for one of the worker's slots, and look a last time whether the lease is fresh, the target open and the time not
//!    missed;
//! 4. send exactly one HTTP request ([`wire`]), with the attempt's id in a header, and give the slot back;
//! 5. read the answer ([`dialect`]), price it ([`prices`]) and settle the call, exactly once, on every path;
//! 6. judge a failure ([`verdict`]: a pure function), tell the [`admission`] what it teaches, and let the plan say what is
//!    next.
//!
//! What the books refuse, and what no target can serve now, comes back as [`Stop`]; a post that waits for its turn holds
//! neither a slot nor money. A future that is dropped between 2 and 5 leaves its attempt as sent, and whoever tidies up
//! turns it into one whose cost is unknown.

mod admission;
mod ask;
mod batch;
mod bill;
mod catalog;
mod config_error;
mod dialect;
mod entrance;
mod failure;
mod fetch;
mod listing;
mod offers;
mod plan;
mod prompt_weight;
mod reply;
mod run;
mod stops;
mod survey;
mod tasks;
mod verdict;
mod wait;
mod wire;

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shared::config::{Names, Settings};
use shared::domain::Step;
use shared::queue::QueueError;
use shared::{prices, profiles};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use ask::{
    AnswerSchema, ChatAsk, ChatReply, ChatUsage, ImageAsk, ImageReply, Judgement, Message, Read, Reference, Role,
    Sizing, Stop, Unusable,
};
pub(crate) use batch::{Answered, BatchPlace, DeskError, LineEnd, NoBatchPlace, ProviderView, Status};
pub use config_error::GatewayConfigError;
pub use survey::{Asked, Finding, KeySurvey, ProviderSurvey, Survey, Unpriced, check};

use crate::intake::Intake;
use crate::pictures::PictureCheck;
use crate::settle::Ledger;
use admission::{Admission, BreakerTimes};
use catalog::Catalog;
use entrance::Entrance;
use fetch::Fetcher;
use run::Served;
use tasks::{Moderating, Painting, Writing};
use wire::BodyMemory;
pub(crate) use wire::{Body, DESK_PATIENCE};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an unused connection is kept.
const IDLE_CONNECTION: Duration = Duration::from_mins(1);

/// Whether this worker may send right now.
///
/// It is asked right before every send, after the wait for a slot: a process that slept through its lease buys nothing.
pub trait SendGuard: Send + Sync {
    fn may_send(&self) -> bool;
}

/// The way to the providers, through an entrance of one crew. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
    entrance: Arc<Entrance>,
}

struct Inner {
    catalog: Catalog,
    admission: Admission,
    http: reqwest::Client,
    fetcher: Fetcher,
    memory: BodyMemory,
    pictures: PictureCheck,
    guard: Arc<dyn SendGuard>,
    /// Counts jobs, so that pools and keys take turns.
    turn: AtomicUsize,
}

impl Gateway {
    /// Reads the provider profiles and prices (built in, or the files that `settings.providers` names) and the keys among
    /// `names`. `slots` bounds the calls in flight.
    ///
    /// A process-wide TLS provider must be installed before. Must be called in a runtime; [`Self::keep`] must run beside it.
    pub fn from_settings(
        settings: &Settings,
        names: &Names,
        slots: Arc<Semaphore>,
        guard: Arc<dyn SendGuard>,
    ) -> Result<Self, GatewayConfigError> {
        Self::over(Catalog::load(settings, names)?, settings, slots, guard, BreakerTimes::default())
    }

    fn over(
        catalog: Catalog,
        settings: &Settings,
        slots: Arc<Semaphore>,
        guard: Arc<dyn SendGuard>,
        breakers: BreakerTimes,
    ) -> Result<Self, GatewayConfigError> {
        let http = http_client(&catalog, settings.worker.concurrency)?;
        let inner = Inner {
            fetcher: Fetcher::new(http.clone()),
            http,
            admission: Admission::new(
                &settings.redis,
                catalog.limits.patience(),
                catalog.limits.on_redis_loss,
                breakers,
            )?,
            catalog,
            memory: BodyMemory::new(),
            pictures: PictureCheck::new(),
            guard,
            turn: AtomicUsize::new(0),
        };
        Ok(Self { inner: Arc::new(inner), entrance: Entrance::new(slots, settings.worker.concurrency) })
    }

    /// The same gateway with `slots` calls in flight of its own, for another crew.
    #[must_use]
    pub fn beside(&self, slots: usize) -> Self {
        let entrance = Entrance::new(Arc::new(Semaphore::new(slots)), slots);
        Self { inner: Arc::clone(&self.inner), entrance }
    }

    /// Has a text written.
    pub async fn chat<T: Send>(&self, ledger: &mut impl Ledger, ask: ChatAsk<T>) -> Result<ChatReply<T>, Stop> {
        let served = self.run(ledger, &Writing(ask)).await?;
        let Served { reply: (value, is_cut), usage, cost, provider, model } = served;
        Ok(ChatReply { value, is_cut, usage, cost, provider, model })
    }

    /// Has an image made. What comes back was decoded and checked.
    pub async fn image(&self, ledger: &mut impl Ledger, ask: ImageAsk) -> Result<ImageReply, Stop> {
        let served = self.run(ledger, &Painting(ask)).await?;
        let Served { reply: (picture, revised_prompt), cost, provider, model, .. } = served;
        Ok(ImageReply { picture, revised_prompt, cost, provider, model })
    }

    /// Has a text judged before money is spent on it. Asked only where [`moderates`](Self::moderates) says so.
    pub async fn moderate(&self, ledger: &mut impl Ledger, text: String) -> Result<Judgement, Stop> {
        Ok(self.run(ledger, &Moderating(text)).await?.reply)
    }

    /// Where heavy work on pictures is done beside the runtime.
    pub(crate) fn pictures(&self) -> &PictureCheck {
        &self.inner.pictures
    }

    /// Whether a provider with a key judges texts.
    pub fn moderates(&self) -> bool {
        self.inner.catalog.route(Step::Moderation).is_some()
    }

    /// Does what has to be done beside the calls: tells Redis how calls ended when no other call takes that along, and
    /// mirrors what others put aside. Ends, with everything told, when `stop` is cancelled.
    pub async fn keep(&self, stop: &CancellationToken) {
        self.inner.admission.keep(stop).await;
    }

    /// Says how many workers live, this one included: without Redis they divide the limits among themselves.
    pub fn share_among(&self, living: u64) {
        self.inner.admission.share_among(living);
    }

    /// Shows the others what this worker is configured to call.
    pub async fn show_catalog(&self) -> Result<(), QueueError> {
        self.inner.admission.show(&self.inner.catalog.shown()).await
    }

    /// How many posts may be taken while providers have no room.
    pub fn intake(&self) -> Arc<Intake> {
        Arc::clone(&self.entrance.intake)
    }

    /// Whether there is any provider with a key.
    pub fn is_configured(&self) -> bool {
        !self.inner.catalog.providers.is_empty()
    }

    /// What the providers say of the configured keys and models. It costs nothing.
    pub async fn survey(&self, asked: Asked) -> Survey {
        survey::survey(&self.inner.catalog, &self.inner.http, &self.inner.memory, asked).await
    }

    /// A number that changes with what is configured: providers, pools, labels of keys, models.
    pub fn configuration(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.describe().hash(&mut hasher);
        hasher.finish()
    }

    /// One line for logs: providers, pools, labels of keys, models. Never a key.
    pub fn describe(&self) -> String {
        self.inner.catalog.to_string()
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("catalog", &self.inner.catalog).finish_non_exhaustive()
    }
}

impl Inner {
    fn next_turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }
}

/// The one client of all providers.
///
/// HTTP/1.1 only: over HTTP/2 all calls to a host share a connection, its limit on streams would hold calls back unseen,
/// and one reset would break them all. Proxies of the environment are used, but not for a provider on this machine.
fn http_client(catalog: &Catalog, slots: usize) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .http1_only()
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(slots)
        .pool_idle_timeout(IDLE_CONNECTION)
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(30));
    if catalog.providers.iter().all(|provider| is_local(&provider.base)) {
        builder = builder.no_proxy();
    }
    builder.build()
}

fn is_local(base: &url::Url) -> bool {
    match base.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests;
