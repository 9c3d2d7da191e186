//! What keys of providers have cost, read from the attempts.

use chrono::{DateTime, Datelike, NaiveTime, Utc};
use sqlx::{FromRow, PgExecutor};

use super::StoreError;
use crate::domain::{Nanodollars, UserId};

/// What one key has cost, today and this month (in UTC).
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct KeySpending {
    pub provider: String,
    pub pool: String,
    pub key_label: String,
    pub calls_today: i64,
    pub calls_month: i64,
    #[sqlx(rename = "nanos_today")]
    pub today: Nanodollars,
    #[sqlx(rename = "nanos_month")]
    pub month: Nanodollars,
    /// What calls of this month that were cut off may have cost on top.
    #[sqlx(rename = "nanos_unconfirmed")]
    pub unconfirmed: Nanodollars,
}

/// The spending of every key that was called this month; of one user's work, or of everybody's.
pub async fn by_key(
    db: impl PgExecutor<'_>,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<Vec<KeySpending>, StoreError> {
    let today = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let month = today.with_day(1).unwrap_or(today);
    Ok(sqlx::query_as(
        "SELECT provider, pool, key_label,
                count(*) FILTER (WHERE started_at >= $2) AS calls_today,
                count(*) AS calls_month,
                coalesce(sum(cost_nanos) FILTER (WHERE started_at >= $2), 0)::bigint AS nanos_today,
                coalesce(sum(cost_nanos), 0)::bigint AS nanos_month,
                coalesce(sum(reserved_nanos) FILTER (WHERE state = 'unknown'), 0)::bigint AS nanos_unconfirmed
         FROM attempts
         WHERE started_at >= $3 AND state <> 'reserved' AND ($1::uuid IS NULL OR user_id = $1)
         GROUP BY provider, pool, key_label
         ORDER BY provider, pool, key_label",
    )
    .bind(user)
    .bind(today)
    .bind(month)
    .fetch_all(db)
    .await?)
}
