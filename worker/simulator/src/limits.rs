//! Rate limits, enforced: sliding windows over requests, tokens and images, one set for each pool of keys.
//!
//! A call is admitted if every window that counts it has room for it, and is then counted in all of them at once.
//! A refused call is not counted. Tokens are charged when the call is admitted: what the prompt takes plus the
//! completion cap, as providers do, or what the call really used ([`TokenCharge`]).

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::{HeaderName, HeaderValue};

use crate::refusal::Refusal;

/// What one pool of keys may use in one window (a minute, if not configured otherwise). `None` is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    pub requests: Option<u64>,
    pub tokens: Option<u64>,
    pub images: Option<u64>,
}

impl Limits {
    /// No limits.
    pub const NONE: Self = Self { requests: None, tokens: None, images: None };
}

/// Whether all models of a pool share its limits, or each model has them to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LimitScope {
    #[default]
    Pool,
    PoolAndModel,
}

/// How many tokens a chat call takes from the tokens of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenCharge {
    /// Prompt plus `max_completion_tokens`, kept even if less was used.
    #[default]
    Reserved,
    /// What the call really used.
    Used,
}

/// What a call wants from the windows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand {
    pub(crate) tokens: u64,
    pub(crate) images: u64,
}

#[derive(Debug)]
pub(crate) struct Meter {
    span: Duration,
    scope: LimitScope,
    pools: Mutex<HashMap<Owner, Windows>>,
}

/// A pool, and a model if each model has limits of its own.
type Owner = (Arc<str>, Option<Arc<str>>);

/// `x-ratelimit-*` headers.
pub(crate) type Gauges = Vec<(HeaderName, HeaderValue)>;

impl Meter {
    pub(crate) fn new(span: Duration, scope: LimitScope) -> Self {
        Self { span, scope, pools: Mutex::default() }
    }

    /// Books the call, or says when it would fit. The headers describe the windows after the decision.
    pub(crate) fn admit(
        &self,
        pool: &Arc<str>,
        model: &Arc<str>,
        limits: Limits,
        demand: Demand,
        now: Instant,
    ) -> (Gauges, Result<(), Refusal>) {
        if limits == Limits::NONE {
            return (Gauges::new(), Ok(()));
        }
        let owner = (pool.clone(), (self.scope == LimitScope::PoolAndModel).then(|| model.clone()));
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let windows = pools.entry(owner).or_insert_with(|| Windows::new(limits));
        windows.expire(now, self.span);
        let verdict = windows.book(demand, now, self.span, model);
        (windows.gauges(now, self.span), verdict)
    }

