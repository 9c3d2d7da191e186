//! Lanes: which are open, who tends them, which posts wait in them.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgArguments;
use sqlx::query::QueryScalar;
use sqlx::{FromRow, PgExecutor, PgPool, Postgres};

use crate::domain::{BatchId, BatchStatus, Context, LaneState, PostId, UserId, WorkerId};
use crate::progress::Progress;
use crate::store::StoreError;
use crate::store::advance::lock_batches;
use crate::store::claim::Brief;

/// A lane, as its tender finds it.
#[derive(Clone, Debug, FromRow)]
pub struct Lane {
    pub batch: BatchId,
    pub user: UserId,
    #[sqlx(try_from = "String")]
    pub status: BatchStatus,
    #[sqlx(try_from = "String")]
    pub state: LaneState,
    pub deadline: DateTime<Utc>,
    /// The database's clock.
    pub now: DateTime<Utc>,
    /// Posts that are the lane's.
    pub pending: i64,
    /// What the batch was placed with.
    #[sqlx(json)]
    pub context: Context,
}

/// A post that waits to be handed in.
#[derive(Clone, Debug, FromRow)]
pub struct WaitingPost {
    pub post: PostId,
    pub position: i32,
    pub revision: i32,
    pub caption_ordinal: i16,
    #[sqlx(flatten)]
    pub brief: Brief,
}

/// Batches that need a tender: their lane is open, or a file of theirs is.
pub async fn open(db: impl PgExecutor<'_>) -> Result<Vec<BatchId>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT id FROM batch_jobs WHERE lane IN ('waiting', 'at_provider', 'falling_over')
         UNION
         SELECT batch_job_id FROM provider_batches WHERE state <> 'ended'
         ORDER BY 1",
    )
    .fetch_all(db)
    .await?)
}

/// Takes a lane, or keeps it; `None` when another worker tends it. A rescue removes the dead; a worker that only missed a
/// renewal keeps its lanes.
pub async fn take(pool: &PgPool, worker: WorkerId, batch: BatchId) -> Result<Option<Lane>, StoreError> {
    sqlx::query(
        "UPDATE batch_jobs b SET lane_tender = $2
         WHERE b.id = $1 AND b.lane_tender IS DISTINCT FROM $2
           AND NOT EXISTS (SELECT FROM workers w WHERE w.id = b.lane_tender AND w.lease_until > '-infinity')",
    )
    .bind(batch)
    .bind(worker)
    .execute(pool)
    .await?;
    Ok(sqlx::query_as(
        "SELECT b.id AS batch, b.user_id AS user, b.status, b.lane AS state, b.deadline, now() AS now,
                b.total_posts::bigint - b.processing - b.retrying - b.completed_posts - b.failed_posts - b.cancelled_posts
                    AS pending,
                coalesce(b.context, '{}') AS context
         FROM batch_jobs b
         WHERE b.id = $1 AND b.lane_tender = $2
           AND EXISTS (SELECT FROM workers w WHERE w.id = $2 AND w.lease_until > now())",
    )
    .bind(batch)
    .bind(worker)
    .fetch_optional(pool)
    .await?)
}

/// At most `limit` posts of a batch that wait in its lane and are in no file, in their order.
pub async fn waiting_posts(
    db: impl PgExecutor<'_>,
    batch: BatchId,
    limit: usize,
) -> Result<Vec<WaitingPost>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT p.id AS post, p.position, p.revision, p.caption_ordinal, p.brand_name, p.topic, p.tone, p.brief,
                p.target_audience, p.platform, p.language, p.image_size, p.image_quality
         FROM campaign_posts p
         WHERE p.batch_job_id = $1 AND p.status = 'pending' AND p.epoch = 0 AND p.generated_caption IS NULL
           AND NOT EXISTS (SELECT FROM attempts a WHERE a.work_id = p.id AND a.step = 'caption' AND a.state = 'reserved')
         ORDER BY p.position LIMIT $2",
    )
    .bind(batch)
    .bind(limit as i64)
    .fetch_all(db)
    .await?)
}

