//! What arrived at the providers, and what their own record says about it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use simulator::{BilledCall, Cause, Kind};

/// A call, as its provider recorded it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) provider: &'static str,
    pub(crate) at: DateTime<Utc>,
    pub(crate) billed: BilledCall,
}

impl Call {
    pub(crate) fn read(provider: &'static str, billed: BilledCall) -> Result<Self> {
        let at = DateTime::parse_from_rfc3339(&billed.at).context("the bill's times are RFC 3339")?.to_utc();
        Ok(Self { provider, at, billed })
    }

    /// What shares limits: a key (each is its own pool here) and a model.
    fn lane(&self) -> (&str, &str) {
        (&self.billed.key, &self.billed.model)
    }

    fn is_over_limit(&self) -> bool {
        self.billed.cause == Cause::Limit
    }
}

/// Calls that a provider refused because they were over its limit.
pub(crate) fn over_limit(calls: &[Call]) -> usize {
    calls.iter().filter(|call| call.is_over_limit()).count()
}

/// Calls that came to a lane which had been told to stay away, and how late the latest of them was.
///
/// `grace` is how long an answer may take to reach every worker; `unstated` is the rest that follows a refusal that does
/// not say how long.
pub(crate) fn in_rests(calls: &[Call], grace: Duration, unstated: Duration) -> Vec<(Call, Duration)> {
    let mut rests: BTreeMap<(&str, &str), Range<DateTime<Utc>>> = BTreeMap::new();
    let mut broken = Vec::new();
    for call in calls {
        if let Some(rest) = rests.get(&call.lane())
            && rest.contains(&call.at)
        {
            let late = (call.at - rest.start).to_std().unwrap_or_default() + grace;
            broken.push((call.clone(), late));
        }
        if call.billed.status == 429 {
            let rest = call.billed.retry_after_ms.map_or(unstated, Duration::from_millis);
            // One that is told to stay away for longer than another does not come back sooner for it.
            let until = call.at + delta(rest);
            if rests.get(&call.lane()).is_none_or(|known| known.end < until) {
                let from = rests.get(&call.lane()).map_or(call.at + delta(grace), |known| known.start);
                let running = rests.get(&call.lane()).is_some_and(|known| known.end > call.at);
                let from = if running { from } else { call.at + delta(grace) };
                rests.insert(call.lane(), from..until);
            }
        }
    }
    broken
}

/// Calls by a condition that came more than `grace` after the first of them.
pub(crate) fn later_than_first(calls: &[Call], grace: Duration, is: impl Fn(&Call) -> bool) -> usize {
    let mut times = calls.iter().filter(|call| is(call)).map(|call| call.at);
    let Some(first) = times.next() else { return 0 };
    times.filter(|at| *at > first + delta(grace)).count()
}

/// How much of a limit was used, by dimension.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Use {
    pub(crate) requests: f64,
    pub(crate) tokens: f64,
    pub(crate) images: f64,
}

impl Use {
    /// Of the dimension that binds.
    pub(crate) fn most(self) -> f64 {
        self.requests.max(self.tokens).max(self.images)
    }
}

/// What a lane may use in a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    pub(crate) limits: simulator::Limits,
    pub(crate) window: Duration,
    /// Tokens that a chat reserves for its answer.
    pub(crate) completion_cap: u64,
}

/// How much of what one key allows one model was used between two times, as shares of 1.
pub(crate) fn utilisation(
    calls: &[Call],
    (key, model): (&str, &str),
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    allowance: Allowance,
) -> Use {
    let windows = (until - from).as_seconds_f64() / allowance.window.as_secs_f64();
    let mut used = Use::default();
    let in_time = |call: &&Call| call.lane() == (key, model) && (from..until).contains(&call.at);
    for call in calls.iter().filter(in_time).filter(|call| !call.is_over_limit()) {
        used.requests += 1.0;
        used.images += call.billed.usage.images as f64;
        if call.billed.kind == Kind::Chat {
            used.tokens += (call.billed.usage.input_tokens + allowance.completion_cap) as f64;
        }
    }
    let share = |amount: f64, limit: Option<u64>| limit.map_or(0.0, |limit| amount / (limit as f64 * windows));
    Use {
        requests: share(used.requests, allowance.limits.requests),
        tokens: share(used.tokens, allowance.limits.tokens),
        images: share(used.images, allowance.limits.images),
    }
}

