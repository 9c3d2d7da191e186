//! What a call is billed at: the quote before it is sent, and what it cost after.

use std::time::Duration;

use http::HeaderMap;
use shared::domain::{AttemptState, Nanodollars, Outcome};
use shared::store::advance::{Bill, CostSource, Quote};

use super::catalog::{Catalog, Model};
use super::failure::Failure;
use super::reply::Usage;
use super::run::{Draft, Place};
use super::verdict::{Money, verdict};

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
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    (id.len() <= 128).then(|| id.to_owned())
}
