//! Sessions, their refresh tokens, and the feed of revocations.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::StoreError;
use crate::domain::SessionId;

/// Sessions revoked in a window.
#[derive(Clone, Debug)]
pub struct Revocations {
    pub sessions: Vec<SessionId>,
    /// The end of the window, on the database's clock: where the next one begins.
    pub until: DateTime<Utc>,
}

/// The sessions revoked since `since` less `overlap`; without `since`, those revoked in the last `overlap`.
pub async fn revoked_since(
    db: impl PgExecutor<'_>,
    since: Option<DateTime<Utc>>,
    overlap: Duration,
) -> Result<Revocations, StoreError> {
    let (until, sessions) = sqlx::query_as(
        "SELECT now(), coalesce(array_agg(id), '{}')
         FROM sessions
         WHERE revoked_at > coalesce($1, now()) - make_interval(secs => $2)",
    )
    .bind(since)
    .bind(overlap.as_secs_f64())
    .fetch_one(db)
    .await?;
    Ok(Revocations { sessions, until })
}
