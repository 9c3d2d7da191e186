//! The gateway against the simulator, over real sockets.
//!
//! [`Stage`] is a simulator and a gateway that calls it; [`Books`] is a ledger in memory that fails the test when a call
//! is not reserved and settled exactly once.

mod asks;
mod bodies;
mod crew;
mod failures;
mod happy;
mod prints;
mod references;
mod rotation;
mod scripted;
mod weight;

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use shared::config::{Names, Settings};
use shared::domain::{AttemptState, CallId, Nanodollars, Step};
use shared::store::advance::{Bill, Caption, Quote, Reason, Refusal};
use simulator::{Limits, Running, Simulator, SimulatorConfig};
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::admission::BreakerTimes;
use super::catalog::Catalog;
use super::prices::Prices;
use super::profiles::{Pooling, Profiles};
use super::{ChatReply, Gateway, ImageReply, SendGuard, Stop};
use crate::prompts::{self, CaptionBrief};
use crate::settle::Ledger;

pub(crate) fn install_tls() {
    // Another test may have been first.
    let _installed = rustls::crypto::ring::default_provider().install_default();
}

/// A simulator, and a gateway that calls it.
struct Stage {
    simulator: Running,
    gateway: Gateway,
    /// Ends what the gateway does beside its calls.
    _done: DropGuard,
    slots: Arc<Semaphore>,
    lease: Arc<Lease>,
}

struct Lease(AtomicBool);

