//! Admission: which call may be made, where and when, agreed on by all workers.
//!
//! A call is *booked* before anything is reserved or sent. One script at Redis ([`desk`]) takes in how earlier calls ended,
//! looks at the candidates in order of preference, and books the soonest time that keeps every limit, every bound of calls
//! in flight and every breaker. The caller sleeps until then and sends: first come, first served, no polling. What lies
//! further ahead than the horizon is not booked at all; the post goes back and comes again when its lane ([`lane`]) opens.
//!
//! - **Limits** (requests, tokens, images in a window) are stated in the profiles or learnt from headers ([`gauges`]), and
//!   kept with a spacing that holds in every sliding window ([`window`]).
//! - **Calls in flight** have a bound for each pool without a known limit: 16 at first, doubled and then raised by one as
//!   calls succeed, cut by 0.7 when a provider asks for less or falls silent ([`health`]).
//! - **Breakers**, one for each model at a host and one for each host, open when half of ten calls or more failed within 30
//!   seconds. One probe, whoever sends it, finds out whether it is over; then 1, 2, 4, … calls are let through.
//! - **Put aside** for a while: keys that are refused, pools without credit, models that a pool does not have. Every worker
//!   mirrors that in memory ([`memory`]) and looks at it again right before it sends.
//!
//! A [`Booking`] is settled exactly once, whatever becomes of the call. Without Redis each worker keeps to its own share of
//! the limits ([`share`]), or pauses; a Redis that lost its memory makes everything with a limit wait until all that was
//! booked before is sent.

mod ask;
mod booking;
mod desk;
mod gauges;
mod health;
mod lane;
mod memory;
mod share;
mod window;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::RngExt;
use redis::RedisError;
use shared::config::RedisSettings;
use shared::domain::Step;
use shared::gateway_state;
use shared::profiles::OnRedisLoss;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

pub(crate) use ask::{BreakerTimes, Candidate, Refused, Why};
pub(crate) use booking::{Booking, End};
pub(crate) use gauges::Gauges;
pub(crate) use health::Health;
pub(crate) use memory::{Memory, Scopes};
pub(crate) use window::Window;

use super::verdict::Class;
use ask::Settlement;
use desk::{Away, Desk, Request};
use lane::Lane;
use share::Share;

/// Settlements go alone when nothing came to ride along with for so long.
const QUIET: Duration = Duration::from_millis(75);
/// How often the mirror is renewed, and how often a Redis that is away is looked for.
const LOOK: Duration = Duration::from_secs(1);
const LOOK_AWAY: Duration = Duration::from_millis(200);
/// How soon to come back while calls pause for want of Redis.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Admission {
    till: Arc<Till>,
    memory: Memory,
    on_loss: OnRedisLoss,
    /// How far ahead calls are booked: the longest wait in place.
    horizon: Duration,
    lanes: [Lane; 3],
    /// Those who wait for a pool that is full, one line for each step.
    lines: [Semaphore; 3],
    /// How long it takes from the end of the wait to the send, in microseconds.
    lead: AtomicU64,
    /// The part of it that the reservation takes.
    reserving: AtomicU64,
    settings: RedisSettings,
}

/// What bookings are settled with.
#[derive(Debug)]
pub(crate) struct Till {
    desk: Desk,
    share: Share,
    /// Rung when a call ended.
    freed: Notify,
}

/// A call that was booked.
#[derive(Debug)]
pub(crate) struct Booked {
    pub(crate) candidate: Candidate,
    /// When it is to be sent.
    pub(crate) at: Instant,
    pub(crate) booking: Booking,
}

impl Admission {
    /// Must be called in a runtime. It connects when it is first used.
    pub(crate) fn new(
        settings: &RedisSettings,
        horizon: Duration,
        on_loss: OnRedisLoss,
        breaker: BreakerTimes,
    ) -> Result<Self, RedisError> {
        let desk = Desk::open(settings, horizon, breaker)?;
        Ok(Self {
            till: Arc::new(Till { desk, share: Share::default(), freed: Notify::new() }),
            memory: Memory::default(),
            on_loss,
            horizon,
            lanes: Default::default(),
            lines: std::array::from_fn(|_| Semaphore::new(1)),
            lead: AtomicU64::new(2_000),
            reserving: AtomicU64::new(1_000),
            settings: settings.clone(),
        })
    }

