//! A user's own month.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveTime, Utc};
use poem_openapi::Object;
use shared::domain::UserId;
use shared::store::budgets::{self, Scope};
use shared::store::costs::{self, Filter, Group, Grouping, Made};

use super::views::SumView;
use crate::app::App;
use crate::budgets::BudgetView;
use crate::problem::Problem;
use crate::time::rfc3339;

/// More days than a month has.
const DAYS: usize = 40;

/// What one day has cost.
#[derive(Clone, Debug, Default, Object)]
#[oai(rename = "UsageOfDay", read_only_all)]
struct DayView {
    /// In UTC: `2026-11-30`.
    day: String,
    #[oai(flatten)]
    costs: SumView,
}

/// How many generations of a kind were asked for, and what became of them.
#[derive(Clone, Debug, Object)]
#[oai(rename = "UsageOfKind", read_only_all)]
struct MadeView {
    requested: i64,
    completed: i64,
    failed: i64,
}

/// A user's own month.
#[derive(Clone, Debug, Object)]
#[oai(rename = "OwnUsage", read_only_all)]
pub(super) struct UsageView {
    /// In UTC: `2026-11`.
    month: String,
    from: String,
    /// What calls have cost this month, in all.
    total: SumView,
    /// Days on which calls were made.
    days: Vec<DayView>,
    /// Posts that were made this month.
    posts_made: i64,
    /// Generations that were asked for this month, by kind.
    generations: BTreeMap<String, MadeView>,
    /// The budget of this month; null where none is set.
    budget: Option<BudgetView>,
}

pub(super) async fn of(app: &App, user: UserId) -> Result<UsageView, Problem> {
    let today = Utc::now().date_naive();
    let first = today.with_day(1).unwrap_or(today).and_time(NaiveTime::MIN).and_utc();
    let db = app.store.pool();
    let filter = Filter { from: Some(first), ..Filter::default() };
    let spent = costs::summary(db, user, &filter, Grouping::Day, DAYS).await?;
    let made = costs::made_since(db, user, first).await?;
    // A user's own comes first.
    let budget = budgets::list(db, user, None, i64::MAX).await?;
    let budget = budget.into_iter().find(|budget| budget.scope == Scope::UserMonth);
    Ok(UsageView {
        month: first.format("%Y-%m").to_string(),
        from: rfc3339(first),
        total: spent.total.into(),
        days: spent.groups.into_iter().map(day).collect(),
        posts_made: made.posts,
        generations: made.generations.into_iter().map(generations).collect(),
        budget: budget.map(BudgetView::from),
    })
}

fn day(Group { key, sum, .. }: Group) -> DayView {
    DayView { day: key.unwrap_or_default(), costs: sum.into() }
}

fn generations(Made { kind, requested, completed, failed }: Made) -> (String, MadeView) {
    (kind.to_string(), MadeView { requested, completed, failed })
}
