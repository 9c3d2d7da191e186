//! The loop: picks a target, books the call, sends it once, settles it, and acts on the verdict.

use std::time::Duration;

use http::HeaderMap;
use rand::RngExt;
use shared::domain::{AttemptState, CallId, Nanodollars, Outcome, Step};
use shared::store::advance::{Bill, CostSource, Quote, Reason};
use tokio::time::Instant;

use super::ask::Stop;
use super::catalog::{Catalog, Key, Model, Pool, Provider};
use super::dialect::Reading;
use super::failure::Failure;
use super::plan::{Course, Pause, Pick, Plan, Target};
use super::prices::Format;
use super::reply::Usage;
use super::verdict::{Class, Effect, Money, Verdict, verdict};
use super::wire::{Answer, Bounds, Expected, Request, WireError, exchange};
use super::{Inner, admission::Standing};
use crate::settle::Ledger;

/// How soon it makes sense to come back after everything was tried.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);
/// How soon to look again when only an operator can help.
const AFTER_REFUSAL: Duration = Duration::from_secs(30);
/// How soon another worker, or this one with a fresh lease, may try.
const AFTER_LOST_LEASE: Duration = Duration::from_secs(1);

/// One kind of work, as the loop sees it.
pub(super) trait Task: Sync {
    type Reply: Send;

    fn step(&self) -> Step;

