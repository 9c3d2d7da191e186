//! Sums of figures.

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use poem::http::StatusCode;
use shared::domain::{CampaignId, ProjectId, UserId};
use shared::store::metrics::{self, Counted, Day, Figures};

use super::views::OverviewView;
use crate::app::App;
use crate::owned;
use crate::period::Period;
use crate::problem::Problem;

/// How many days a series has, when nobody says and at most.
const USUAL: u64 = 30;
const MOST: usize = 366;

pub(super) async fn of(
    app: &App,
    user: UserId,
    project: Option<ProjectId>,
    campaign: Option<CampaignId>,
    period: Period,
) -> Result<OverviewView, Problem> {
    let counted = Counted { project, campaign, ..range(period)? };
    let days = days(&counted)?;
    owned::check(app, user, project, campaign).await?;
    let counts = metrics::daily(app.store.pool(), user, counted).await?;
    let total = total(&counts);
    let mut counts = counts.into_iter().peekable();
    let series = days.into_iter().map(|day| {
        let figures = counts.next_if(|count| count.day == day).map_or_else(Figures::default, |count| count.figures);
        Day { day, figures }
    });
    Ok(OverviewView::of(&counted, total, series))
}

/// Sums of all days.
pub(crate) fn total(days: &[Day]) -> Figures {
    days.iter().fold(Figures::default(), |mut total, day| {
        total += day.figures;
        total
    })
}

/// The range that is meant: up to the end of today, and from 30 days before its end.
fn range(period: Period) -> Result<Counted, Problem> {
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let to = period.to.unwrap_or_else(|| midnight(Utc::now().date_naive() + Days::new(1)));
    let from =
        period.from.unwrap_or_else(|| midnight((to - TimeDelta::microseconds(1)).date_naive() - Days::new(USUAL - 1)));
    if from >= to {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", "`from` must not lie behind today."));
    }
    Ok(Counted { project: None, campaign: None, from, to })
}

/// Every day that the range touches.
fn days(counted: &Counted) -> Result<Vec<NaiveDate>, Problem> {
    let last = (counted.to - TimeDelta::microseconds(1)).date_naive();
    let days: Vec<NaiveDate> =
        counted.from.date_naive().iter_days().take_while(|day| *day <= last).take(MOST + 1).collect();
    if days.len() > MOST {
        let detail = format!("The range must have {MOST} days at most.");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail));
    }
    Ok(days)
}
