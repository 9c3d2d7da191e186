//! How often one address may try to get in.

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

/// A limit that refills steadily over its window.
pub struct RateLimit {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    calls: NonZeroU32,
    window: Duration,
    trusted_proxies: usize,
}

impl RateLimit {
    pub fn new(settings: &HttpSettings) -> Self {
        let calls = NonZeroU32::new(settings.rate_limit_requests).unwrap_or(NonZeroU32::MIN);
        let window = Duration::from_secs(settings.rate_limit_window_seconds.max(1));
        let pace = window / calls.get();
        let quota = Quota::with_period(pace.max(Duration::from_nanos(1))).unwrap_or_else(|| Quota::per_second(calls));
        Self {
            limiter: DefaultKeyedRateLimiter::keyed(quota.allow_burst(calls)),
            calls,
            window,
            trusted_proxies: settings.trusted_proxies,
        }
    }

    /// Counts a call; refuses it when the address has used its share up.
    pub fn admit(&self, request: &Request) -> Result<(), Problem> {
        let address = client_address(request, self.trusted_proxies);
        self.limiter.check_key(&address).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let seconds = wait.as_millis().div_ceil(1_000).max(1);
            let policy = format!("\"address\";q={};w={}", self.calls, self.window.as_secs());
            let state = format!("\"address\";r=0;t={seconds}");
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many attempts from this address.")
                .retry_after(wait)
                .header(HeaderName::from_static("ratelimit-policy"), text(policy))
                .header(HeaderName::from_static("ratelimit"), text(state))
        })
    }

    /// Forgets addresses whose share is whole again, so that memory stays bounded.
    pub fn forget_the_idle(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

fn text(value: String) -> HeaderValue {
    HeaderValue::try_from(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}
