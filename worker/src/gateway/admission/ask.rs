//! What the script is asked and what it answers.

use std::collections::HashMap;
use std::time::Duration;

use redis::{FromRedisValue, ParsingError, Value, from_redis_value};
use serde::Serialize;

use super::super::plan::Target;
use super::super::verdict::Class;
use super::window::Window;

/// One way to make a call, with all that admission goes by.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) target: Target,
    /// What its limits belong to: `provider/pool/model`, or `provider/pool/*`.
    pub(crate) meter: String,
    /// `provider/pool`
    pub(crate) pool: String,
    /// Host and port.
    pub(crate) host: String,
    /// `host/model`
    pub(crate) model: String,
    /// Bytes of the request.
    pub(crate) size: usize,
    /// Requests, tokens and images that the call takes.
    pub(crate) cost: [u64; 3],
    /// Stated limits; 0 is none.
    pub(crate) stated: [u64; 3],
    pub(crate) window: Window,
    /// Calls in flight at first, and at most; 0 is no bound.
    pub(crate) start: u64,
    pub(crate) most: u64,
    /// How long the call may take.
    pub(crate) deadline: Duration,
    /// Whether tokens that were booked and not used are given back.
    pub(crate) refunds: bool,
}

/// The names of keys, each once, as the script gets them.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    prefix: &'a str,
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(prefix: &'a str) -> Self {
        let names = vec![format!("{prefix}epoch"), format!("{prefix}closed")];
        Self { prefix, names, places: HashMap::new() }
    }

    /// The number of a key, counted from 1.
    pub(super) fn place(&mut self, kind: &str, name: &str) -> usize {
        let key = format!("{}{kind}:{name}", self.prefix);
        let next = self.names.len() + 1;
        let names = &mut self.names;
        *self.places.entry(key).or_insert_with_key(|key| {
            names.push(key.clone());
            next
        })
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Ask<'a> {
    pub(super) channel: &'a str,
    pub(super) epoch: &'a str,
    pub(super) fresh: String,
    pub(super) pause: u64,
    pub(super) resume: bool,
    pub(super) breaker: BreakerTimes,
    pub(super) settles: Vec<SettleLine<'a>>,
    pub(super) asides: Vec<AsideLine>,
    pub(super) rests: Vec<RestLine>,
    pub(super) id: &'a str,
    pub(super) horizon: u64,
    pub(super) lead: u64,
    pub(super) full: u64,
    pub(super) mirror: bool,
}

/// When breakers open again, in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct BreakerTimes {
    /// A sixth of the time that failures are counted in.
    pub(crate) slot: u64,
    pub(crate) first: u64,
    pub(crate) longest: u64,
}

