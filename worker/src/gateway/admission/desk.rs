//! The desk: one script call at Redis books a call and settles those that ended before.
//!
//! Settlements wait here for the next call to ride along with; when none comes soon, or others should know at once, they go
//! alone. A Redis that does not answer in time counts as away: from then on nobody waits for it, and a look every now and
//! then finds out when it is back.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::RngExt;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{RedisError, Script};
use secrecy::ExposeSecret;
use shared::config::RedisSettings;
use shared::gateway_state;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::super::verdict::Class;
use super::ask::{
    AsideLine, Ask, BreakerTimes, Candidate, CandidateLine, Keys, Reply, RestLine, SettleLine, Settlement, micros,
};
use super::memory::{Memory, Recalled};

/// How long Redis may take to answer.
const PATIENCE: Duration = Duration::from_millis(250);
/// Settlements that ride along with one call.
const LOAD: usize = 128;
/// Settlements that wait at most; the oldest go first. What they would have told runs out by itself.
const MOST_PENDING: usize = 8_192;
/// How soon to come back to a pool that is full.
const FULL: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Desk {
    redis: ConnectionManager,
    script: Script,
    prefix: String,
    channel: String,
    breaker: BreakerTimes,
    /// How far ahead calls are booked.
    horizon: Duration,
    pending: Mutex<Vec<Settlement>>,
    /// What is put aside and was told to nobody yet.
    asides: Mutex<Vec<(String, Duration, Class)>>,
    /// Rung when a settlement waits.
    stir: Notify,
    hurried: AtomicBool,
    epoch: Mutex<String>,
    away: AtomicBool,
    /// This worker was without Redis and has not yet said so.
    resumes: AtomicBool,
    /// Redis lost its memory, and this worker has not yet told what it remembers.
    forgot: AtomicBool,
    /// Scripts called, for those who count.
    calls: AtomicU64,
}

/// Redis did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Away;

/// A call to be booked.
pub(super) struct Request<'a> {
    pub(super) id: &'a str,
    pub(super) tiers: &'a [Vec<Candidate>],
    pub(super) lead: Duration,
}