    pub(crate) fn clear(&self) {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[derive(Debug)]
struct Windows {
    requests: Option<Window>,
    tokens: Option<Window>,
    images: Option<Window>,
}

impl Windows {
    fn new(limits: Limits) -> Self {
        Self {
            requests: limits.requests.map(Window::new),
            tokens: limits.tokens.map(Window::new),
            images: limits.images.map(Window::new),
        }
    }

    fn lines(&mut self, demand: Demand) -> [(&'static str, &'static str, u64, &mut Option<Window>); 3] {
        [
            ("requests", "requests per min (RPM)", 1, &mut self.requests),
            ("tokens", "tokens per min (TPM)", demand.tokens, &mut self.tokens),
            ("images", "images per min (IPM)", demand.images, &mut self.images),
        ]
    }

    fn expire(&mut self, now: Instant, span: Duration) {
        for window in [&mut self.requests, &mut self.tokens, &mut self.images].into_iter().flatten() {
            window.expire(now, span);
        }
    }

    fn book(&mut self, demand: Demand, now: Instant, span: Duration, model: &str) -> Result<(), Refusal> {
        for (category, name, amount, window) in self.lines(demand) {
            let Some(window) = window else { continue };
            if amount == 0 || window.fits(amount) {
                continue;
            }
            let (limit, used) = (window.limit, window.used);
            let place = format!("for {model} in organization org-simulated on {name}");
            let code = "rate_limit_exceeded";
            let Some(wait) = window.wait_for(amount, now, span) else {
                let message = format!("Request too large {place}: Limit {limit}, Requested {amount}.");
                return Err(Refusal::new(429, category, code, message));
            };
            let again = go_duration(wait);
            let counts = format!("Limit {limit}, Used {used}, Requested {amount}");
            let message = format!("Rate limit reached {place}: {counts}. Please try again in {again}.");
            return Err(Refusal::new(429, category, code, message).retry_after(wait));
        }
        for (_, _, amount, window) in self.lines(demand) {
            if let Some(window) = window {
                window.take(amount, now);
            }
        }
        Ok(())
    }

    fn gauges(&self, now: Instant, span: Duration) -> Gauges {
        let mut headers = Gauges::new();
        let mut gauge = |window: &Option<Window>, limit, remaining, reset| {
            let Some(window) = window else { return };
            headers.push((HeaderName::from_static(limit), HeaderValue::from(window.limit)));
            headers.push((HeaderName::from_static(remaining), HeaderValue::from(window.limit - window.used)));
            let reset_in = go_duration(window.empty_in(now, span));
            if let Ok(value) = HeaderValue::from_str(&reset_in) {
                headers.push((HeaderName::from_static(reset), value));
            }
        };
        gauge(
            &self.requests,
            "x-ratelimit-limit-requests",
            "x-ratelimit-remaining-requests",
            "x-ratelimit-reset-requests",
        );
        gauge(&self.tokens, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens");
        gauge(&self.images, "x-ratelimit-limit-images", "x-ratelimit-remaining-images", "x-ratelimit-reset-images");
        headers
    }
}

/// One sliding window: what was taken, and when.
#[derive(Debug)]
struct Window {
    limit: u64,
    used: u64,
    taken: VecDeque<(Instant, u64)>,
}

impl Window {
    fn new(limit: u64) -> Self {
        Self { limit, used: 0, taken: VecDeque::new() }
    }

    fn expire(&mut self, now: Instant, span: Duration) {
        while let Some(&(at, amount)) = self.taken.front() {
            if now.duration_since(at) < span {
                break;
            }
            self.used -= amount;
            self.taken.pop_front();
        }
    }

    fn fits(&self, amount: u64) -> bool {
        self.used + amount <= self.limit
    }

    fn take(&mut self, amount: u64, now: Instant) {
        if amount > 0 {
            self.used += amount;
            self.taken.push_back((now, amount));
        }
    }

    /// Time until `amount` fits; `None` if it never does.
    fn wait_for(&self, amount: u64, now: Instant, span: Duration) -> Option<Duration> {
        let mut over = (self.used + amount).saturating_sub(self.limit);
        if amount > self.limit {
            return None;
        }
        for &(at, taken) in &self.taken {
            over = over.saturating_sub(taken);
            if over == 0 {
                return Some((at + span).saturating_duration_since(now));
            }
        }
        Some(Duration::ZERO)
    }

    /// Time until nothing of the window is used.
    fn empty_in(&self, now: Instant, span: Duration) -> Duration {
        self.taken.back().map_or(Duration::ZERO, |&(at, _)| (at + span).saturating_duration_since(now))
    }
}

/// The way providers write durations in headers: `6m0s`, `1m2.5s`, `17ms`, `0s`.
fn go_duration(duration: Duration) -> String {
    let millis = duration.as_nanos().div_ceil(1_000_000) as u64;
    if millis == 0 {
        return "0s".into();
    }
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let (minutes, rest) = (millis / 60_000, millis % 60_000);
    let seconds = match rest % 1000 {
        0 => format!("{}s", rest / 1000),
        part => format!("{}.{}s", rest / 1000, format!("{part:03}").trim_end_matches('0')),
    };
    match minutes {
        0 => seconds,
        1..60 => format!("{minutes}m{seconds}"),
        _ => format!("{}h{}m{seconds}", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn meter() -> Meter {
        Meter::new(MINUTE, LimitScope::Pool)
    }

    fn header<'a>(gauges: &'a Gauges, name: &str) -> &'a str {
        let (_, value) = gauges.iter().find(|(header, _)| header == name).expect("the header is set");
        value.to_str().expect("ASCII")
    }

    #[test]
    fn durations_read_as_providers_write_them() {
        let texts = [(0, "0s"), (17, "17ms"), (1000, "1s"), (1500, "1.5s"), (62_500, "1m2.5s"), (360_000, "6m0s")];
        for (millis, text) in texts {
            assert_eq!(go_duration(Duration::from_millis(millis)), text);
        }
        assert_eq!(go_duration(Duration::from_secs(3661)), "1h1m1s");
    }

    #[test]
    fn the_window_slides() {
        let meter = meter();
        let start = Instant::now();
        let (pool, model) = (Arc::from("p"), Arc::from("m"));
        let limits = Limits { requests: Some(2), ..Limits::NONE };
        let call = |second| {
            meter.admit(&pool, &model, limits, Demand { tokens: 5, images: 0 }, start + Duration::from_secs(second))
        };
        assert!(call(0).1.is_ok());
        let (gauges, verdict) = call(40);
        assert!(verdict.is_ok());
        assert_eq!(header(&gauges, "x-ratelimit-remaining-requests"), "0");
        assert_eq!(header(&gauges, "x-ratelimit-reset-requests"), "1m0s");
        let refusal = call(40).1.expect_err("the third call within a minute");
        assert_eq!((refusal.status, refusal.category.as_str()), (429, "requests"));
        assert!(refusal.message.ends_with("Please try again in 20s."), "{}", refusal.message);
        assert!(call(60).1.is_ok(), "the first call has left the window");
        assert!(call(60).1.is_err(), "the second has not");
    }

    #[test]
    fn tokens_are_counted_and_a_call_over_the_limit_never_fits() {
        let meter = meter();
        let now = Instant::now();
        let (pool, model) = (Arc::from("p"), Arc::from("m"));
        let limits = Limits { tokens: Some(100), ..Limits::NONE };
        let call = |tokens| meter.admit(&pool, &model, limits, Demand { tokens, images: 0 }, now).1;
        assert!(call(60).is_ok());
        assert_eq!(call(60).expect_err("20 too many").category, "tokens");
        assert!(call(40).is_ok());
        let refusal = call(101).expect_err("larger than the window");
        assert!(refusal.message.starts_with("Request too large"), "{}", refusal.message);
        assert!(refusal.headers.is_empty(), "no use in waiting");
    }

    #[test]
    fn a_refused_call_takes_nothing_from_any_window() {
        let meter = meter();
        let now = Instant::now();
        let (pool, model) = (Arc::from("p"), Arc::from("m"));
        let limits = Limits { requests: Some(5), images: Some(1), ..Limits::NONE };
        let call = |images| meter.admit(&pool, &model, limits, Demand { tokens: 0, images }, now);
        assert!(call(1).1.is_ok());
        assert!(call(1).1.is_err());
        assert_eq!(header(&call(0).0, "x-ratelimit-remaining-requests"), "3");
    }

    #[test]
    fn pools_are_apart_and_models_too_when_asked() {
        let limits = Limits { requests: Some(1), ..Limits::NONE };
        let demand = Demand { tokens: 0, images: 0 };
        let now = Instant::now();
        let (one, two): (Arc<str>, Arc<str>) = (Arc::from("one"), Arc::from("two"));
        let shared = meter();
        assert!(shared.admit(&one, &one, limits, demand, now).1.is_ok());
        assert!(shared.admit(&two, &one, limits, demand, now).1.is_ok(), "another pool");
        assert!(shared.admit(&one, &two, limits, demand, now).1.is_err(), "another model of the same pool");
        let apart = Meter::new(MINUTE, LimitScope::PoolAndModel);
        assert!(apart.admit(&one, &one, limits, demand, now).1.is_ok());
        assert!(apart.admit(&one, &two, limits, demand, now).1.is_ok());
    }
}
