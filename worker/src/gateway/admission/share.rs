//! Without Redis: each worker keeps to its own share of every limit, nine tenths of it divided by the living workers.
//!
//! What was booked when Redis went away is still sent, so a share opens only a horizon later. Calls in flight have a share
//! too. Nothing is booked ahead: a call goes now, or one looks again later.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

use super::ask::{Candidate, Refused, Why};

/// How much of a limit the workers use together.
const USED: f64 = 0.9;
/// How soon to look again where nothing says it.
const AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub(super) struct Share(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// None until somebody has counted.
    living: Option<u64>,
    /// Since when limits may be used without Redis.
    opens: Option<Instant>,
    /// The limits in force, by meter, as Redis last said.
    limits: HashMap<String, [u64; 3]>,
    /// How many calls all workers may have in flight, by pool.
    bounds: HashMap<String, u64>,
    in_flight: HashMap<String, u64>,
    limiters: HashMap<(String, usize), Limiter>,
}

#[derive(Debug)]
struct Limiter {
    /// What it was made for.
    limit: u64,
    living: u64,
    burst: u64,
    cells: DefaultDirectRateLimiter,
}

impl Share {
    pub(super) fn set_living(&self, living: u64) {
        self.known().living = Some(living.max(1));
    }

    pub(super) fn living(&self) -> u64 {
        self.known().living.unwrap_or(1)
    }

    /// Keeps what Redis says of a candidate.
    pub(super) fn note(&self, candidate: &Candidate, limits: [u64; 3], bound: u64) {
        let mut known = self.known();
        if known.limits.get(&candidate.meter) != Some(&limits) {
            known.limits.insert(candidate.meter.clone(), limits);
        }
        if known.bounds.get(&candidate.pool) != Some(&bound) {
            known.bounds.insert(candidate.pool.clone(), bound);
        }
    }

    /// Redis went away: from `opens` on this worker uses its share.
    pub(super) fn begin(&self, opens: Instant) {
        let mut known = self.known();
        known.opens.get_or_insert(opens);
    }

    /// Redis is back. Limiters start afresh the next time.
    pub(super) fn end(&self) {
        let mut known = self.known();
        known.opens = None;
        known.limiters.clear();
    }

    /// A call was sent without Redis; [`Self::leave`] takes it back.
    pub(super) fn leave(&self, pool: &str) {
        let mut known = self.known();
        if let Some(calls) = known.in_flight.get_mut(pool) {
            *calls = calls.saturating_sub(1);
        }
    }

    /// The first candidate that may be called now, in the order of the tiers; a later tier has its turn only when the
    /// openings of the earlier ones lie beyond `horizon`. Answers its place over all tiers.
    pub(super) fn book(
        &self,
        tiers: &[Vec<Candidate>],
        rests: impl Fn(&Candidate) -> Option<Instant>,
        horizon: Duration,
        now: Instant,
    ) -> Result<usize, Refused> {
        let mut known = self.known();
        let mut place = 0;
        let mut soonest: Option<Refused> = None;
        for tier in tiers {
            for candidate in tier {
                let refused = match rests(candidate).filter(|until| *until > now) {
                    Some(until) => Refused { why: Why::Rest, opening: until - now, spacing: Duration::ZERO },
                    None => match known.take(candidate, now) {
                        Ok(()) => return Ok(place),
                        Err(refused) => refused,
                    },
                };
                if soonest.is_none_or(|known| refused.opening < known.opening) {
                    soonest = Some(refused);
                }
                place += 1;
            }
            if soonest.is_some_and(|refused| refused.opening <= horizon) {
                break;
            }
        }
        Err(soonest.unwrap_or(Refused { why: Why::Nothing, opening: AGAIN, spacing: Duration::ZERO }))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn take(&mut self, candidate: &Candidate, now: Instant) -> Result<(), Refused> {
        let refused = |why, opening| Refused { why, opening, spacing: Duration::ZERO };
        let Some(living) = self.living else { return Err(refused(Why::Paused, AGAIN)) };
        let learnt = self.limits.get(&candidate.meter).copied().unwrap_or_default();
        let limits: [u64; 3] = std::array::from_fn(|at| tighter(candidate.stated[at], learnt[at]));
        let limited = limits != [0; 3];
        let bound = match self.bounds.get(&candidate.pool).copied() {
            Some(bound) => bound,
            None if limited => candidate.most,
            None => candidate.start,
        };
        let flight = self.in_flight.entry(candidate.pool.clone()).or_default();
        if bound > 0 && *flight >= (bound / living).max(1) {
            return Err(refused(Why::Full, AGAIN));
        }
        if limited {
            if let Some(opens) = self.opens.filter(|opens| *opens > now) {
                return Err(refused(Why::Limit, opens - now));
            }
            for (at, (limit, cost)) in limits.into_iter().zip(candidate.cost).enumerate() {
                if limit == 0 || cost == 0 {
                    continue;
                }
                if cost > limit {
                    return Err(refused(Why::Large, Duration::ZERO));
                }
                let cells = limiter(&mut self.limiters, candidate, at, limit, living, cost);
                let cost = NonZeroU32::new(cost.min(u64::from(u32::MAX)) as u32).unwrap_or(NonZeroU32::MIN);
                match cells.cells.check_n(cost) {
                    Ok(Ok(())) => {}
                    Ok(Err(early)) => {
                        let opening = early.wait_time_from(DefaultClock::default().now());
                        return Err(refused(Why::Limit, opening.max(Duration::from_millis(1))));
                    }
                    Err(_) => return Err(refused(Why::Large, Duration::ZERO)),
                }
            }
        }
        *self.in_flight.entry(candidate.pool.clone()).or_default() += 1;
        Ok(())
    }
}

/// The limiter of one dimension, made anew when what it goes by has changed.
fn limiter<'a>(
    limiters: &'a mut HashMap<(String, usize), Limiter>,
    candidate: &Candidate,
    at: usize,
    limit: u64,
    living: u64,
    cost: u64,
) -> &'a Limiter {
    let make = |burst: u64| {
        let cells = limit as f64 * USED / living as f64;
        let each = candidate.window.span().div_f64(cells).max(Duration::from_nanos(1));
        let burst = NonZeroU32::new(burst.min(u64::from(u32::MAX)) as u32).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(each).unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(burst);
        Limiter { limit, living, burst: u64::from(burst.get()), cells: RateLimiter::direct(quota) }
    };
    let kept = limiters.entry((candidate.meter.clone(), at)).or_insert_with(|| make(cost));
    if kept.limit != limit || kept.living != living || kept.burst < cost {
        *kept = make(cost.max(kept.burst));
    }
    kept
}

