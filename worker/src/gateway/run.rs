//! The loop: books a time at a target, reserves the money, sends once, settles both, and acts on the verdict.

use std::time::Duration;

use rand::RngExt;
use shared::domain::{AttemptState, CallId, Nanodollars, Step};
use shared::store::advance::Bill;
use tokio::time::Instant;

use super::admission::{Booked, Booking, Candidate, End, Gauges, Health, Refused, Why};
use super::ask::{ChatUsage, Stop};
use super::bill::{price, quote, request_id, unsent_bill};
use super::catalog::{Key, Model, NoRoute, Pool, Provider};
use super::dialect::Reading;
use super::failure::Failure;
use super::offers::{Weight, scopes};
use super::plan::{Course, Offers, Pause, Plan, Target};
use super::prices::Format;
use super::reply::Usage;
use super::stops::{
    closed, exhausted, given_up, interrupted, jittered, not_configured, out_of_time, paused, reason,
    takes_no_references, too_dear,
};
use super::verdict::{Class, Effect, Money, Verdict, verdict};
use super::wire::{Answer, Booking as Room, Bounds, Expected, Request, WireError, exchange};
use super::{Gateway, Inner};
use crate::settle::Ledger;

/// "Retry after 0 seconds" is said by providers that mean a moment.
const SHORTEST_REST: Duration = Duration::from_millis(100);
/// How soon to look again at a target that was closed between the booking and the send.
const AFTER_CLOSED: Duration = Duration::from_millis(25);
/// One kind of work, as the loop sees it.
pub(super) trait Task: Sync {
    type Reply: Send;

    fn step(&self) -> Step;

    /// The route that is asked in place of the step's own.
    fn route(&self) -> Option<&str> {
        None
    }

    /// The most tokens that the answer may have, where the work itself says so.
    fn max_tokens(&self) -> Option<u32> {
        None
    }

    /// How many pictures an image is to show.
    fn references(&self) -> usize {
        0
    }

    /// The request for one target, and the most it can cost.
    fn draft(&self, place: &Place<'_>, double_cap: bool) -> Draft;

    /// What a good HTTP answer holds.
    fn read(
        &self,
        inner: &Inner,
        place: &Place<'_>,
        draft: &Draft,
        answer: Answer,
    ) -> impl Future<Output = Reading<Self::Reply>> + Send;
}

/// A target, looked up.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) provider: &'a Provider,
    pub(super) pool: &'a Pool,
    pub(super) key: &'a Key,
    pub(super) model: &'a Model,
}

/// A call as it would be made.
pub(super) struct Draft {
    pub(super) request: Request,
    /// Bytes of the request, without the pictures in it.
    pub(super) size: usize,
    /// The most that the call can cost.
    pub(super) bound: Nanodollars,
    pub(super) expected: Expected,
    /// Of an image.
    pub(super) format: Option<Format>,
    /// Whether it was asked for with twice the usual cap, because an answer was cut short.
    pub(super) double_cap: bool,
}

/// A reply, and who made it.
pub(super) struct Served<R> {
    pub(super) reply: R,
    pub(super) usage: Option<ChatUsage>,
    pub(super) cost: Nanodollars,
    pub(super) provider: String,
    pub(super) model: String,
}

/// What one call came to.
enum Sent<R> {
    Served {
        reply: R,
        usage: Option<ChatUsage>,
        cost: Nanodollars,
    },
    Failed {
        verdict: Verdict,
        /// What it cost, or may have.
        cost: Nanodollars,
    },
    /// Nothing was sent: its target was closed, or its time missed, while it was made ready.
    Missed,
}

/// What the tries of one step of one post came to so far.
#[derive(Default)]
struct Tries {
    billed: u32,
    cost: Nanodollars,
    last: Option<Class>,
}

impl Tries {
    fn add(&mut self, verdict: &Verdict, cost: Nanodollars) {
        // A limit says less about the post than any other trouble it had.
        let limited = verdict.class == Class::RateLimited;
        self.last = if limited { self.last.or(Some(verdict.class)) } else { Some(verdict.class) };
        self.billed += u32::from(verdict.money != Money::NotBilled);
        self.cost = Nanodollars(self.cost.0.saturating_add(cost.0));
    }
}

