//! Files that are handed to a provider's Batch API, and their lines.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgExecutor};

use crate::domain::{BatchId, CallId, PostId, ProviderBatchId, UserId, WorkerId, state};
use crate::store::StoreError;
use crate::store::claim::Brief;

state!(
    /// How far a file is.
    FileState {
        /// Its lines are being written.
        Reserving = "reserving",
        Reserved = "reserved",
        Uploaded = "uploaded",
        /// The order may have gone out: whether it has is asked before it is sent again.
        Creating = "creating",
        Created = "created",
        /// Every line is settled.
        Ended = "ended",
    }
);

/// Where a file is handed in.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Route {
    pub provider: String,
    pub pool: String,
    /// The key's label, never the key.
    pub key_label: String,
    pub model: String,
}

/// A file that was, or is to be, handed in.
#[derive(Clone, Debug, FromRow)]
pub struct ProviderBatch {
    pub id: ProviderBatchId,
    #[sqlx(rename = "batch_job_id")]
    pub batch: BatchId,
    #[sqlx(flatten)]
    pub route: Route,
    #[sqlx(try_from = "String")]
    pub state: FileState,
    pub input_file_id: Option<String>,
    pub provider_batch_id: Option<String>,
    /// Its posts went on without it.
    pub given_up: bool,
    pub created_at: DateTime<Utc>,
    /// When it entered its state.
    pub updated_at: DateTime<Utc>,
}

/// A line of a file that is not settled.
#[derive(Clone, Debug, FromRow)]
pub struct Line {
    pub post: PostId,
    #[sqlx(rename = "user_id")]
    pub user: UserId,
    #[sqlx(rename = "call_id")]
    pub call: CallId,
    pub ordinal: i16,
    pub started_at: DateTime<Utc>,
    #[sqlx(flatten)]
    pub brief: Brief,
}

/// The files of a batch that have not ended, the oldest first.
pub async fn of_batch(db: impl PgExecutor<'_>, batch: BatchId) -> Result<Vec<ProviderBatch>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, batch_job_id, provider, pool, key_label, model, state, input_file_id, provider_batch_id, given_up,
                created_at, updated_at
         FROM provider_batches WHERE batch_job_id = $1 AND state <> 'ended' ORDER BY id",
    )
    .bind(batch)
    .fetch_all(db)
    .await?)
}

/// The labels of keys that files of this batch were refused with.
pub async fn refused_keys(db: impl PgExecutor<'_>, batch: BatchId) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT DISTINCT key_label FROM provider_batches WHERE batch_job_id = $1 AND outcome = 'key_refused'",
    )
    .bind(batch)
    .fetch_all(db)
    .await?)
}

/// Enters a file, before its lines are written. `None`: the lane is not this worker's any more.
pub async fn insert(
    db: impl PgExecutor<'_>,
    worker: WorkerId,
    batch: BatchId,
    route: &Route,
) -> Result<Option<ProviderBatch>, StoreError> {
    Ok(sqlx::query_as(
        "INSERT INTO provider_batches (id, batch_job_id, provider, pool, key_label, model)
         SELECT $1, b.id, $4, $5, $6, $7 FROM batch_jobs b WHERE b.id = $2 AND b.lane_tender = $3
         RETURNING id, batch_job_id, provider, pool, key_label, model, state, input_file_id, provider_batch_id, given_up,
                   created_at, updated_at",
    )
    .bind(ProviderBatchId::new())
    .bind(batch)
    .bind(worker)
    .bind(&route.provider)
    .bind(&route.pool)
    .bind(&route.key_label)
    .bind(&route.model)
    .fetch_optional(db)
    .await?)
}

/// Writes how far a file is, with the ids that are known by then. False: the lane is not this worker's any more.
pub async fn enter(db: impl PgExecutor<'_>, worker: WorkerId, file: &ProviderBatch) -> Result<bool, StoreError> {
    let written = sqlx::query(
        "UPDATE provider_batches f
         SET state = $3, input_file_id = $4, provider_batch_id = $5, given_up = $6, updated_at = now(),
             lines = (SELECT count(*) FROM attempts a WHERE a.provider_batch = f.id)
         FROM batch_jobs b
         WHERE f.id = $1 AND f.state <> 'ended' AND b.id = f.batch_job_id AND b.lane_tender = $2",
    )
    .bind(file.id)
    .bind(worker)
    .bind(file.state.as_str())
    .bind(&file.input_file_id)
    .bind(&file.provider_batch_id)
    .bind(file.given_up)
    .execute(db)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Ends a file.
pub async fn end(
    db: impl PgExecutor<'_>,
    worker: WorkerId,
    file: ProviderBatchId,
    outcome: &str,
) -> Result<bool, StoreError> {
    let written = sqlx::query(
        "UPDATE provider_batches f SET state = 'ended', outcome = $3, updated_at = now()
         FROM batch_jobs b
         WHERE f.id = $1 AND f.state <> 'ended' AND b.id = f.batch_job_id AND b.lane_tender = $2",
    )
    .bind(file)
    .bind(worker)
    .bind(outcome)
    .execute(db)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Forgets a file that got no line.
pub async fn discard(db: impl PgExecutor<'_>, worker: WorkerId, file: ProviderBatchId) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM provider_batches f USING batch_jobs b
         WHERE f.id = $1 AND f.state = 'reserving' AND b.id = f.batch_job_id AND b.lane_tender = $2
           AND NOT EXISTS (SELECT FROM attempts a WHERE a.provider_batch = f.id)",
    )
    .bind(file)
    .bind(worker)
    .execute(db)
    .await?;
    Ok(())
}

/// The lines of a file whose cost is not known yet, in the order of their posts.
pub async fn lines(db: impl PgExecutor<'_>, file: ProviderBatchId) -> Result<Vec<Line>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT a.work_id AS post, a.user_id, a.call_id, a.ordinal, a.started_at, p.brand_name, p.topic, p.tone, p.brief,
                p.target_audience, p.platform, p.language, p.image_size, p.image_quality
         FROM attempts a JOIN campaign_posts p ON p.id = a.work_id
         WHERE a.provider_batch = $1 AND a.state IN ('reserved', 'unknown')
         ORDER BY a.work_id",
    )
    .bind(file)
    .fetch_all(db)
    .await?)
}