/// The tighter of two limits, where 0 is none.
fn tighter(one: u64, other: u64) -> u64 {
    match (one, other) {
        (0, limit) | (limit, 0) => limit,
        (one, other) => one.min(other),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Share, Why};
    use crate::gateway::admission::ask::Candidate;
    use crate::gateway::admission::window::Window;
    use crate::gateway::plan::Target;

    fn candidate(stated: [u64; 3], start: u64) -> Candidate {
        Candidate {
            target: Target { model: 0, provider: 0, pool: 0, key: 0 },
            meter: "p/q/m".to_owned(),
            pool: "p/q".to_owned(),
            host: "h:1".to_owned(),
            model: "h:1/m".to_owned(),
            cost: [1, 500, 0],
            stated,
            window: Window::of(Duration::from_mins(1)),
            start,
            most: 0,
            deadline: Duration::from_secs(9),
            refunds: false,
            size: 1_000,
        }
    }

    /// Calls that go at once before the first is refused, and why that one is.
    fn burst(share: &Share, candidate: &Candidate, now: Instant) -> (usize, Why) {
        let tiers = [vec![candidate.clone()]];
        for calls in 0..1_000 {
            if let Err(refused) = share.book(&tiers, |_| None, Duration::from_secs(2), now) {
                return (calls, refused.why);
            }
        }
        panic!("never refused");
    }

    #[test]
    fn nothing_goes_before_the_workers_are_counted() {
        assert_eq!(burst(&Share::default(), &candidate([0; 3], 16), Instant::now()), (0, Why::Paused));
    }

    #[test]
    fn a_limit_opens_after_the_horizon_and_then_call_by_call() {
        let (share, now) = (Share::default(), Instant::now());
        share.set_living(4);
        share.begin(now + Duration::from_secs(2));
        let limited = candidate([60, 0, 0], 16);
        assert_eq!(burst(&share, &limited, now), (0, Why::Limit));
        assert_eq!(burst(&share, &limited, now + Duration::from_secs(2)), (1, Why::Limit));
        let Err(refused) = share.book(&[vec![limited]], |_| None, Duration::ZERO, now + Duration::from_secs(2)) else {
            panic!("refused")
        };
        // 60 a minute of which nine tenths are used, divided by four: one in about 4.5 s.
        assert!(refused.opening > Duration::from_secs(4) && refused.opening < Duration::from_secs(5), "{refused:?}");
    }

    #[test]
    fn calls_in_flight_are_shared_and_given_back() {
        let (share, now) = (Share::default(), Instant::now());
        share.set_living(4);
        let free = candidate([0; 3], 16);
        assert_eq!(burst(&share, &free, now), (4, Why::Full));
        share.leave("p/q");
        assert_eq!(burst(&share, &free, now), (1, Why::Full));
    }

    #[test]
    fn tokens_count_and_a_call_beyond_the_whole_limit_is_told_so() {
        let (share, now) = (Share::default(), Instant::now());
        share.set_living(1);
        assert_eq!(burst(&share, &candidate([0, 10_000, 0], 0), now), (1, Why::Limit));
        assert_eq!(burst(&share, &candidate([0, 400, 0], 0), now), (0, Why::Large));
    }
}