impl SendGuard for Lease {
    fn may_send(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Stage {
    /// One key of `OpenAI`.
    fn new() -> Self {
        Self::with(&[("OPENAI_API_KEY", "k1")], |_| {})
    }

    /// Three keys of `OpenAI`, each a pool of its own.
    fn three_pools() -> Self {
        Self::with(&THREE_KEYS, |profiles| {
            profiles.providers.get_mut("openai").expect("built in").pooling = Pooling::Each;
        })
    }

    /// The built-in profiles, changed by `change`, with `keys`. Every provider's calls go to the simulator.
    fn with(keys: &[(&str, &str)], change: impl FnOnce(&mut Profiles)) -> Self {
        Self::over(SimulatorConfig::default(), keys, change)
    }

    /// Three pools that the simulator lets make `requests` calls a second each, of the first model only.
    fn limited(requests: u64) -> Self {
        let limits = Limits { requests: Some(requests), ..Limits::NONE };
        let config = SimulatorConfig { limits, limit_window: Duration::from_secs(1), ..SimulatorConfig::default() };
        Self::over(config, &THREE_KEYS, |profiles| {
            let provider = profiles.providers.get_mut("openai").expect("built in");
            (provider.pooling, provider.window_seconds) = (Pooling::Each, NonZeroU64::MIN);
            profiles.routes.get_mut("caption").expect("built in").models.truncate(1);
        })
    }

    fn over(config: SimulatorConfig, keys: &[(&str, &str)], change: impl FnOnce(&mut Profiles)) -> Self {
        install_tls();
        let simulator = Simulator::start(config).expect("a simulator");
        let mut profiles = Profiles::read("").expect("built in");
        for provider in profiles.providers.values_mut() {
            provider.base_url = simulator.url();
        }
        change(&mut profiles);
        let settings = settings();
        let at = |index: usize| keys.get(index).copied().unwrap_or(("UNUSED", ""));
        let names = Names::from([at(0), at(1), at(2), at(3)]);
        let prices = Prices::read("").expect("built in");
        let catalog = Catalog::build(&profiles, &prices, &settings, &names).expect("a catalog");
        let (slots, lease) = (Arc::new(Semaphore::new(8)), Arc::new(Lease(AtomicBool::new(true))));
        let guard = Arc::clone(&lease) as Arc<dyn SendGuard>;
        let gateway =
            Gateway::over(catalog, &settings, Arc::clone(&slots), guard, BreakerTimes::default()).expect("a gateway");
        let done = keep(&gateway);
        Self { simulator, gateway, _done: done, slots, lease }
    }

    fn fault(&self, fault: simulator::Fault) -> &Self {
        self.simulator.admin().fault(fault);
        self
    }

    async fn caption(&self, books: &mut Books) -> Result<ChatReply<Caption>, Stop> {
        let reply = self.gateway.chat(books, prompts::caption(&bakery())).await;
        self.audit(books);
        reply
    }

    async fn image(&self, books: &mut Books) -> Result<ImageReply, Stop> {
        let ask = prompts::image(&bakery(), "A loaf on a wooden table.", "1024x1024", "low");
        let reply = self.gateway.image(books, ask).await;
        self.audit(books);
        reply
    }

    /// Every call that arrived was booked, and none was sent twice; what was settled is what the simulator billed.
    fn audit(&self, books: &Books) {
        let bill = self.simulator.bill();
        assert_eq!(self.slots.available_permits(), 8, "a slot was kept");
        for entry in &books.entries {
            let settled = entry.bill.as_ref().expect("a call was never settled");
            let arrived: Vec<_> =
                bill.calls.iter().filter(|call| call.client_request_id == Some(entry.call.to_string())).collect();
            let unsent = settled.verdict.as_deref() == Some("not sent");
            assert_eq!(arrived.len(), usize::from(!unsent), "{entry:?}");
            let Some(call) = arrived.first() else { continue };
            assert!(settled.cost <= entry.quote.reserved, "the bound was too low: {entry:?}");
            match settled.state {
                AttemptState::Settled => assert_eq!(settled.cost, Nanodollars(call.cost_nanos), "{entry:?} {call:?}"),
                AttemptState::Unknown => assert!(call.cost_nanos <= entry.quote.reserved.0, "{entry:?} {call:?}"),
                _ => assert_eq!(call.cost_nanos, 0, "{entry:?} {call:?}"),
            }
        }
    }
}

/// Settings with the Redis of the environment, under a name that no other test has.
pub(crate) fn settings() -> Settings {
    let environment = Names::read().expect("the environment");
    let redis = environment.get("REDIS_URL").expect("readable").expect("REDIS_URL is not set: run `make test`");
    let names = Names::from([("DATABASE_URL", "postgresql://db.example/x"), ("REDIS_URL", redis.as_str())]);
    let mut settings = Settings::load(&names).expect("settings");
    settings.redis.namespace = format!("t{}", uuid::Uuid::now_v7().simple());
    settings
}

/// Has the gateway do what it does beside its calls.
fn keep(gateway: &Gateway) -> DropGuard {
    let done = CancellationToken::new();
    let (gateway, until) = (gateway.clone(), done.clone());
    tokio::spawn(async move { gateway.keep(&until).await });
    done.drop_guard()
}

const THREE_KEYS: [(&str, &str); 3] =
    [("OPENAI_API_KEY_1", "k1"), ("OPENAI_API_KEY_2", "k2"), ("OPENAI_API_KEY_3", "k3")];

fn bakery() -> CaptionBrief {
    CaptionBrief {
        brand: "Crust & Co".to_owned(),
        tone: "friendly".to_owned(),
        topic: Some("Sourdough Saturday".to_owned()),
        platform: crate::platforms::Platform::built_in("linkedin"),
        ..CaptionBrief::default()
    }
}

/// A ledger in memory.
#[derive(Debug, Default)]
struct Books {
    entries: Vec<Entry>,
    refusal: Option<Refusal>,
}

#[derive(Debug)]
struct Entry {
    call: CallId,
    step: Step,
    quote: Quote,
    bill: Option<Bill>,
}

impl Ledger for Books {
    async fn reserve(&mut self, step: Step, quote: Quote) -> Result<CallId, Refusal> {
        assert!(self.entries.iter().all(|entry| entry.bill.is_some()), "a call was not settled before the next one");
        if let Some(refusal) = self.refusal {
            return Err(refusal);
        }
        let call = CallId::new();
        self.entries.push(Entry { call, step, quote, bill: None });
        Ok(call)
    }

    fn settle(&mut self, bill: Bill) {
        let open = self.entries.last_mut().expect("a reservation");
        assert!(open.bill.replace(bill).is_none(), "a call was settled twice");
    }
}

impl Books {
    /// What was called, in order, each with what became of it: `k1 gpt-4o-mini settled`.
    fn trail(&self) -> Vec<String> {
        let line = |entry: &Entry| {
            let state = entry.bill.as_ref().map_or("open", |bill| bill.state.as_str());
            let key = entry.quote.key_label.rsplit('_').next().unwrap_or_default();
            format!("{key} {} {state}", entry.quote.model)
        };
        self.entries.iter().map(line).collect()
    }

    /// The verdicts, in order.
    fn verdicts(&self) -> Vec<&str> {
        self.entries
            .iter()
            .map(|entry| entry.bill.as_ref().and_then(|bill| bill.verdict.as_deref()).unwrap_or("served"))
            .collect()
    }
}

/// The class of a stop, and whether it is final.
fn class_of<T: std::fmt::Debug>(stopped: Result<T, Stop>) -> (&'static str, bool) {
    match stopped.expect_err("a stop") {
        Stop::Failed(Reason { class, .. }) => (class, true),
        Stop::Wait { reason: Reason { class, .. }, .. } | Stop::Closed { reason: Reason { class, .. }, .. } => {
            (class, false)
        }
        Stop::Refused(refusal) => panic!("{refusal}"),
    }
}
