//! The state of one simulated provider.

use std::{
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::{HeaderMap, header::AUTHORIZATION};
use tokio::sync::watch;

use crate::{
    batches::Desk,
    bill::{BillingLog, RequestId},
    chat::Schemas,
    config::{ProviderKey, SimulatorConfig},
    images::Files,
    kind::Kind,
    latency::Latency,
    limits::Meter,
    picture::Pictures,
    prices::Model,
    refusal::Refusal,
    scenario::{Scenario, Waiting},
    seed::Seed,
};

#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) config: SimulatorConfig,
    pub(crate) bill: BillingLog,
    pub(crate) faults: Waiting,
    pub(crate) meter: Meter,
    pub(crate) schemas: Schemas,
    pub(crate) pictures: Pictures,
    pub(crate) files: Files,
    /// Files and batches of the Batch API.
    pub(crate) desk: Desk,
    /// `http://127.0.0.1:PORT`, known once the port is.
    pub(crate) origin: OnceLock<String>,
    latencies: RwLock<[Latency; 3]>,
    calls: AtomicU64,
    run: u64,
    traffic: Traffic,
    /// While true, no answer leaves.
    held: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Traffic {
    now: AtomicUsize,
    peak: AtomicUsize,
}

/// Whose call it is.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) key: ProviderKey,
    /// How the key is written on the bill.
    pub(crate) label: Arc<str>,
}

impl Provider {
    pub(crate) fn new(config: SimulatorConfig) -> Self {
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let provider = Self {
            bill: BillingLog::default(),
            faults: Waiting::new(Seed::new(config.seed).branch("faults")),
            meter: Meter::new(config.limit_window, config.limit_scope),
            schemas: Schemas::default(),
            pictures: Pictures::new(config.image_pool),
            files: Files::new(config.link_lifetime),
            desk: Desk::default(),
            origin: OnceLock::new(),
            latencies: RwLock::new([config.chat_latency, config.image_latency, config.batch_latency]),
            calls: AtomicU64::new(0),
            run: Seed::of(&[&started.as_nanos().to_string(), &std::process::id().to_string()]).next(),
            traffic: Traffic::default(),
            held: watch::Sender::new(false),
            config,
        };
        provider.apply(provider.config.scenario.clone());
        provider
    }

    /// Names the call that just arrived.
    pub(crate) fn next_request(&self) -> RequestId {
        RequestId { run: self.run, number: self.calls.fetch_add(1, Ordering::Relaxed) + 1 }
    }

    pub(crate) fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Some(secret) = header.strip_prefix("Bearer ").map(str::trim).filter(|secret| !secret.is_empty()) else {
            let message = "You didn't provide an API key. You need to provide your API key in an Authorization header \
                           using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
            return Err(Refusal::new(401, "invalid_request_error", serde_json::Value::Null, message));
        };
        let stated = self.config.keys.iter().find(|key| &*key.secret == secret);
        match stated {
            Some(key) => Ok(Caller { label: key.secret.clone(), key: key.clone() }),
            None if self.config.keys.is_empty() => {
                Ok(Caller { label: shortened(secret).into(), key: ProviderKey::new(secret) })
            }
            None => {
                let message = format!("Incorrect API key provided: {}.", shortened(secret));
                Err(Refusal::new(401, "invalid_request_error", "invalid_api_key", message))
            }
        }
    }

    /// The model is gone if it is named as retired, or was switched off and this provider retires models.
    pub(crate) fn still_served(&self, model: &Model) -> Result<(), Refusal> {
        let today = chrono::Utc::now().format("%Y-%m-%d").to_string();
        let retired = self.config.retired.iter().any(|id| **id == *model.id);
        if retired || (self.config.retire_models && model.is_shut_down_on(&today)) {
            return Err(Refusal::no_such_model(&model.id));
        }
        Ok(())
    }

    pub(crate) fn latency_of(&self, kind: Kind, request: RequestId) -> Duration {
        let latency = self.latencies.read().unwrap_or_else(PoisonError::into_inner)[place_of(kind)];
        let mut seed = Seed::new(self.config.seed ^ request.number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        latency.draw(&mut seed)
    }

    pub(crate) fn set_latency(&self, kind: Kind, latency: Latency) {
        self.latencies.write().unwrap_or_else(PoisonError::into_inner)[place_of(kind)] = latency;
    }

    pub(crate) fn apply(&self, scenario: Scenario) {
        if scenario.replace {
            self.faults.clear();
        }
        for fault in scenario.faults {
            self.faults.add(fault);
        }
        if let Some(latency) = scenario.chat_latency {
            self.set_latency(Kind::Chat, latency);
        }
        if let Some(latency) = scenario.image_latency {
            self.set_latency(Kind::Image, latency);
        }
        if let Some(latency) = scenario.batch_latency {
            self.set_latency(Kind::Batch, latency);
        }
    }

    /// Forgets faults, bill, limits and files, and lets held answers go. Latencies are again as configured.
    pub(crate) fn reset(&self) {
        self.hold(false);
        self.faults.clear();
        self.bill.clear();
        self.meter.clear();
        self.files.clear();
        self.desk.clear();
        self.set_latency(Kind::Chat, self.config.chat_latency);
        self.set_latency(Kind::Image, self.config.image_latency);
        self.set_latency(Kind::Batch, self.config.batch_latency);
        self.traffic.peak.store(self.traffic.now.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    pub(crate) fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Resolves when answers may leave.
    pub(crate) async fn released(&self) {
        if *self.held.borrow() {
            // The sender lives as long as `self`.
            let _ = self.held.subscribe().wait_for(|held| !held).await;
        }
    }

    pub(crate) fn enter(self: &Arc<Self>) -> InFlight {
        let now = self.traffic.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.traffic.peak.fetch_max(now, Ordering::Relaxed);
        InFlight(self.clone())
    }

    /// Calls that wait for their answer: now, and at most so far.
    pub(crate) fn in_flight(&self) -> (usize, usize) {
        (self.traffic.now.load(Ordering::Relaxed), self.traffic.peak.load(Ordering::Relaxed))
    }
}

/// Where the latency of a kind of call is kept.
fn place_of(kind: Kind) -> usize {
    match kind {
        Kind::Chat | Kind::Moderation | Kind::File => 0,
        Kind::Image => 1,
        Kind::Batch => 2,
    }
}

/// Counts a call until its answer begins or its client is gone.
pub(crate) struct InFlight(Arc<Provider>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.traffic.now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Enough of a key to recognise it by, too little to use it.
pub(crate) fn shortened(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    if letters.len() < 12 {
        return "...".into();
    }
    let head: String = letters[..3].iter().collect();
    let tail: String = letters[letters.len() - 4..].iter().collect();
    format!("{head}...{tail}")
}