    /// Books a call with the first of `tiers` that has an opening within the horizon, there with the candidate whose
    /// opening is soonest.
    pub(crate) async fn book(&self, step: Step, tiers: &[Vec<Candidate>]) -> Result<Booked, Refused> {
        let until = Instant::now() + self.horizon;
        let mut turn = None;
        loop {
            let refused = match self.try_book(tiers).await {
                Ok(booked) => return Ok(booked),
                Err(refused) => refused,
            };
            let waits = match refused.why {
                // Calls that end make room: those who wait stand in line, and the first of them tries.
                Why::Full => true,
                // A share is not booked ahead.
                _ => self.till.desk.is_away() && refused.opening <= self.horizon && refused.why != Why::Paused,
            };
            if !waits || Instant::now() + refused.opening.min(Duration::from_millis(5)) >= until {
                return Err(refused);
            }
            if refused.why == Why::Full && turn.is_none() {
                match timeout_at(until, self.lines[lane_of(step)].acquire()).await {
                    Ok(Ok(place)) => turn = Some(place),
                    _ => return Err(refused),
                }
                continue;
            }
            let pause = refused.opening.max(Duration::from_millis(2)).mul_f64(rand::rng().random_range(1.0..1.2));
            tokio::select! {
                () = tokio::time::sleep_until((Instant::now() + pause).min(until)) => {}
                () = self.till.freed.notified(), if refused.why == Why::Full => {}
            }
        }
    }

    async fn try_book(&self, tiers: &[Vec<Candidate>]) -> Result<Booked, Refused> {
        let id = format!("{:016x}", rand::rng().random::<u64>());
        let asked = Instant::now();
        let request = Request { id: &id, tiers, lead: self.lead() };
        match self.till.desk.book(request, &self.memory).await {
            Ok(reply) => {
                let grant = reply.outcome?;
                let Some(candidate) = tiers.iter().flatten().nth(grant.candidate).cloned() else {
                    return Err(Refused { why: Why::Nothing, opening: PAUSE, spacing: Duration::ZERO });
                };
                self.till.share.note(&candidate, grant.limits, grant.bound);
                // The clock was read some time between the question and the answer.
                let read = asked + asked.elapsed() / 2;
                let settlement =
                    Settlement { ends: grant.ends, took: grant.took, ..Settlement::unsent(id, candidate.clone()) };
                let booking = Booking::new(settlement, false, Arc::clone(&self.till));
                Ok(Booked { candidate, at: read + grant.wait, booking })
            }
            Err(Away) => self.book_share(id, tiers),
        }
    }

    /// Without Redis.
    fn book_share(&self, id: String, tiers: &[Vec<Candidate>]) -> Result<Booked, Refused> {
        if self.on_loss == OnRedisLoss::Pause {
            return Err(Refused { why: Why::Paused, opening: PAUSE, spacing: Duration::ZERO });
        }
        let (share, now) = (&self.till.share, Instant::now());
        share.begin(now + self.horizon);
        let place = share.book(tiers, |candidate| self.memory.rests(candidate, now), self.horizon, now)?;
        let Some(candidate) = tiers.iter().flatten().nth(place).cloned() else {
            return Err(Refused { why: Why::Nothing, opening: PAUSE, spacing: Duration::ZERO });
        };
        let booking = Booking::new(Settlement::unsent(id, candidate.clone()), true, Arc::clone(&self.till));
        Ok(Booked { candidate, at: now, booking })
    }

    /// When it is this worker's turn to find room after a refusal: when the opening can be booked, and then, at random,
    /// once in the time in which every worker has one turn.
    pub(crate) fn turn_in(&self, refused: &Refused) -> Duration {
        let round = refused.spacing * self.living();
        refused.opening.saturating_sub(self.horizon) + round.mul_f64(rand::rng().random_range(0.0..2.0))
    }

    /// When a post that was refused at `step` comes again.
    pub(crate) fn back_in(&self, step: Step, refused: &Refused) -> Duration {
        // As soon as its time is near enough to be booked.
        let opening = match refused.why {
            Why::Limit | Why::Rest => refused.opening.saturating_sub(self.horizon / 2),
            _ => refused.opening,
        };
        // Where no limit says how many may pass, a fair number a second does.
        let spacing =
            if refused.spacing.is_zero() { Duration::from_millis(20) } else { refused.spacing * self.living() };
        self.lanes[lane_of(step)].back_in(opening, spacing, Instant::now())
    }

