//! Dispatch's side of the store: which batches have posts to push, and the marks that say how far they were pushed.
//!
//! `released` marks how far a batch has been pushed. Whatever can lose pushed ids (a flush, a crash between commit and push,
//! a pause) is mended by [`rewind`]: the mark goes back, and claims make the duplicates harmless.

use sqlx::{PgConnection, PgExecutor};

use super::StoreError;
use crate::domain::{BatchId, PostId, UserId};
use crate::progress::Progress;
use crate::queue::Track;

/// Makes one dispatcher of a track at a time: an arbitrary number of our own.
const DISPATCH_LOCK: i64 = 0x6469_7370_6174;

/// Becomes the dispatcher of a track until the transaction ends; false when somebody else is.
pub async fn try_lead(tx: &mut PgConnection, track: Track) -> Result<bool, StoreError> {
    let lock = DISPATCH_LOCK + track as i64;
    Ok(sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)").bind(lock).fetch_one(tx).await?)
}

/// A batch that runs and has posts to push.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OpenBatch {
    pub id: BatchId,
    pub user_id: UserId,
    pub priority: i16,
    /// Posts past the mark.
    pub unreleased: i32,
    /// Posts whose time to be tried again has come.
    pub due: i64,
    /// Posts that a worker has.
    pub processing: i32,
    /// Posts that were pushed and that nobody has taken yet.
    pub queued: i32,
    /// Pushed long enough ago that they should have been taken.
    pub overdue: bool,
}

/// Every batch of a track that runs and has anything to push or waiting to be taken.
pub async fn open_batches(db: impl PgExecutor<'_>, track: Track) -> Result<Vec<OpenBatch>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT b.id, b.user_id, b.priority, 
                -- What is pending in an open lane is the lane's.
                CASE WHEN b.lane IN ('waiting', 'at_provider', 'falling_over') THEN 0 ELSE b.total_posts - b.released END
                    AS unreleased,
                d.due, b.processing,
                greatest(b.released - done.posts, 0) AS queued, b.released_at < now() - interval '2 seconds' AS overdue
         FROM batch_jobs b
         CROSS JOIN LATERAL (
             SELECT b.processing + b.retrying + b.completed_posts + b.failed_posts + b.cancelled_posts AS posts) done
         CROSS JOIN LATERAL (
             SELECT count(*) AS due FROM (
                 SELECT FROM campaign_posts p
                 WHERE b.retrying > 0 AND p.batch_job_id = b.id AND p.wake_at <= now() LIMIT 1000) ready) d
         WHERE b.finished_at IS NULL AND b.status IN ('pending', 'processing')
           AND (done.posts < b.total_posts OR b.retrying > 0)
           AND (b.kind = 'post') = $1
         ORDER BY b.id",
    )
    .bind(track == Track::Posts)
    .fetch_all(db)
    .await?)
}

/// Whether any batch of a track is unfinished: the one question of an idle worker.
pub async fn anything_open(db: impl PgExecutor<'_>, track: Track) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM batch_jobs WHERE finished_at IS NULL AND (kind = 'post') = $1)")
        .bind(track == Track::Posts)
        .fetch_one(db)
        .await?)
}

/// Moves a batch's mark past its next `posts` posts and answers their ids, in their order.
pub async fn release_fresh(
    tx: &mut PgConnection,
    batch: BatchId,
    posts: i64,
) -> Result<(Vec<PostId>, Option<Progress>), StoreError> {
    super::advance::lock_batches(tx, &[batch]).await?;
    let row: Option<(Vec<PostId>, i64)> =
        sqlx::query_as(include_str!("sql/release_fresh.sql")).bind(batch).bind(posts).fetch_optional(tx).await?;
    Ok(row.map_or((Vec::new(), None), |(ids, version)| (ids, Some(Progress { batch, version }))))
}

/// The ids of at most `posts` posts whose time has come.
pub async fn release_due(tx: &mut PgConnection, batch: BatchId, posts: i64) -> Result<Vec<PostId>, StoreError> {
    super::advance::lock_batches(tx, &[batch]).await?;
    Ok(sqlx::query_scalar(include_str!("sql/release_due.sql")).bind(batch).bind(posts).fetch_all(tx).await?)
}

/// Sets a batch's mark back to its first post that is not final.
pub async fn rewind(tx: &mut PgConnection, batch: BatchId) -> Result<Option<Progress>, StoreError> {
    super::advance::lock_batches(tx, &[batch]).await?;
    let version: Option<i64> =
        sqlx::query_scalar(include_str!("sql/rewind.sql")).bind(batch).fetch_optional(tx).await?;
    Ok(version.map(|version| Progress { batch, version }))
}