/// A lane hands in: its batch runs from now on. No progress: the batch may not run, or already does.
pub async fn begin(pool: &PgPool, worker: WorkerId, batch: BatchId) -> Result<Option<Progress>, StoreError> {
    let statement =
        "UPDATE batch_jobs SET status = 'processing', started_at = coalesce(started_at, now()), lane = 'at_provider',
                version = version + 1, updated_at = now()
         WHERE id = $1 AND lane_tender = $2 AND status IN ('pending', 'processing') AND lane = 'waiting'
         RETURNING version";
    change(pool, batch, sqlx::query_scalar(statement).bind(batch).bind(worker)).await
}

/// Nothing more is handed in; what is under way may still end.
pub async fn fall_over(
    pool: &PgPool,
    worker: WorkerId,
    batch: BatchId,
    reason: &'static str,
) -> Result<Option<Progress>, StoreError> {
    let statement =
        "UPDATE batch_jobs SET lane = 'falling_over', lane_reason = $3, version = version + 1, updated_at = now()
         WHERE id = $1 AND lane_tender = $2 AND lane IN ('waiting', 'at_provider')
         RETURNING version";
    change(pool, batch, sqlx::query_scalar(statement).bind(batch).bind(worker).bind(reason)).await
}

/// Closes a lane: what is left in it is dispatched from now on.
pub async fn close(pool: &PgPool, worker: WorkerId, batch: BatchId) -> Result<Option<Progress>, StoreError> {
    let statement = "UPDATE batch_jobs b
         SET lane = CASE WHEN b.finished_at IS NULL AND EXISTS (
                             SELECT FROM campaign_posts p WHERE p.batch_job_id = b.id AND p.status = 'pending')
                         THEN 'live' ELSE 'done' END,
             released_at = now(), version = b.version + 1, updated_at = now()
         WHERE b.id = $1 AND b.lane_tender = $2 AND b.lane IN ('waiting', 'at_provider', 'falling_over')
         RETURNING b.version";
    change(pool, batch, sqlx::query_scalar(statement).bind(batch).bind(worker)).await
}

/// Lets those posts out of an open lane that no longer belong in it: they have their caption, or a worker has had them.
pub async fn release_strays(pool: &PgPool, worker: WorkerId, batch: BatchId) -> Result<Option<Progress>, StoreError> {
    let statement = "WITH stray AS (
             UPDATE campaign_posts p SET status = 'retrying', wake_at = now(), updated_at = now()
             FROM batch_jobs b
             WHERE b.id = $1 AND b.lane_tender = $2 AND b.lane IN ('waiting', 'at_provider', 'falling_over')
               AND p.batch_job_id = b.id AND p.status = 'pending' AND (p.epoch > 0 OR p.generated_caption IS NOT NULL)
             RETURNING p.id
         )
         UPDATE batch_jobs b SET retrying = b.retrying + s.posts, version = b.version + 1, updated_at = now()
         FROM (SELECT count(*) AS posts FROM stray) s
         WHERE b.id = $1 AND s.posts > 0
         RETURNING b.version";
    change(pool, batch, sqlx::query_scalar(statement).bind(batch).bind(worker)).await
}

/// Runs a statement that answers the batch's new version, if it changed the batch, under the batch's lock.
async fn change(
    pool: &PgPool,
    batch: BatchId,
    statement: QueryScalar<'_, Postgres, i64, PgArguments>,
) -> Result<Option<Progress>, StoreError> {
    let mut tx = pool.begin().await?;
    lock_batches(&mut tx, &[batch]).await?;
    let version = statement.fetch_optional(&mut *tx).await?;
    tx.commit().await?;
    Ok(version.map(|version| Progress { batch, version }))
}