/// Calls to a broken model that were neither needed to see that it is broken nor probes, and the probes.
///
/// The breaker's promise: once `enough` calls of a window have come back and half of them failed, only one call at a time
/// goes there, `first` after that, then after twice as long, and so on.
pub(crate) fn past_open_breaker(calls: &[&Call], grace: Duration, first: Duration) -> (usize, usize) {
    const ENOUGH: usize = 10;
    let failed = |call: &Call| call.billed.status >= 500;
    let (mut seen, mut bad, mut opened) = (0_usize, 0_usize, None);
    for call in calls {
        seen += 1;
        bad += usize::from(failed(call));
        if seen >= ENOUGH && bad * 2 >= seen {
            opened = Some(call.at);
            break;
        }
    }
    let Some(mut opened) = opened else { return (0, 0) };
    let (mut wait, mut probes, mut stray) = (first, 0, 0);
    for call in calls.iter().filter(|call| call.at > opened + delta(grace)).collect::<Vec<_>>() {
        // A tenth less than promised: the breaker's clock begins when an answer reaches it, and jitter is no fault.
        if call.at >= opened + delta(wait.mul_f64(0.9)) {
            probes += 1;
            if !failed(call) {
                break;
            }
            (opened, wait) = (call.at, (wait * 2).min(Duration::from_mins(5)));
        } else {
            stray += 1;
        }
    }
    (stray, probes)
}

pub(crate) fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, Utc};
    use simulator::{BilledCall, Cause, Kind, Limits, Usage};

    use super::{Allowance, Call, in_rests, past_open_breaker, utilisation};

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(millis).expect("a time")
    }

    fn call(millis: i64, status: u16) -> Call {
        let billed = BilledCall {
            request_id: "r".to_owned(),
            client_request_id: None,
            key: "k".to_owned(),
            model: "m".to_owned(),
            kind: Kind::Chat,
            status,
            usage: Usage { input_tokens: 100, output_tokens: 10, images: 0 },
            cost_nanos: 0,
            cause: Cause::Fault,
            retry_after_ms: (status == 429).then_some(2_000),
            batch_id: None,
            at: at(millis).to_rfc3339(),
        };
        Call { provider: "openai", at: at(millis), billed }
    }

    #[test]
    fn a_call_in_a_rest_is_seen_and_one_on_its_way_is_not() {
        let calls = [call(0, 429), call(50, 200), call(1_000, 200), call(2_000, 200)];
        let broken = in_rests(&calls, Duration::from_millis(100), Duration::from_secs(5));
        assert_eq!(broken.len(), 1);
        assert_eq!(broken[0].0.at, at(1_000));
    }

    #[test]
    fn use_is_a_share_of_what_the_time_allows() {
        let calls: Vec<Call> = (0..30).map(|second| call(second * 1_000, 200)).collect();
        let allowance = Allowance {
            limits: Limits { requests: Some(60), tokens: Some(12_000), images: None },
            window: Duration::from_mins(1),
            completion_cap: 300,
        };
        let used = utilisation(&calls, ("k", "m"), (at(0), at(30_000)), allowance);
        assert!((used.requests - 1.0).abs() < 1e-9 && (used.tokens - 2.0).abs() < 1e-9, "{used:?}");
    }

    #[test]
    fn probes_are_told_from_strays() {
        let mut calls: Vec<Call> = (0..10).map(|place| call(place * 10, 503)).collect();
        calls.extend([call(2_000, 503), call(5_100, 503), call(6_000, 503), call(15_200, 200), call(15_300, 200)]);
        let calls: Vec<&Call> = calls.iter().collect();
        assert_eq!(past_open_breaker(&calls, Duration::from_millis(200), Duration::from_secs(5)), (2, 2));
    }
}
