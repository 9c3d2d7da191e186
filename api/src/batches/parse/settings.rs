//! What is said of a batch as a whole, in the body of a submit or in the query of an import.

use std::borrow::Cow;

use chrono::DateTime;
use shared::domain::{Mode, Nanodollars, Priority, limits};

use super::findings::{Findings, Place};
use super::post::choice;
use super::text::{required_text, text};
use super::value::Value;

/// The settings as they were given; what was left out is `None`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GivenSettings<'a> {
    pub(crate) name: Option<Value<'a>>,
    pub(crate) budget: Option<Value<'a>>,
    pub(crate) priority: Option<Value<'a>>,
    pub(crate) mode: Option<Value<'a>>,
    pub(crate) deadline: Option<Value<'a>>,
}

/// The settings of a batch. Where one could not be read, it has its default and an error was noted.
#[derive(Clone, Debug)]
pub(crate) struct BatchSettings<'a> {
    /// `None` goes with an error.
    pub(crate) name: Option<Cow<'a, str>>,
    pub(crate) priority: Priority,
    pub(crate) cap: Option<Nanodollars>,
    pub(crate) mode: Mode,
}

/// Reads all settings, and notes every error.
pub(crate) fn settings<'a>(given: &GivenSettings<'a>, findings: &mut Findings) -> BatchSettings<'a> {
    let mode = mode(given.mode, given.deadline, findings);
    let name = required_text(given.name, limits::NAME, Place::BODY.field("name"), findings);
    let priority = match given.priority {
        Some(value) => {
            let place = Place::BODY.field("priority");
            choice(value, place, findings, Priority::ALL, Priority::as_str).unwrap_or(Priority::Normal)
        }
        None => Priority::Normal,
    };
    let cap = given.budget.and_then(|value| budget(value, findings));
    BatchSettings { name, priority, cap, mode }
}

/// More than nothing, in dollars.
fn budget(value: Value<'_>, findings: &mut Findings) -> Option<Nanodollars> {
    let place = Place::BODY.field("budget_usd");
    let Some(usd) = value.number() else {
        findings.add(place, "wrong_type", format_args!("must be a number of dollars, not {}", value.kind()));
        return None;
    };
    let cap = Nanodollars::from_usd(usd).filter(|cap| *cap > Nanodollars::ZERO && usd <= limits::BUDGET_USD);
    if cap.is_none() {
        let most = limits::BUDGET_USD;
        findings.add(place, "out_of_range", format_args!("must be more than 0 and at most {most} dollars"));
    }
    cap
}

/// What a mode is called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Live,
    Economy,
}

impl Named {
    const ALL: &'static [Self] = &[Self::Live, Self::Economy];

    fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Economy => "economy",
        }
    }
}

/// The mode, with its deadline by its form. How far ahead it lies is asked when the batch is placed: a request that comes
/// again gets its first answer, however late.
fn mode(mode: Option<Value<'_>>, deadline: Option<Value<'_>>, findings: &mut Findings) -> Mode {
    let place = Place::BODY.field("deadline");
    let named = match mode {
        Some(value) => choice(value, Place::BODY.field("mode"), findings, Named::ALL, Named::as_str),
        None => Some(Named::Live),
    };
    match (named, deadline) {
        (Some(Named::Economy), None) => {
            findings.add(place, "required", format_args!("is required when mode is economy"));
        }
        (Some(Named::Live), Some(_)) => {
            findings.add(place, "invalid", format_args!("belongs to mode economy"));
        }
        (Some(Named::Economy), Some(value)) => {
            let before = findings.total();
            let text = text(value, limits::BRAND_NAME, place, findings);
            match text.map(|text| DateTime::parse_from_rfc3339(&text)) {
                Some(Ok(deadline)) => return Mode::Economy { deadline: deadline.to_utc() },
                _ if findings.total() > before => {}
                _ => findings.add(
                    place,
                    "invalid",
                    format_args!("must be a time as RFC 3339 writes it, such as 2030-01-31T18:00:00Z"),
                ),
            }
        }
        _ => {}
    }
    Mode::Live
}
