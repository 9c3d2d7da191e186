//! Figures that were counted elsewhere: impressions, clicks and conversions of projects, campaigns and posts.
//!
//! A figure may have its sender's name for it; the same again under that name is counted once, whoever sends it at the same
//! time. What a figure is about is looked up when it comes in: one of a post counts for the post's campaign, and one of a
//! campaign for its project.

use std::collections::{HashMap, HashSet};
use std::ops::AddAssign;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection, PgExecutor};

use super::StoreError;
use crate::domain::{CampaignId, Handle, Metric, MetricId, PostId, ProjectId, UnknownName, UserId, state};

/// A figure to be recorded; it names one thing at least.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewMetric {
    pub metric: Metric,
    /// From 0 on.
    pub value: i64,
    pub project: Option<ProjectId>,
    pub campaign: Option<CampaignId>,
    pub post: Option<PostId>,
    /// Now when it is left out.
    pub occurred_at: Option<DateTime<Utc>>,
    /// The sender's own name for it.
    pub external_id: Option<String>,
}

/// What came of recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    pub recorded: usize,
    /// Those that were known already.
    pub known: usize,
}

state!(
    /// What is wrong with one figure.
    Wrong {
        NoProject = "no_project",
        NoCampaign = "no_campaign",
        NoPost = "no_post",
        /// The post is of another campaign than the one that is named with it.
        PostElsewhere = "post_elsewhere",
        /// The campaign is of another project, or of none.
        CampaignElsewhere = "campaign_elsewhere",
    }
);

/// Why figures were not recorded, with the places of those that are wrong.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    #[error("figures are about what is not there")]
    Wrong(Vec<(usize, Wrong)>),
    #[error("other figures have been recorded under the same names")]
    Taken(Vec<usize>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for MetricsError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Records figures, all or none: after an error the transaction must not be committed.
pub async fn record(tx: &mut PgConnection, user: UserId, metrics: &[NewMetric]) -> Result<Recorded, MetricsError> {
    let targets = targets(tx, user, metrics).await?;
    let ids: Vec<MetricId> = metrics.iter().map(|_| MetricId::new()).collect();
    let written: HashSet<MetricId> = sqlx::query_scalar(include_str!("sql/metrics_insert.sql"))
        .bind(user)
        .bind(&ids)
        .bind(targets.iter().map(|target| target.project).collect::<Vec<_>>())
        .bind(targets.iter().map(|target| target.campaign).collect::<Vec<_>>())
        .bind(targets.iter().map(|target| target.post).collect::<Vec<_>>())
        .bind(metrics.iter().map(|metric| metric.metric.as_str()).collect::<Vec<_>>())
        .bind(metrics.iter().map(|metric| metric.value).collect::<Vec<_>>())
        .bind(metrics.iter().map(|metric| metric.occurred_at).collect::<Vec<_>>())
        .bind(metrics.iter().map(|metric| metric.external_id.as_deref()).collect::<Vec<_>>())
        .fetch_all(&mut *tx)
        .await?
        .into_iter()
        .collect();
    let known: Vec<usize> = (0..metrics.len()).filter(|n| !written.contains(&ids[*n])).collect();
    if !known.is_empty() {
        compare(tx, user, metrics, &targets, &known).await?;
    }
    Ok(Recorded { recorded: written.len(), known: known.len() })
}

/// What a figure is about, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
struct Target {
    #[sqlx(rename = "project_id")]
    project: Option<ProjectId>,
    #[sqlx(rename = "campaign_id")]
    campaign: Option<CampaignId>,
    #[sqlx(rename = "post_id")]
    post: Option<PostId>,
}

async fn targets(tx: &mut PgConnection, user: UserId, metrics: &[NewMetric]) -> Result<Vec<Target>, MetricsError> {
    #[derive(FromRow)]
    struct Found {
        #[sqlx(flatten)]
        target: Target,
        wrong: Vec<String>,
    }
    let found: Vec<Found> = sqlx::query_as(include_str!("sql/metrics_targets.sql"))
        .bind(user)
        .bind(metrics.iter().map(|metric| metric.project).collect::<Vec<_>>())
        .bind(metrics.iter().map(|metric| metric.campaign).collect::<Vec<_>>())
        .bind(metrics.iter().map(|metric| metric.post).collect::<Vec<_>>())
        .fetch_all(tx)
        .await?;
    let mut wrong = Vec::new();
    for (n, found) in found.iter().enumerate() {
        for name in &found.wrong {
            wrong.push((n, name.parse().map_err(|error: UnknownName| sqlx::Error::Decode(Box::new(error)))?));
        }
    }
    if wrong.is_empty() {
        Ok(found.into_iter().map(|found| found.target).collect())
    } else {
        Err(MetricsError::Wrong(wrong))
    }
}

/// Whether figures whose names are known are the ones that are known.
async fn compare(
    tx: &mut PgConnection,
    user: UserId,
    metrics: &[NewMetric],
    targets: &[Target],
    known: &[usize],
) -> Result<(), MetricsError> {
    #[derive(FromRow)]
    struct Kept {
        external_id: String,
        #[sqlx(try_from = "String")]
        metric: Metric,
        value: i64,
        occurred_at: DateTime<Utc>,
        #[sqlx(flatten)]
        target: Target,
    }
    let names: Vec<&str> = known.iter().filter_map(|n| metrics[*n].external_id.as_deref()).collect();
    let kept: Vec<Kept> = sqlx::query_as(
        "SELECT external_id, metric, value, occurred_at, project_id, campaign_id, post_id
         FROM metrics WHERE user_id = $1 AND external_id = ANY ($2)",
    )
    .bind(user)
    .bind(names)
    .fetch_all(tx)
    .await?;
    let kept: HashMap<&str, &Kept> = kept.iter().map(|kept| (kept.external_id.as_str(), kept)).collect();
    let same = |n: usize| {
        let (metric, target) = (&metrics[n], &targets[n]);
        metric.external_id.as_deref().and_then(|name| kept.get(name)).is_some_and(|kept| {
            kept.metric == metric.metric
                && kept.value == metric.value
                && metric.occurred_at.is_none_or(|at| at.timestamp_micros() == kept.occurred_at.timestamp_micros())
                && kept.target.is_same_thing(target)
        })
    };
    let taken: Vec<usize> = known.iter().copied().filter(|n| !same(*n)).collect();
    if taken.is_empty() { Ok(()) } else { Err(MetricsError::Taken(taken)) }
}

impl Target {
    /// What it belongs to may have changed meanwhile.
    fn is_same_thing(&self, other: &Self) -> bool {
        match (self.post, other.post, self.campaign, other.campaign) {
            (None, None, None, None) => self.project == other.project,
            (None, None, campaign, other) => campaign == other,
            (post, other, ..) => post == other,
        }
    }
}

/// Which figures are counted.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    pub project: Option<ProjectId>,
    pub campaign: Option<CampaignId>,
    pub from: DateTime<Utc>,
    /// Not included.
    pub to: DateTime<Utc>,
}

