//! What was tried for a post: one row for each call to a provider.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, PgExecutor};

use super::StoreError;
use crate::domain::{AttemptState, BatchId, CallId, Nanodollars, PostId, Step, UserId};

/// The row of a call.
#[derive(Clone, Debug, FromRow)]
pub struct Attempt {
    #[sqlx(rename = "call_id")]
    pub call: CallId,
    #[sqlx(try_from = "String")]
    pub step: Step,
    pub ordinal: i16,
    pub revision: i32,
    pub provider: String,
    pub pool: String,
    /// The key's label, never the key.
    pub key_label: String,
    pub model: String,
    #[sqlx(try_from = "String")]
    pub state: AttemptState,
    pub outcome: Option<String>,
    /// Why the gateway moved on.
    pub verdict: Option<String>,
    #[sqlx(rename = "reserved_nanos")]
    pub reserved: Nanodollars,
    #[sqlx(rename = "cost_nanos")]
    pub cost: Nanodollars,
    pub cost_source: Option<String>,
    pub usage: Option<Value>,
    pub provider_request_id: Option<String>,
    pub started_at: DateTime<Utc>,
    pub duration_ms: Option<i32>,
}

/// A page of what was tried for a post, the first call first, after the call `after`. Ids of calls rise with time.
pub async fn page(
    db: impl PgExecutor<'_>,
    user: UserId,
    post: PostId,
    after: Option<CallId>,
    limit: i64,
) -> Result<Vec<Attempt>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT call_id, step, ordinal, revision, provider, pool, key_label, model, state, outcome, verdict, reserved_nanos,
                cost_nanos, cost_source, usage, provider_request_id, started_at, duration_ms
         FROM attempts
         WHERE work_id = $2 AND user_id = $1 AND call_id > $3
         ORDER BY call_id
         LIMIT $4",
    )
    .bind(user)
    .bind(post)
    .bind(after.unwrap_or(CallId(uuid::Uuid::nil())))
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Calls of a batch to one model that came to the same.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Tally {
    #[sqlx(try_from = "String")]
    pub step: Step,
    pub provider: String,
    pub model: String,
    /// `served`, `in_flight`, `reserved`, or the class of what went wrong.
    pub verdict: String,
    pub calls: i64,
    /// Those of which nobody knows whether they were billed.
    pub unknown: i64,
    #[sqlx(rename = "cost_nanos")]
    pub cost: Nanodollars,
    /// What the unknown ones may have cost.
    #[sqlx(rename = "unconfirmed_nanos")]
    pub unconfirmed: Nanodollars,
}

/// All calls of a batch, counted.
pub async fn summary(db: impl PgExecutor<'_>, user: UserId, batch: BatchId) -> Result<Vec<Tally>, StoreError> {
    Ok(sqlx::query_as(include_str!("sql/attempts_summary.sql")).bind(user).bind(batch).fetch_all(db).await?)
}