    /// Workers that live, within reason.
    fn living(&self) -> u32 {
        self.till.share.living().min(1_000) as u32
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Tells the others that something is put aside, where no booking does.
    pub(crate) fn tell(&self, aside: Option<(String, Duration)>, class: Class) {
        if let Some((name, length)) = aside {
            self.till.desk.tell(name, length, class);
        }
    }

    /// How long before its time a call has to be made ready.
    pub(crate) fn lead(&self) -> Duration {
        Duration::from_micros(self.lead.load(Ordering::Relaxed))
    }

    /// How much of that the reservation takes, which comes last.
    pub(crate) fn reserving(&self) -> Duration {
        Duration::from_micros(self.reserving.load(Ordering::Relaxed))
    }

    /// Takes in how long it took to prepare a call and to reserve its money.
    pub(crate) fn note_lead(&self, prepared: Duration, reserved: Duration) {
        self.note(&self.lead, prepared + reserved);
        self.note(&self.reserving, reserved);
    }

    /// Takes in a time. Slower is believed at once, faster by and by.
    fn note(&self, known: &AtomicU64, took: Duration) {
        let took = took.min(self.horizon / 2).as_micros() as u64;
        let before = known.load(Ordering::Relaxed);
        known.store(if took > before { took } else { before - (before - took) / 16 }, Ordering::Relaxed);
    }

    /// How many workers there are, for shares and lanes.
    pub(crate) fn share_among(&self, living: u64) {
        self.till.share.set_living(living);
    }

    /// Calls of the script so far.
    #[cfg(test)]
    pub(crate) fn calls(&self) -> u64 {
        self.till.desk.calls()
    }

    /// Shows the catalog to others.
    pub(crate) async fn show(&self, catalog: &gateway_state::Catalog) -> Result<(), shared::queue::QueueError> {
        let mut redis = self.till.desk.redis();
        match tokio::time::timeout(LOOK, gateway_state::show(&mut redis, &self.settings.namespace, catalog)).await {
            Ok(shown) => shown,
            Err(_) => Err(shared::queue::QueueError::Timeout),
        }
    }

    /// Settles what nothing comes to ride along with, mirrors what is put aside and hears of it, until `stop` is cancelled;
    /// then settles what is left.
    pub(crate) async fn keep(&self, stop: &CancellationToken) {
        tokio::select! {
            ((), (), ()) = futures::future::join3(self.settle_alone(), self.look(), self.listen()) => {}
            () = stop.cancelled() => {}
        }
        while self.till.desk.waits().0 && self.till.desk.settle(&self.memory).await.is_ok() {}
    }

    async fn settle_alone(&self) {
        let desk = &self.till.desk;
        loop {
            desk.stirred().await;
            let since = Instant::now();
            // A little time for another call to take them along.
            while !desk.waits().1 && since.elapsed() < QUIET && desk.waits().0 {
                let left = QUIET.saturating_sub(since.elapsed());
                let _hurried = tokio::time::timeout(left, desk.stirred()).await;
            }
            while desk.waits().0 && desk.settle(&self.memory).await.is_ok() {}
        }
    }

    async fn look(&self) {
        let desk = &self.till.desk;
        loop {
            let pause = match desk.look(&self.memory).await {
                // It lost its memory: it is told what is remembered here before its word is taken.
                Ok(_) if desk.owes_memories() => Duration::ZERO,
                Ok(reply) => {
                    self.till.share.end();
                    self.memory.mirror(&reply.closed, Instant::now());
                    LOOK
                }
                Err(Away) => {
                    self.till.share.begin(Instant::now() + self.horizon);
                    LOOK_AWAY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn listen(&self) {
        use futures::StreamExt;
        loop {
            match gateway_state::subscribe(&self.settings).await {
                Ok(news) => {
                    let mut news = std::pin::pin!(news);
                    while let Some(news) = news.next().await {
                        self.memory.hear(&news, Instant::now());
                    }
                }
                Err(error) => tracing::debug!(%error, "news of the providers cannot be heard; they are asked for"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

const fn lane_of(step: Step) -> usize {
    match step {
        Step::Caption | Step::Text => 0,
        Step::Image => 1,
        Step::Moderation => 2,
    }
}

#[cfg(test)]
mod tests;
