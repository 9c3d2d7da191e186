//! An auditor: holds a batch's counters against its rows, and its money and every budget's against the attempts.

use shared::domain::{BatchId, UserId};
use shared::store::Store;

#[derive(Debug, PartialEq, Eq, sqlx::FromRow)]
struct Totals {
    processing: i64,
    retrying: i64,
    completed: i64,
    failed: i64,
    cancelled: i64,
    spent: i64,
    held: i64,
    cost_of_posts: i64,
    unconfirmed: i64,
    unknown: i64,
}

/// What a batch says of itself, once it was found to agree with its rows.
#[derive(Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Stand {
    pub(crate) status: String,
    pub(crate) total_posts: i32,
    pub(crate) completed_posts: i32,
    pub(crate) failed_posts: i32,
    pub(crate) cancelled_posts: i32,
    pub(crate) spent_nanos: i64,
    pub(crate) held_nanos: i64,
}

impl Stand {
    /// Posts that are final.
    pub(crate) fn finished(&self) -> i32 {
        self.completed_posts + self.failed_posts + self.cancelled_posts
    }
}

/// Asserts that counters equal rows and money equals attempts.
pub(crate) async fn audit(store: &Store, batch: BatchId) -> Stand {
    let said: Totals = sqlx::query_as(
        "SELECT processing::bigint, retrying::bigint, completed_posts::bigint AS completed, failed_posts::bigint AS failed,
                cancelled_posts::bigint AS cancelled, spent_nanos AS spent, held_nanos AS held,
                spent_nanos AS cost_of_posts, unconfirmed_nanos AS unconfirmed, unknown_attempts::bigint AS unknown
         FROM batch_jobs WHERE id = $1",
    )
    .bind(batch)
    .fetch_one(store.pool())
    .await
    .expect("the batch");
    let counted: Totals = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE status = 'processing') AS processing,
                count(*) FILTER (WHERE status = 'retrying') AS retrying,
                count(*) FILTER (WHERE status = 'completed') AS completed,
                count(*) FILTER (WHERE status = 'failed') AS failed,
                count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
                (SELECT coalesce(sum(cost_nanos), 0)::bigint FROM attempts WHERE batch_job_id = $1) AS spent,
                (SELECT coalesce(sum(reserved_nanos), 0)::bigint FROM attempts
                 WHERE batch_job_id = $1 AND state IN ('reserved', 'sent', 'unknown')) AS held,
                sum(cost_nanos)::bigint AS cost_of_posts,
                (SELECT coalesce(sum(reserved_nanos), 0)::bigint FROM attempts
                 WHERE batch_job_id = $1 AND state = 'unknown') AS unconfirmed,
                (SELECT count(*) FROM attempts WHERE batch_job_id = $1 AND state = 'unknown') AS unknown
         FROM campaign_posts WHERE batch_job_id = $1",
    )
    .bind(batch)
    .fetch_one(store.pool())
    .await
    .expect("the rows");
    assert_eq!(said, counted, "the batch's counters, left, against its rows, right");
    sqlx::query_as(
        "SELECT status, total_posts, completed_posts, failed_posts, cancelled_posts, spent_nanos, held_nanos
         FROM batch_jobs WHERE id = $1",
    )
    .bind(batch)
    .fetch_one(store.pool())
    .await
    .expect("the batch")
}

/// A budget's account, by its campaign or user and its period.
#[derive(Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Account {
    pub(crate) scope_id: uuid::Uuid,
    pub(crate) period: String,
    pub(crate) spent: i64,
    pub(crate) held: i64,
    pub(crate) unconfirmed: i64,
}

/// Asserts that every budget of a user's is the sum of its entries: the attempts of its campaign, or of its month.
pub(crate) async fn audit_budgets(store: &Store, user: UserId) -> Vec<Account> {
    let said: Vec<Account> = sqlx::query_as(
        "SELECT scope_id, period, spent_nanos AS spent, held_nanos AS held, unconfirmed_nanos AS unconfirmed
         FROM budgets WHERE user_id = $1 ORDER BY scope_id, period",
    )
    .bind(user)
    .fetch_all(store.pool())
    .await
    .expect("the budgets");
    let counted: Vec<Account> = sqlx::query_as(
        "SELECT g.scope_id, g.period, coalesce(sum(a.cost_nanos), 0)::bigint AS spent,
                coalesce(sum(a.reserved_nanos) FILTER (WHERE a.state IN ('sent', 'unknown')), 0)::bigint AS held,
                coalesce(sum(a.reserved_nanos) FILTER (WHERE a.state = 'unknown'), 0)::bigint AS unconfirmed
         FROM budgets g
         LEFT JOIN (attempts a JOIN batch_jobs b ON b.id = a.batch_job_id)
           ON CASE g.scope WHEN 'campaign' THEN b.campaign_id = g.scope_id
                           ELSE b.user_id = g.scope_id AND to_char(a.started_at AT TIME ZONE 'UTC', 'YYYY-MM') = g.period END
         WHERE g.user_id = $1
         GROUP BY g.scope_id, g.period ORDER BY g.scope_id, g.period",
    )
    .bind(user)
    .fetch_all(store.pool())
    .await
    .expect("the attempts");
    assert_eq!(said, counted, "the budgets, left, against the attempts, right");
    said
}
