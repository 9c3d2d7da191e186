//! An auditor: holds a batch's counters against its rows, and its money against its attempts.

use shared::domain::BatchId;
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

/// Asserts that counters equal rows and money equals attempts.
pub(crate) async fn audit(store: &Store, batch: BatchId) -> Stand {
    let said: Totals = sqlx::query_as(
        "SELECT processing::bigint, retrying::bigint, completed_posts::bigint AS completed, failed_posts::bigint AS failed,
                cancelled_posts::bigint AS cancelled, spent_nanos AS spent, held_nanos AS held,
                spent_nanos AS cost_of_posts
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
                 WHERE batch_job_id = $1 AND state IN ('sent', 'unknown')) AS held,
                sum(cost_nanos)::bigint AS cost_of_posts
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