impl Gateway {
    /// Runs `task` to its reply, or to the reason that there is none.
    pub(super) async fn run<T: Task>(&self, ledger: &mut impl Ledger, task: &T) -> Result<Served<T::Reply>, Stop> {
        let (catalog, step, start) = (&self.inner.catalog, task.step(), Instant::now());
        let references = task.references();
        let route = catalog.route_for(step, task.route(), references > 0).map_err(|missing| {
            Stop::Failed(match missing {
                NoRoute::Unconfigured => not_configured(),
                NoRoute::TakesNoReferences => takes_no_references(),
            })
        })?;
        let mut plan = Plan::new(catalog, route, self.inner.next_turn(), references > 0);
        let mut tries = Tries::default();
        let mut again: Option<(Target, bool)> = None;
        let mut size = None;
        // Made to be weighed, and sent if it is for the model that is booked.
        let mut drafted: Option<(usize, Draft)> = None;
        loop {
            if start.elapsed() >= catalog.limits.wall() {
                return Err(out_of_time(tries.last));
            }
            if tries.billed >= catalog.limits.billed_attempts {
                return Err(given_up(tries.last.unwrap_or(Class::Unusable)));
            }
            let repeats = again.is_some();
            let (offers, double_cap) = match again.take() {
                Some((target, double_cap)) => (Offers { tiers: vec![vec![target]], soonest: None }, double_cap),
                None => (self.inner.offers(&plan, route), false),
            };
            let Some(first) = offers.tiers.first().and_then(|tier| tier.first()) else {
                return Err(match offers.soonest {
                    Some((until, class)) => closed(until.saturating_duration_since(Instant::now()), class, tries.last),
                    None => exhausted(tries.last),
                });
            };
            let size = *size.get_or_insert_with(|| {
                let draft = task.draft(&self.inner.place(route, *first), false);
                drafted.insert((first.model, draft)).1.size
            });
            let weight = Weight { size, references, asked_cap: task.max_tokens(), double_cap };
            let tiers = self.inner.candidates(step, route, &offers.tiers, &weight);
            let booked = match self.book(step, &tiers).await {
                Ok(booked) => booked,
                // Where the repeat would have gone is full; others may not be.
                Err(_) if repeats => continue,
                Err(refused) => {
                    // A post that has made its caption was not taken in vain: it waits in a lane of its own.
                    if matches!(step, Step::Caption | Step::Text) && !ledger.has_reserved() {
                        self.entrance.intake.refused(self.inner.admission.turn_in(&refused));
                    }
                    return Err(self.inner.turned_away(step, &refused, offers.soonest, tries.last));
                }
            };
            let (target, place) = (booked.candidate.target, self.inner.place(route, booked.candidate.target));
            let left = Nanodollars(catalog.limits.cost().0.saturating_sub(tries.cost.0));
            let draft = match drafted.take() {
                Some((model, draft)) if model == target.model && !double_cap => draft,
                _ => task.draft(&place, double_cap),
            };
            match self.call(ledger, task, &place, draft, booked, left).await? {
                Sent::Served { reply, usage, cost } => {
                    let (provider, model) = (place.provider.name.clone(), place.model.name.clone());
                    return Ok(Served { reply, usage, cost, provider, model });
                }
                Sent::Missed => {
                    tokio::time::sleep(jittered(AFTER_CLOSED)).await;
                    again = repeats.then_some((target, double_cap));
                }
                Sent::Failed { verdict, cost } => {
                    tries.add(&verdict, cost);
                    match plan.failed(target, &verdict, catalog.limits.policy_refusal_tries_next_model) {
                        Course::Again { pause, double_cap } => {
                            if pause == Pause::Jittered {
                                let pause = rand::rng().random_range(100..500);
                                tokio::time::sleep(Duration::from_millis(pause)).await;
                            }
                            again = Some((target, double_cap));
                        }
                        Course::Onward => {}
                        Course::Stop => return Err(exhausted(tries.last)),
                    }
                }
            }
        }
    }

