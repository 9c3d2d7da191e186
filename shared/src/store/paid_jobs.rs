//! The ledger as old clients know it: jobs that made a text or an image, by number.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, PgExecutor};

use super::StoreError;
use crate::domain::{AttemptState, Nanodollars, Output, Step, UserId};

/// Which jobs are looked at.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Who they were asked for: the name that the client gave, else the user's own number.
    pub asked_for: Option<String>,
    pub output: Option<Output>,
}

/// A job: one call.
#[derive(Clone, Debug, FromRow)]
pub struct Job {
    pub number: i64,
    #[sqlx(try_from = "String")]
    pub step: Step,
    pub model: String,
    #[sqlx(try_from = "String")]
    pub state: AttemptState,
    pub outcome: Option<String>,
    /// Why the gateway moved on.
    pub verdict: Option<String>,
    #[sqlx(rename = "cost_nanos")]
    pub cost: Nanodollars,
    pub usage: Option<Value>,
    pub started_at: DateTime<Utc>,
    pub duration_ms: Option<i32>,
    /// Who a client said that it asks for.
    pub external_user: Option<String>,
    pub user_number: i64,
    pub prompt: String,
}

/// The newest jobs of a user.
pub async fn newest(
    db: impl PgExecutor<'_>,
    user: UserId,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Job>, StoreError> {
    Ok(sqlx::query_as(include_str!("sql/paid_jobs_page.sql"))
        .bind(user)
        .bind(filter.asked_for.as_deref())
        .bind(filter.output.map(Output::as_str))
        .bind(limit)
        .fetch_all(db)
        .await?)
}

/// What jobs have cost together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub text_jobs: i64,
    pub image_jobs: i64,
    pub text_cost: Nanodollars,
    pub image_cost: Nanodollars,
    pub by_model: BTreeMap<String, Nanodollars>,
    /// When the first call began.
    pub first_at: Option<DateTime<Utc>>,
}

/// All jobs of a user, added up.
pub async fn summary(db: impl PgExecutor<'_>, user: UserId, filter: &Filter) -> Result<Summary, StoreError> {
    #[derive(FromRow)]
    struct Row {
        is_total: bool,
        model: Option<String>,
        text_jobs: i64,
        image_jobs: i64,
        text_nanos: Nanodollars,
        image_nanos: Nanodollars,
        first_at: Option<DateTime<Utc>>,
    }
    let rows: Vec<Row> = sqlx::query_as(include_str!("sql/paid_jobs_summary.sql"))
        .bind(user)
        .bind(filter.asked_for.as_deref())
        .bind(filter.output.map(Output::as_str))
        .fetch_all(db)
        .await?;
    let mut summary = Summary::default();
    for row in rows {
        if row.is_total {
            (summary.text_jobs, summary.image_jobs) = (row.text_jobs, row.image_jobs);
            (summary.text_cost, summary.image_cost) = (row.text_nanos, row.image_nanos);
            summary.first_at = row.first_at;
        } else if let Some(model) = row.model {
            summary.by_model.insert(model, row.text_nanos + row.image_nanos);
        }
    }
    Ok(summary)
}