impl Desk {
    /// Must be called in a runtime.
    pub(super) fn open(settings: &RedisSettings, horizon: Duration, breaker: BreakerTimes) -> Result<Self, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(20))
            .set_max_delay(Duration::from_millis(200));
        let client = redis::Client::open(settings.url.expose_secret())?;
        Ok(Self {
            redis: client.get_connection_manager_lazy(config)?,
            script: Script::new(include_str!("admit.lua")),
            prefix: gateway_state::prefix(&settings.namespace),
            channel: gateway_state::channel(&settings.namespace),
            breaker,
            horizon,
            pending: Mutex::default(),
            asides: Mutex::default(),
            stir: Notify::new(),
            hurried: AtomicBool::new(false),
            epoch: Mutex::default(),
            away: AtomicBool::new(false),
            resumes: AtomicBool::new(false),
            forgot: AtomicBool::new(false),
            calls: AtomicU64::new(0),
        })
    }

    pub(super) fn redis(&self) -> ConnectionManager {
        self.redis.clone()
    }

    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// Scripts called so far.
    #[cfg(test)]
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Keeps a settlement for the next call.
    pub(super) fn hand_in(&self, settlement: Settlement) {
        let urgent = settlement.is_urgent();
        let mut pending = self.pending();
        pending.push(settlement);
        if pending.len() > MOST_PENDING {
            pending.remove(0);
        }
        drop(pending);
        if urgent {
            self.hurried.store(true, Ordering::Relaxed);
        }
        self.stir.notify_one();
    }

    /// Has it told at once that something is put aside.
    pub(super) fn tell(&self, name: String, length: Duration, class: Class) {
        lock(&self.asides).push((name, length, class));
        self.hurried.store(true, Ordering::Relaxed);
        self.stir.notify_one();
    }

    /// Waits until a settlement was handed in.
    pub(super) async fn stirred(&self) {
        self.stir.notified().await;
    }

    /// Whether settlements wait, and whether one of them is urgent.
    pub(super) fn waits(&self) -> (bool, bool) {
        (!self.pending().is_empty() || !lock(&self.asides).is_empty(), self.hurried.load(Ordering::Relaxed))
    }

    /// Books a call.
    pub(super) async fn book(&self, request: Request<'_>, memory: &Memory) -> Result<Reply, Away> {
        self.call(Some(request), false, memory).await
    }

    /// Only settles.
    pub(super) async fn settle(&self, memory: &Memory) -> Result<Reply, Away> {
        self.call(None, false, memory).await
    }

    /// Settles, and asks what is put aside; also when Redis is away, to see whether it is back.
    pub(super) async fn look(&self, memory: &Memory) -> Result<Reply, Away> {
        self.call(None, true, memory).await
    }

    async fn call(&self, request: Option<Request<'_>>, mirror: bool, memory: &Memory) -> Result<Reply, Away> {
        if self.is_away() && !mirror {
            return Err(Away);
        }
        let settlements = self.take_pending();
        let untold = std::mem::take(&mut *lock(&self.asides));
        let epoch = lock(&self.epoch).clone();
        let (resumes, forgot) = (self.resumes.load(Ordering::Relaxed), self.forgot.load(Ordering::Relaxed));
        let asked = {
            let mut keys = Keys::new(&self.prefix);
            let (mut asides, rests) = if forgot { remembered(memory, &mut keys) } else { Default::default() };
            asides.extend(untold.iter().cloned().map(AsideLine::from));
            let ask = Ask {
                channel: &self.channel,
                epoch: &epoch,
                fresh: format!("{:016x}", rand::rng().random::<u64>()),
                pause: micros(self.horizon),
                resume: resumes,
                breaker: self.breaker,
                settles: settlements.iter().map(|settlement| SettleLine::of(settlement, &mut keys)).collect(),
                asides,
                rests,
                id: request.as_ref().map_or("", |request| request.id),
                horizon: micros(self.horizon),
                lead: request.as_ref().map_or(0, |request| micros(request.lead)),
                full: micros(FULL),
                mirror,
            };
            let mut invocation = self.script.prepare_invoke();
            invocation.arg(serde_json::to_string(&ask).unwrap_or_default());
            for tier in request.iter().flat_map(|request| request.tiers) {
                let lines: Vec<_> = tier.iter().map(|candidate| CandidateLine::of(candidate, &mut keys)).collect();
                invocation.arg(serde_json::to_string(&lines).unwrap_or_default());
            }
            for name in keys.names() {
                invocation.key(name);
            }
            self.calls.fetch_add(1, Ordering::Relaxed);
            let mut redis = self.redis.clone();
            timeout(PATIENCE, async move { invocation.invoke_async::<Reply>(&mut redis).await }).await
        };
        let reply = match asked {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) if is_of_the_script(&error) => {
                // A fault of ours, not of the connection: what waits would fail again.
                tracing::error!(%error, "the admission script failed");
                return Err(Away);
            }
            _ => {
                self.put_back(settlements, request.as_ref());
                lock(&self.asides).extend(untold);
                if !self.away.swap(true, Ordering::Relaxed) {
                    tracing::warn!("Redis does not answer: limits are kept without it");
                }
                return Err(Away);
            }
        };
        if self.away.swap(false, Ordering::Relaxed) {
            // The first answer only shows that it is back. Whoever books next says that limits start over.
            self.resumes.store(true, Ordering::Relaxed);
            tracing::info!("Redis answers again");
        } else if resumes {
            self.resumes.store(false, Ordering::Relaxed);
        }
        if forgot {
            self.forgot.store(false, Ordering::Relaxed);
        }
        let mut known = lock(&self.epoch);
        if *known != reply.epoch {
            if !known.is_empty() {
                self.forgot.store(true, Ordering::Relaxed);
                tracing::warn!("Redis lost its memory: limits wait until all that was booked is sent");
            }
            known.clone_from(&reply.epoch);
        }
        drop(known);
        Ok(reply)
    }

    /// Whether Redis has lost its memory and this worker has not yet told what it remembers.
    pub(super) fn owes_memories(&self) -> bool {
        self.forgot.load(Ordering::Relaxed)
    }

    fn take_pending(&self) -> Vec<Settlement> {
        let mut pending = self.pending();
        let load = pending.len().min(LOAD);
        let mut taken: Vec<_> = pending.drain(..load).collect();
        let more = !pending.is_empty();
        if !more {
            self.hurried.store(false, Ordering::Relaxed);
        }
        drop(pending);
        if more {
            self.stir.notify_one();
        }
        // Of those that give back what they booked, the last in line first.
        taken.sort_by_key(|settlement| std::cmp::Reverse(settlement.ends.into_iter().max()));
        taken
    }

    /// After a call that was not answered, and may yet have been heard.
    fn put_back(&self, settlements: Vec<Settlement>, request: Option<&Request<'_>>) {
        let mut pending = self.pending();
        pending.splice(0..0, settlements);
        // It may have been booked: whatever it stands in, it is taken out again.
        let candidates = request.iter().flat_map(|request| request.tiers.iter().flatten().map(|one| (request.id, one)));
        pending.extend(candidates.map(|(id, candidate)| Settlement::unsent(id.to_owned(), candidate.clone())));
        let excess = pending.len().saturating_sub(MOST_PENDING);
        pending.drain(..excess);
    }

    fn pending(&self) -> MutexGuard<'_, Vec<Settlement>> {
        lock(&self.pending)
    }
}

fn remembered(memory: &Memory, keys: &mut Keys<'_>) -> (Vec<AsideLine>, Vec<RestLine>) {
    let Recalled { closed, rests } = memory.recall(Instant::now());
    let rest = |(name, left): (String, Duration)| {
        let (pm, us) = (keys.place("pm", &name), micros(left));
        RestLine { pm, name, us, class: Class::RateLimited.code() }
    };
    (closed.into_iter().map(AsideLine::from).collect(), rests.into_iter().map(rest).collect())
}

/// Whether the script itself is at fault.
fn is_of_the_script(error: &RedisError) -> bool {
    !error.is_io_error()
        && !error.is_timeout()
        && !error.is_connection_dropped()
        && matches!(error.code(), Some("ERR" | "WRONGTYPE"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