    /// Books a time and sleeps until shortly before it. Whoever sleeps here holds neither a slot nor money.
    async fn book(&self, step: Step, tiers: &[Vec<Candidate>]) -> Result<Booked, Refused> {
        let _waiting = self.entrance.intake.wait();
        let booked = self.inner.admission.book(step, tiers).await?;
        let wait = booked.at.saturating_duration_since(Instant::now());
        self.entrance.intake.granted(wait < self.inner.catalog.limits.patience() / 2);
        tokio::time::sleep(wait.saturating_sub(self.inner.admission.lead())).await;
        Ok(booked)
    }

    /// One call that was booked: reserved right before it is sent, sent at most once, and settled exactly once.
    async fn call<T: Task>(
        &self,
        ledger: &mut impl Ledger,
        task: &T,
        place: &Place<'_>,
        draft: Draft,
        booked: Booked,
        left: Nanodollars,
    ) -> Result<Sent<T::Reply>, Stop> {
        let Booked { candidate, at, mut booking } = booked;
        let picked = Instant::now();
        if self.inner.is_closed(place, &candidate) {
            return Ok(Sent::Missed);
        }
        if draft.bound > left {
            return Err(Stop::Failed(too_dear()));
        }
        let Ok(slot) = self.entrance.slots.acquire().await else { return Err(interrupted()) };
        // Whoever has room never waits for a slot, so those who wait for room get it.
        let room = self.inner.memory.room_to_send(draft.request.encoded_pictures()).await;
        let prepared = picked.elapsed();
        tokio::time::sleep_until(at.checked_sub(self.inner.admission.reserving()).unwrap_or(at)).await;
        if let Err(unsent) = self.inner.last_look(ledger, place, &candidate, at, &booking) {
            return unsent;
        }
        // Last of all: a call that only waits is not in the ledger, where it would be unknown should this worker die.
        let asked = Instant::now();
        let call =
            ledger.reserve(task.step(), quote(&self.inner.catalog, place, draft.bound)).await.map_err(Stop::Refused)?;
        self.inner.admission.note_lead(prepared, asked.elapsed());
        tokio::time::sleep_until(at).await;
        if let Err(unsent) = self.inner.last_look(ledger, place, &candidate, at, &booking) {
            ledger.settle(unsent_bill());
            return unsent;
        }
        booking.sent();
        let started = Instant::now();
        let result = self.inner.send(call, place, &draft, room).await;
        // Reading what came needs no slot.
        drop(slot);
        let mut bill = Bill { duration: started.elapsed(), ..unsent_bill() };
        let (content, usage, gauges) = match result {
            Ok(answer) => {
                bill.provider_request_id = request_id(&answer.headers);
                let gauges = Gauges::read(&answer.headers);
                let reading = task.read(&self.inner, place, &draft, answer).await;
                (reading.content, reading.usage, gauges)
            }
            Err(error) => {
                bill.provider_request_id = error.headers().and_then(request_id);
                let gauges = error.headers().map(Gauges::read).unwrap_or_default();
                (Err(Failure::of_wire(&error)), None, gauges)
            }
        };
        price(&mut bill, content.as_ref().err(), usage.as_ref(), place.model, &draft);
        let cost = if bill.state == AttemptState::Unknown { draft.bound } else { bill.cost };
        ledger.settle(bill);
        let counted = usage.as_ref().filter(|usage| usage.counts_tokens());
        // What pictures count for says nothing about bytes of text.
        if let Some(usage) = counted.filter(|_| task.references() == 0) {
            place.model.prompt_weight.learn(candidate.size, usage.input());
        }
        let used = counted.map(|usage| usage.input() + usage.output());
        let mut end = End { gauges, used, ..End::served() };
        let failure = match content {
            Ok(reply) => {
                booking.settle(end);
                return Ok(Sent::Served { reply, usage: counted.map(Usage::of_chat), cost });
            }
            Err(failure) => failure,
        };
        let verdict = verdict(&failure);
        end.health = Health::of(&failure, &verdict);
        (end.rest, end.aside) = self.inner.take_in(place, &failure, &verdict);
        end.class = verdict.class.code();
        if let Some(rest) = end.rest {
            self.inner.admission.memory().rest(&candidate.meter, rest, Instant::now());
        }
        booking.settle(end);
        Ok(Sent::Failed { verdict, cost })
    }
}

