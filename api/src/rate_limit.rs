//! How often somebody may do something: limits that refill steadily over their window.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use poem::Request;
use poem::http::{HeaderName, HeaderValue, StatusCode};
use shared::config::HttpSettings;

use crate::door::client_address;
use crate::problem::Problem;

/// A limit that everybody has for themselves; `K` tells them apart.
pub struct RateLimit<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    /// By what callers are told apart, in the headers.
    by: &'static str,
    refusal: &'static str,
    calls: NonZeroU32,
    window: Duration,
}

impl<K: Hash + Eq + Clone> RateLimit<K> {
    /// So many `calls` in a `window`; who makes more is told `refusal`.
    pub fn new(by: &'static str, refusal: &'static str, calls: u32, window: Duration) -> Self {
        let calls = NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN);
        let pace = window / calls.get();
        let quota = Quota::with_period(pace.max(Duration::from_nanos(1))).unwrap_or_else(|| Quota::per_second(calls));
        Self { limiter: DefaultKeyedRateLimiter::keyed(quota.allow_burst(calls)), by, refusal, calls, window }
    }

    /// Counts a call; refuses it when the share is used up.
    pub fn admit(&self, key: &K) -> Result<(), Problem> {
        self.limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let seconds = wait.as_millis().div_ceil(1_000).max(1);
            let policy = format!("\"{}\";q={};w={}", self.by, self.calls, self.window.as_secs());
            let state = format!("\"{}\";r=0;t={seconds}", self.by);
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", self.refusal)
                .retry_after(wait)
                .header(HeaderName::from_static("ratelimit-policy"), text(policy))
                .header(HeaderName::from_static("ratelimit"), text(state))
        })
    }

    /// Forgets those whose share is whole again, so that memory stays bounded.
    pub fn forget_the_idle(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// A limit that every address has for itself.
pub struct AddressLimit {
    limit: RateLimit<IpAddr>,
    trusted_proxies: usize,
}

impl AddressLimit {
    pub fn new(refusal: &'static str, settings: &HttpSettings) -> Self {
        let window = Duration::from_secs(settings.rate_limit_window_seconds.max(1));
        Self {
            limit: RateLimit::new("address", refusal, settings.rate_limit_requests, window),
            trusted_proxies: settings.trusted_proxies,
        }
    }

    /// Counts a call; refuses it when the address has used its share up.
    pub fn admit(&self, request: &Request) -> Result<(), Problem> {
        self.limit.admit(&client_address(request, self.trusted_proxies))
    }

    pub fn forget_the_idle(&self) {
        self.limit.forget_the_idle();
    }
}

fn text(value: String) -> HeaderValue {
    HeaderValue::try_from(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}
