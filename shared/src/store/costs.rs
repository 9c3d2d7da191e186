//! What calls have cost, from the ledger: sums by whatever people ask for, and every call by itself.
//!
//! Sums are made in nano-dollars by the database, so they are exact. A call belongs to the moment at which it was reserved, and
//! to the campaign and the project that its batch was placed for, whatever became of those since.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgExecutor, PgPool};
use uuid::Uuid;

use super::StoreError;
use super::attempts::Attempt;
use crate::domain::{BatchId, CallId, CampaignId, Kind, Nanodollars, PostId, ProjectId, UserId, state};

state!(
    /// What costs are summed by.
    Grouping {
        Kind = "kind",
        Step = "step",
        Model = "model",
        Provider = "provider",
        Key = "key",
        Campaign = "campaign",
        Project = "project",
        Day = "day",
        Month = "month",
    }
);

/// Which calls are looked at.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub from: Option<DateTime<Utc>>,
    /// Not included.
    pub to: Option<DateTime<Utc>>,
    pub project: Option<ProjectId>,
    pub campaign: Option<CampaignId>,
    pub kind: Option<Kind>,
    pub model: Option<String>,
}

/// By how much the clocks of workers and of the database may differ.
const CLOCKS: TimeDelta = TimeDelta::days(1);

impl Filter {
    /// Ids of calls are `UUIDv7`, so the calls of a period lie between two of them; by these the index is entered. They are
    /// made by the clocks of workers, which is why there is room on both sides.
    fn ids(&self) -> (CallId, CallId) {
        let first = self.from.map_or(Uuid::nil(), |from| floor(from - CLOCKS));
        let last = self.to.map_or(Uuid::max(), |to| floor(to + CLOCKS));
        (CallId(first), CallId(last))
    }
}

/// The smallest `UUIDv7` of a moment.
fn floor(at: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    Uuid::from_u64_pair(millis << 16, 0)
}

/// What calls have cost together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Sum {
    pub calls: i64,
    #[sqlx(rename = "cost_nanos")]
    pub cost: Nanodollars,
    /// Calls of which nobody knows whether they were billed.
    pub unconfirmed_calls: i64,
    /// What those may have cost at most.
    #[sqlx(rename = "unconfirmed_nanos")]
    pub unconfirmed: Nanodollars,
    pub input_tokens: i64,
    pub output_tokens: i64,
    /// That were made and could be used.
    pub images: i64,
}

/// Calls that have something in common.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Group {
    /// `None` for calls without it: those of no project, say.
    pub key: Option<String>,
    /// Of campaigns and projects.
    pub name: Option<String>,
    #[sqlx(flatten)]
    pub sum: Sum,
}

/// Costs by group, and in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub total: Sum,
    /// The dearest first; days and months in their order.
    pub groups: Vec<Group>,
    /// Whether there are more groups than are listed.
    pub has_more: bool,
}

/// What a user's calls have cost, by group; at most `limit` groups.
pub async fn summary(
    db: impl PgExecutor<'_>,
    user: UserId,
    filter: &Filter,
    grouping: Grouping,
    limit: usize,
) -> Result<Summary, StoreError> {
    #[derive(FromRow)]
    struct Row {
        is_total: bool,
        #[sqlx(flatten)]
        group: Group,
    }
    let (first, last) = filter.ids();
    // One row for the total, and one to see whether there are more.
    let rows: Vec<Row> = sqlx::query_as(include_str!("sql/costs_summary.sql"))
        .bind(user)
        .bind(first)
        .bind(last)
        .bind(filter.from)
        .bind(filter.to)
        .bind(filter.project)
        .bind(filter.campaign)
        .bind(filter.kind.map(Kind::as_str))
        .bind(filter.model.as_deref())
        .bind(grouping.as_str())
        .bind(limit as i64 + 1)
        .fetch_all(db)
        .await?;
    let mut summary = Summary::default();
    for row in rows {
        if row.is_total {
            summary.total = row.group.sum;
        } else {
            summary.groups.push(row.group);
        }
    }
    summary.has_more = summary.groups.len() > limit;
    summary.groups.truncate(limit);
    Ok(summary)
}

/// One call, with what it was made for.
#[derive(Clone, Debug, FromRow)]
pub struct Call {
    #[sqlx(flatten)]
    pub attempt: Attempt,
    /// A short integer name.
    pub number: i64,
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    /// The post, or the part of a generation.
    #[sqlx(rename = "work_id")]
    pub work: PostId,
    #[sqlx(rename = "batch_job_id")]
    pub batch: BatchId,
    #[sqlx(rename = "campaign_id")]
    pub campaign: Option<CampaignId>,
    #[sqlx(rename = "project_id")]
    pub project: Option<ProjectId>,
}

/// A page of a user's calls, the newest first, after the call `after`.
pub async fn history(
    db: impl PgExecutor<'_>,
    user: UserId,
    filter: &Filter,
    after: Option<CallId>,
    limit: i64,
) -> Result<Vec<Call>, StoreError> {
    let (first, last) = filter.ids();
    Ok(sqlx::query_as(include_str!("sql/costs_history.sql"))
        .bind(user)
        .bind(first)
        .bind(last)
        .bind(filter.from)
        .bind(filter.to)
        .bind(filter.project)
        .bind(filter.campaign)
        .bind(filter.kind.map(Kind::as_str))
        .bind(filter.model.as_deref())
        .bind(after.unwrap_or(CallId(Uuid::max())))
        .bind(limit)
        .fetch_all(db)
        .await?)
}

/// How many generations of a kind were asked for, and what became of them.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Made {
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    pub requested: i64,
    pub completed: i64,
    pub failed: i64,
}

/// What was made for a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Production {
    pub posts: i64,
    /// By kind.
    pub generations: Vec<Made>,
}

/// What was made for a user since a moment: posts that ended well since then, and generations that were asked for since.
pub async fn made_since(db: &PgPool, user: UserId, since: DateTime<Utc>) -> Result<Production, StoreError> {
    let posts = sqlx::query_scalar(include_str!("sql/usage_posts.sql")).bind(user).bind(since).fetch_one(db).await?;
    let generations = sqlx::query_as(
        "SELECT kind, count(*) AS requested, count(*) FILTER (WHERE status = 'completed') AS completed,
                count(*) FILTER (WHERE status = 'failed') AS failed
         FROM batch_jobs
         WHERE user_id = $1 AND kind <> 'post' AND created_at >= $2
         GROUP BY kind
         ORDER BY kind",
    )
    .bind(user)
    .bind(since)
    .fetch_all(db)
    .await?;
    Ok(Production { posts, generations })
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};
    use uuid::Uuid;

    use super::{Filter, floor};

    #[test]
    fn the_ids_of_a_period_hold_those_that_are_made_in_it() {
        let (now, id) = (Utc::now(), Uuid::now_v7());
        let filter = Filter {
            from: Some(now - TimeDelta::seconds(1)),
            to: Some(now + TimeDelta::seconds(1)),
            ..Filter::default()
        };
        let (first, last) = filter.ids();
        assert!(first.0 < id && id < last.0);
        assert!(floor(now - TimeDelta::days(1)) < id && id < floor(now + TimeDelta::days(1)));
        assert_eq!((Filter::default().ids().0.0, Filter::default().ids().1.0), (Uuid::nil(), Uuid::max()));
    }
}