impl Inner {
    /// The last look before a send: is the work still wanted, the lease fresh, the target open, and the time not missed?
    fn last_look<R>(
        &self,
        ledger: &impl Ledger,
        place: &Place<'_>,
        candidate: &Candidate,
        at: Instant,
        booking: &Booking,
    ) -> Result<(), Result<Sent<R>, Stop>> {
        if let Err(refusal) = ledger.may_send() {
            return Err(Err(Stop::Refused(refusal)));
        }
        if !self.guard.may_send() {
            return Err(Err(interrupted()));
        }
        let late = booking.keeps_time() && Instant::now() > at + candidate.window.lateness();
        if late || self.is_closed(place, candidate) { Err(Ok(Sent::Missed)) } else { Ok(()) }
    }

    /// Whether this worker knows that the target is put aside or rests.
    fn is_closed(&self, place: &Place<'_>, candidate: &Candidate) -> bool {
        let (memory, now) = (self.admission.memory(), Instant::now());
        memory.aside(|| scopes(place), now).is_some() || memory.rests(candidate, now).is_some()
    }

    /// No time could be booked: when the post comes again.
    fn turned_away(
        &self,
        step: Step,
        refused: &Refused,
        soonest: Option<(Instant, Class)>,
        last: Option<Class>,
    ) -> Stop {
        match refused.why {
            Why::Large if soonest.is_none() => return Stop::Failed(reason(Class::TooLong)),
            Why::Paused => return Stop::Closed { after: jittered(refused.opening), reason: paused() },
            _ => {}
        }
        let after = self.admission.back_in(step, refused);
        let now = Instant::now();
        match soonest.filter(|(until, _)| *until < now + after && refused.why != Why::Limit) {
            Some((until, class)) => closed(until.saturating_duration_since(now), class, last),
            None => closed(after, refused.why.class(), last),
        }
    }

    async fn send(&self, call: CallId, place: &Place<'_>, draft: &Draft, room: Room) -> Result<Answer, WireError> {
        let bounds = Bounds { first_byte: place.model.first_byte, whole: place.model.deadline, body: draft.expected };
        exchange(&self.http, &self.memory, &place.key.endpoint, call, &draft.request, room, bounds).await
    }

    /// Says what the failure teaches all workers: how long the limit rests, and what is put aside for how long. Keeps the
    /// latter in this worker's memory, and tells the log what an operator has to know.
    pub(super) fn take_in(
        &self,
        place: &Place<'_>,
        failure: &Failure,
        verdict: &Verdict,
    ) -> (Option<Duration>, Option<(String, Duration)>) {
        let (limits, names) = (&self.catalog.limits, scopes(place));
        let aside = match verdict.effect {
            Effect::None | Effect::PoolRests(_) | Effect::SlowDown(_) => None,
            Effect::KeyAside => Some((names.key, limits.quarantine())),
            Effect::PoolAside(wait) => Some((names.pool, wait.unwrap_or_default().max(limits.quarantine()))),
            Effect::ModelRetired => Some((names.model, limits.retired())),
        };
        let rest = match verdict.effect {
            Effect::PoolRests(wait) | Effect::SlowDown(wait) => Some(wait.unwrap_or(limits.rest()).max(SHORTEST_REST)),
            _ => None,
        };
        let keep =
            |(name, length): &(String, Duration)| self.admission.memory().put_aside(name, *length, Instant::now());
        let news = aside.as_ref().is_some_and(keep);
        let (provider, pool, key) = (&place.provider.name, &place.pool.name, &place.key.label);
        let (model, what, class) = (&place.model.name, failure.describe(), verdict.class.code());
        match verdict.effect {
            // Calls that were on their way when the first came back fail too, and are no news.
            Effect::KeyAside if news => tracing::error!(provider, pool, key, model, what, "key refused: put aside"),
            Effect::PoolAside(_) if news => tracing::error!(provider, pool, key, what, "no credit: pool put aside"),
            Effect::ModelRetired if news => tracing::warn!(provider, pool, model, what, "model missing: not asked for"),
            _ => tracing::debug!(provider, pool, key, model, what, class, "call failed"),
        }
        (rest, aside)
    }
}