impl Default for BreakerTimes {
    fn default() -> Self {
        Self { slot: 5_000_000, first: 5_000_000, longest: 300_000_000 }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct AsideLine {
    pub(super) name: String,
    pub(super) ms: u64,
    pub(super) class: &'static str,
}

impl From<(String, Duration, Class)> for AsideLine {
    fn from((name, length, class): (String, Duration, Class)) -> Self {
        Self { name, ms: length.as_millis() as u64, class: class.code() }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct RestLine {
    pub(super) pm: usize,
    pub(super) name: String,
    pub(super) us: u64,
    pub(super) class: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct CandidateLine {
    pm: usize,
    fl: usize,
    cc: usize,
    host: usize,
    model: usize,
    cost: [u64; 3],
    stated: [u64; 3],
    span: u64,
    tau: u64,
    start: u64,
    max: u64,
    ttl: u64,
}

impl CandidateLine {
    pub(super) fn of(candidate: &Candidate, keys: &mut Keys<'_>) -> Self {
        Self {
            pm: keys.place("pm", &candidate.meter),
            fl: keys.place("fl", &candidate.pool),
            cc: keys.place("cc", &candidate.pool),
            host: keys.place("br", &candidate.host),
            model: keys.place("br", &candidate.model),
            cost: candidate.cost,
            stated: candidate.stated,
            span: micros(candidate.window.span()),
            tau: micros(candidate.window.credit()),
            start: candidate.start,
            max: candidate.most,
            // A little longer than the call itself may take.
            ttl: micros(candidate.deadline + Duration::from_secs(10)),
        }
    }
}

/// How a call ended, as it waits to be told.
#[derive(Clone, Debug)]
pub(super) struct Settlement {
    pub(super) id: String,
    pub(super) candidate: Candidate,
    /// `ok`, `bad`, `away`, `none` or `unsent`.
    pub(super) ended: &'static str,
    pub(super) slow: bool,
    pub(super) ends: [u64; 3],
    pub(super) took: [u64; 3],
    pub(super) limits: [Option<u64>; 3],
    pub(super) left: [Option<u64>; 3],
    /// Tokens used beyond those booked.
    pub(super) extra: i64,
    pub(super) hold: Duration,
    /// What is put aside, and for how long.
    pub(super) aside: Option<(String, Duration)>,
    pub(super) class: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct SettleLine<'a> {
    pm: usize,
    fl: usize,
    cc: usize,
    host: usize,
    model: usize,
    id: &'a str,
    name: &'a str,
    host_name: &'a str,
    model_name: &'a str,
    ended: &'static str,
    slow: bool,
    told: bool,
    ends: [u64; 3],
    took: [u64; 3],
    limits: [u64; 3],
    left: [i64; 3],
    stated: [u64; 3],
    span: u64,
    tau: u64,
    max: u64,
    cut_gap: u64,
    extra: i64,
    hold: u64,
    aside: &'a str,
    aside_ms: u64,
    class: &'static str,
}

impl<'a> SettleLine<'a> {
    pub(super) fn of(settlement: &'a Settlement, keys: &mut Keys<'_>) -> Self {
        let Settlement { id, candidate, aside, .. } = settlement;
        Self {
            pm: keys.place("pm", &candidate.meter),
            fl: keys.place("fl", &candidate.pool),
            cc: keys.place("cc", &candidate.pool),
            host: keys.place("br", &candidate.host),
            model: keys.place("br", &candidate.model),
            id,
            name: &candidate.meter,
            host_name: &candidate.host,
            model_name: &candidate.model,
            ended: settlement.ended,
            slow: settlement.slow,
            told: settlement.limits != [None; 3] || settlement.left != [None; 3],
            ends: settlement.ends,
            took: settlement.took,
            limits: settlement.limits.map(Option::unwrap_or_default),
            left: settlement.left.map(|left| left.map_or(-1, |left| left as i64)),
            stated: candidate.stated,
            span: micros(candidate.window.span()),
            tau: micros(candidate.window.credit()),
            max: candidate.most,
            cut_gap: micros(candidate.window.credit()),
            extra: settlement.extra,
            hold: micros(settlement.hold),
            aside: aside.as_ref().map_or("", |(name, _)| name),
            aside_ms: aside.as_ref().map_or(0, |(_, length)| length.as_millis() as u64),
            class: settlement.class,
        }
    }
}

impl Settlement {
    /// Whether the others should know at once.
    pub(super) fn is_urgent(&self) -> bool {
        !self.hold.is_zero() || self.aside.is_some() || self.slow || matches!(self.ended, "bad" | "away" | "unsent")
    }
}

/// Why a call cannot be booked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Limits are used up beyond the horizon.
    Limit,
    /// A provider said to come back later.
    Rest,
    /// As many calls are in flight as may be.
    Full,
    Breaker,
    /// The call is larger than a whole limit.
    Large,
    /// Redis is away, and calls wait until it is back.
    Paused,
    /// There was nothing to choose from.
    Nothing,
}

impl Why {
    fn read(text: &str) -> Self {
        match text {
            "limit" => Self::Limit,
            "rest" => Self::Rest,
            "full" => Self::Full,
            "breaker" => Self::Breaker,
            "large" => Self::Large,
            _ => Self::Nothing,
        }
    }

    pub(crate) const fn class(self) -> Class {
        match self {
            Self::Limit | Self::Rest | Self::Full | Self::Paused | Self::Nothing => Class::RateLimited,
            Self::Breaker => Class::ProviderError,
            Self::Large => Class::TooLong,
        }
    }
}

/// No call was booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) why: Why,
    /// When the soonest opening is.
    pub(crate) opening: Duration,
    /// The spacing of the calls that all candidates together let pass; zero where no limit says so.
    pub(crate) spacing: Duration,
}

/// What the script answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) outcome: Result<Grant, Refused>,
    pub(super) epoch: String,
    /// What is put aside, and for how much longer.
    pub(super) closed: Vec<(String, Duration)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grant {
    /// Which candidate, counted over all tiers from 0.
    pub(super) candidate: usize,
    pub(super) wait: Duration,
    /// Calls that may be in flight; 0 is no bound.
    pub(super) bound: u64,
    pub(super) ends: [u64; 3],
    pub(super) took: [u64; 3],
    pub(super) limits: [u64; 3],
}

impl FromRedisValue for Reply {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        type Raw = (u8, usize, u64, String, u64, u64, String, Vec<u64>, Vec<u64>, Vec<u64>, Vec<String>);
        let (booked, candidate, wait, why, spacing, bound, epoch, ends, took, limits, closed): Raw =
            from_redis_value(value)?;
        let three = |values: Vec<u64>| <[u64; 3]>::try_from(values).unwrap_or_default();
        let wait = Duration::from_micros(wait);
        let outcome = if booked == 1 {
            let (ends, took, limits) = (three(ends), three(took), three(limits));
            Ok(Grant { candidate: candidate.saturating_sub(1), wait, bound, ends, took, limits })
        } else {
            Err(Refused { why: Why::read(&why), opening: wait, spacing: Duration::from_micros(spacing) })
        };
        let pairs = closed
            .chunks_exact(2)
            .filter_map(|pair| Some((pair[0].clone(), Duration::from_millis(pair[1].parse().ok()?))));
        Ok(Self { outcome, epoch, closed: pairs.collect() })
    }
}

pub(super) fn micros(duration: Duration) -> u64 {
    duration.as_micros() as u64
}
