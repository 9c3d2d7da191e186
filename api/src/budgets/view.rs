//! What callers are told about budgets.

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};
use shared::domain::Nanodollars;
use shared::store::budgets::{Budget, Scope};
use uuid::Uuid;

use super::name;

/// A cap and how much of it is used. Amounts are in nano-dollars (10⁻⁹ US dollars), exact, and in dollars for reading.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Budget", read_only_all)]
pub(crate) struct BudgetView {
    /// `user` or `campaign`.
    scope: String,
    /// Of the scope `campaign`.
    campaign_id: Option<Uuid>,
    /// `all`, or the calendar month (UTC) such as `2026-11`.
    period: String,
    cap_nanos: i64,
    cap_usd: f64,
    spent_nanos: i64,
    spent_usd: f64,
    /// What calls under way may cost at most.
    held_nanos: i64,
    held_usd: f64,
    /// The part of `held` that belongs to calls of which nobody knows what they cost, because they were cut off.
    unconfirmed_nanos: i64,
    unconfirmed_usd: f64,
    /// What is neither spent nor held; 0 when the cap lies below that.
    remaining_nanos: i64,
    remaining_usd: f64,
}

impl From<Budget> for BudgetView {
    fn from(budget: Budget) -> Self {
        let remaining = (budget.cap - budget.spent - budget.held).max(Nanodollars::ZERO);
        Self {
            scope: name(budget.scope).to_owned(),
            campaign_id: match budget.scope {
                Scope::Campaign(campaign) => Some(campaign.0),
                Scope::UserMonth => None,
            },
            period: budget.period,
            cap_nanos: budget.cap.0,
            cap_usd: budget.cap.to_usd(),
            spent_nanos: budget.spent.0,
            spent_usd: budget.spent.to_usd(),
            held_nanos: budget.held.0,
            held_usd: budget.held.to_usd(),
            unconfirmed_nanos: budget.unconfirmed.0,
            unconfirmed_usd: budget.unconfirmed.to_usd(),
            remaining_nanos: remaining.0,
            remaining_usd: remaining.to_usd(),
        }
    }
}

/// What comes of setting a budget.
#[derive(ApiResponse)]
pub(crate) enum BudgetAnswer {
    /// The budget as it stands
    #[oai(status = 200)]
    Set(Json<BudgetView>),
    /// There is none any more
    #[oai(status = 204)]
    Removed,
}