    /// The request for one target, and the most it can cost.
    fn draft(&self, place: &Place<'_>, double_cap: bool) -> Draft;

    /// What a good HTTP answer holds.
    fn read(
        &self,
        inner: &Inner,
        place: &Place<'_>,
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
    pub(super) bound: Nanodollars,
    pub(super) expected: Expected,
    /// Of an image.
    pub(super) format: Option<Format>,
}

/// A reply, and who made it.
pub(super) struct Served<R> {
    pub(super) reply: R,
    pub(super) provider: String,
    pub(super) model: String,
}

/// What one call came to.
enum Sent<R> {
    Served(R),
    Failed(Failure),
    /// Nothing was sent: while it waited for its turn, its target was closed.
    Closed,
}

impl Inner {
    /// Runs `task` to its reply, or to the reason that there is none.
    pub(super) async fn run<T: Task>(&self, ledger: &mut impl Ledger, task: &T) -> Result<Served<T::Reply>, Stop> {
        let (catalog, start) = (&self.catalog, Instant::now());
        let Some(route) = catalog.route(task.step()) else { return Err(Stop::Failed(not_configured())) };
        let mut plan = Plan::new(catalog, route, self.next_turn());
        let (mut billed, mut last): (u32, Option<Class>) = (0, None);
        let mut again: Option<(Target, bool)> = None;
        loop {
            if start.elapsed() >= catalog.limits.wall() {
                return Err(wait(AFTER_TROUBLE, last.unwrap_or(Class::NoAnswer)));
            }
            if billed >= catalog.limits.billed_attempts {
                return Err(given_up(last.unwrap_or(Class::Unusable)));
            }
            let (target, double_cap) = match again.take() {
                Some(again) => again,
                None => match plan.pick(route, &self.admission, &catalog.limits, Instant::now()) {
                    Pick::Call(target) => (target, false),
                    Pick::Sleep(rest) => {
                        // Those who wait for the same opening do not all come at once.
                        tokio::time::sleep(jittered(rest)).await;
                        continue;
                    }
                    Pick::Wait(rest, class) => return Err(closed(rest, class, last)),
                    Pick::Exhausted => return Err(exhausted(last)),
                },
            };
            let place = Place {
                provider: &catalog.providers[target.provider],
                pool: &catalog.pools[target.pool],
                key: &catalog.keys[target.key],
                model: &route.models[target.model],
            };
            let failure = match self.call(ledger, task, target, &place, double_cap).await? {
                Sent::Served(reply) => {
                    let (provider, model) = (place.provider.name.clone(), place.model.name.clone());
                    return Ok(Served { reply, provider, model });
                }
                Sent::Closed => continue,
                Sent::Failed(failure) => failure,
            };
            let verdict = verdict(&failure);
            self.take_in(target, &place, &failure, &verdict);
            // A limit says less about the post than any other trouble it had.
            last = if verdict.class == Class::RateLimited { last.or(Some(verdict.class)) } else { Some(verdict.class) };
            billed += u32::from(verdict.money != Money::NotBilled);
            match plan.failed(target, &verdict, catalog.limits.policy_refusal_tries_next_model) {
                Course::Again { pause, double_cap } => {
                    if pause == Pause::Jittered {
                        let pause = rand::rng().random_range(100..500);
                        tokio::time::sleep(Duration::from_millis(pause)).await;
                    }
                    again = Some((target, double_cap));
                }
                Course::Onward => {}
                Course::Stop => return Err(exhausted(last)),
            }
        }
    }

    /// One call: booked, sent at most once, and settled exactly once.
    async fn call<T: Task>(
        &self,
        ledger: &mut impl Ledger,
        task: &T,
        target: Target,
        place: &Place<'_>,
        double_cap: bool,
    ) -> Result<Sent<T::Reply>, Stop> {
        let draft = task.draft(place, double_cap);
        let call =
            ledger.reserve(task.step(), quote(&self.catalog, place, draft.bound)).await.map_err(Stop::Refused)?;
        let Ok(slot) = self.slots.acquire().await else {
            ledger.settle(unsent_bill());
            return Err(interrupted());
        };
        if let Err(refusal) = ledger.may_send() {
            ledger.settle(unsent_bill());
            return Err(Stop::Refused(refusal));
        }
        if let Err(unsent) = self.may_send(target, place) {
            ledger.settle(unsent_bill());
            return unsent;
        }
        let started = Instant::now();
        let result = self.send(call, place, &draft).await;
        // Reading what came needs no slot.
        drop(slot);
        let mut bill = Bill { duration: started.elapsed(), ..unsent_bill() };
        let (content, usage) = match result {
            Ok(answer) => {
                bill.provider_request_id = request_id(&answer.headers);
                let reading = task.read(self, place, answer).await;
                (reading.content, reading.usage)
            }
            Err(error) => {
                bill.provider_request_id = error.headers().and_then(request_id);
                (Err(Failure::of_wire(&error)), None)
            }
        };
        price(&mut bill, content.as_ref().err(), usage.as_ref(), place.model, &draft);
        ledger.settle(bill);
        Ok(match content {
            Ok(reply) => Sent::Served(reply),
            Err(failure) => Sent::Failed(failure),
        })
    }

    /// The last look before a send: is the lease fresh, and is the target still open?
    fn may_send<R>(&self, target: Target, place: &Place<'_>) -> Result<(), Result<Sent<R>, Stop>> {
        if !self.guard.may_send() {
            return Err(Err(interrupted()));
        }
        match self.admission.standing(target, &place.model.name, Instant::now()) {
            Standing::Open => Ok(()),
            Standing::Resting(_) | Standing::Aside(..) => Err(Ok(Sent::Closed)),
        }
    }

    async fn send(&self, call: CallId, place: &Place<'_>, draft: &Draft) -> Result<Answer, WireError> {
        let bounds = Bounds { first_byte: place.model.first_byte, whole: place.model.deadline, body: draft.expected };
        exchange(&self.http, &self.memory, &place.key.endpoint, call, &draft.request, bounds).await
    }

    /// Tells the admission what the failure teaches, and the log what an operator has to know.
    pub(super) fn take_in(&self, target: Target, place: &Place<'_>, failure: &Failure, verdict: &Verdict) {
        let limits = &self.catalog.limits;
        let news = self.admission.learn(target, &place.model.name, verdict.effect, limits, Instant::now());
        let (provider, pool, key) = (&place.provider.name, &place.pool.name, &place.key.label);
        let (model, what, class) = (&place.model.name, failure.describe(), verdict.class.code());
        match verdict.effect {
            // Calls that were on their way when the first came back fail too, and are no news.
            Effect::KeyAside if news => tracing::error!(provider, pool, key, model, what, "key refused: put aside"),
            Effect::PoolAside(_) if news => tracing::error!(provider, pool, key, what, "no credit: pool put aside"),
            Effect::ModelRetired if news => tracing::warn!(provider, pool, model, what, "model missing: not asked for"),
            _ => tracing::debug!(provider, pool, key, model, what, class, "call failed"),
        }
    }
}

pub(super) fn quote(catalog: &Catalog, place: &Place<'_>, reserved: Nanodollars) -> Quote {
    Quote {
        provider: place.provider.name.clone(),
        pool: place.pool.name.clone(),
        key_label: place.key.label.clone(),
        model: place.model.name.clone(),
        reserved,
        price_version: catalog.price_version.clone(),
    }
}

/// The bill of a call that was booked and not sent.
pub(super) fn unsent_bill() -> Bill {
    Bill {
        state: AttemptState::Failed,
        outcome: Outcome::Error,
        verdict: Some("not sent".to_owned()),
        cost: Nanodollars::ZERO,
        cost_source: CostSource::None,
        usage: None,
        provider_request_id: None,
        duration: Duration::ZERO,
    }
}

/// Writes into `bill` what the call cost and why the gateway moves on.
pub(super) fn price(bill: &mut Bill, failure: Option<&Failure>, usage: Option<&Usage>, model: &Model, draft: &Draft) {
    bill.usage = usage.map(Usage::to_json);
    let stated = usage.and_then(Usage::stated_cost).and_then(Nanodollars::from_usd);
    let counted = || model.price.cost(usage.and_then(Usage::tokens), draft.format.as_ref());
    let Some(failure) = failure else {
        (bill.state, bill.outcome, bill.verdict) = (AttemptState::Settled, Outcome::Ok, None);
        (bill.cost, bill.cost_source) = match stated {
            Some(cost) => (cost, CostSource::Provider),
            // A success that does not say what it used is taken at the most it can have cost.
            None => (counted().unwrap_or(draft.bound), CostSource::Prices),
        };
        return;
    };
    let verdict = verdict(failure);
    bill.verdict = Some(format!("{}: {}", verdict.class.code(), failure.describe()));
    let known = match (verdict.money, failure, usage) {
        (Money::NotBilled, _, _) | (_, Failure::ErrorInSuccess(_), None) => {
            (bill.state, bill.outcome) = (AttemptState::Failed, Outcome::Error);
            return;
        }
        (Money::Unknown, _, _) | (Money::ByUsage, Failure::NoImage, None) => None,
        (Money::ByUsage, _, _) => {
            let by_price = || counted().map(|cost| (cost, CostSource::Prices));
            stated.map(|cost| (cost, CostSource::Provider)).or_else(by_price)
        }
    };
    if let Some((cost, source)) = known {
        (bill.state, bill.outcome) = (AttemptState::Settled, Outcome::Rejected);
        (bill.cost, bill.cost_source) = (cost, source);
    } else {
        (bill.state, bill.outcome) = (AttemptState::Unknown, Outcome::Error);
    }
}

/// The provider's id of a call, if it is one.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    (id.len() <= 128).then(|| id.to_owned())
}

/// Up to a quarter more than `rest`.
fn jittered(rest: Duration) -> Duration {
    rest + rest.mul_f64(rand::rng().random_range(0.0..0.25)) + Duration::from_millis(1)
}

pub(super) fn reason(class: Class) -> Reason {
    Reason { class: class.code(), message: class.message().to_owned() }
}

fn wait(after: Duration, class: Class) -> Stop {
    Stop::Wait { after, reason: reason(class) }
}

/// Nothing is open. What only an operator can mend is looked at again soon, in case it was.
fn closed(rest: Duration, class: Class, last: Option<Class>) -> Stop {
    match (class, last) {
        (Class::RateLimited, None | Some(Class::RateLimited)) => Stop::Closed { after: rest, reason: reason(class) },
        (Class::RateLimited, Some(trouble)) => wait(rest, trouble),
        _ => wait(rest.min(AFTER_REFUSAL), class),
    }
}

/// Everything that could help was tried.
fn exhausted(last: Option<Class>) -> Stop {
    match last {
        Some(class) if class.is_final() => Stop::Failed(reason(class)),
        Some(class @ (Class::KeyRefused | Class::OutOfCredit | Class::ModelMissing | Class::RegionRefused)) => {
            wait(AFTER_REFUSAL, class)
        }
        Some(class) => wait(AFTER_TROUBLE, class),
        None => wait(AFTER_TROUBLE, Class::ProviderError),
    }
}

/// The cap on calls that cost money and gave nothing was reached.
fn given_up(last: Class) -> Stop {
    match last {
        Class::Unusable | Class::CutShort | Class::ContentPolicy => Stop::Failed(reason(last)),
        class => wait(AFTER_TROUBLE, class),
    }
}

fn interrupted() -> Stop {
    let message = "The worker was interrupted before it could make the call. The post is tried again.".to_owned();
    Stop::Closed { after: AFTER_LOST_LEASE, reason: Reason { class: "interrupted", message } }
}

fn not_configured() -> Reason {
    let message =
        "No AI provider is configured. Set OPENAI_API_KEY (or OPENROUTER_API_KEY_1, A4F_API_KEY), restart the \
                   workers, then retry the post."
            .to_owned();
    Reason { class: "not_configured", message }
}