/// Sums of figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Figures {
    pub impressions: i64,
    pub clicks: i64,
    pub conversions: i64,
}

impl Figures {
    /// Clicks for each hundred impressions; 0 when there are none.
    pub fn click_rate(self) -> f64 {
        percent(self.clicks, self.impressions)
    }

    /// Conversions for each hundred clicks; 0 when there are none.
    pub fn conversion_rate(self) -> f64 {
        percent(self.conversions, self.clicks)
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.impressions += other.impressions;
        self.clicks += other.clicks;
        self.conversions += other.conversions;
    }
}

fn percent(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// The figures of one day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct Day {
    pub day: NaiveDate,
    #[sqlx(flatten)]
    pub figures: Figures,
}

/// A user's figures by day, of days on which anything was counted.
pub async fn daily(db: impl PgExecutor<'_>, user: UserId, counted: Counted) -> Result<Vec<Day>, StoreError> {
    Ok(sqlx::query_as(include_str!("sql/metrics_daily.sql"))
        .bind(user)
        .bind(counted.project)
        .bind(counted.campaign)
        .bind(counted.from)
        .bind(counted.to)
        .fetch_all(db)
        .await?)
}

/// All figures, with how many campaigns they may be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct Totals {
    /// Those that are not deleted.
    pub campaigns: i64,
    #[sqlx(flatten)]
    pub figures: Figures,
}

/// A user's totals of all times; of one project, nothing when it is not the user's.
pub async fn totals(
    db: impl PgExecutor<'_>,
    user: UserId,
    project: Option<Handle<ProjectId>>,
) -> Result<Totals, StoreError> {
    let (id, number) = project.map(Handle::parts).unwrap_or_default();
    Ok(sqlx::query_as(include_str!("sql/metrics_totals.sql"))
        .bind(user)
        .bind(project.is_some())
        .bind(id)
        .bind(number)
        .fetch_one(db)
        .await?)
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn rates_are_percentages_and_nothing_of_nothing_is_0() {
        let figures = Figures { impressions: 150_000, clicks: 7_500, conversions: 450 };
        assert!((figures.click_rate() - 5.0).abs() < f64::EPSILON);
        assert!((figures.conversion_rate() - 6.0).abs() < f64::EPSILON);
        let none = Figures { conversions: 3, ..Figures::default() };
        assert!(none.click_rate().abs() < f64::EPSILON && none.conversion_rate().abs() < f64::EPSILON);
    }
}
