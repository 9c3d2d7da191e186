//! Control of a running batch by its owner: cancel, pause, resume, retry, and its cap.
//!
//! Each takes the batch's row first. Claims and sends look at the batch's status under the same lock, so what is written here
//! holds from the commit on.

use sqlx::{PgConnection, PgExecutor};

use super::advance::lock_batches;
use super::{StoreError, budgets, dispatch};
use crate::domain::{BatchId, BatchStatus, CampaignId, Nanodollars, UserId};
use crate::progress::Progress;
use crate::queue::Track;

/// Why a batch could not be told what to do.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("no such batch")]
    NotFound,
    #[error("the batch is {0}")]
    State(BatchStatus),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ControlError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Stops a batch, or a generation, for good: what waits is cancelled now, what runs stops before its next call.
pub async fn cancel(
    tx: &mut PgConnection,
    user: UserId,
    track: Track,
    batch: BatchId,
) -> Result<Progress, ControlError> {
    let status = status_of(tx, user, track, batch).await?;
    if status.is_final() || status == BatchStatus::Cancelling {
        return Err(ControlError::State(status));
    }
    Ok(cancel_locked(tx, batch).await?)
}

/// Cancels every unfinished batch of a campaign, in the transaction that deletes it.
pub async fn cancel_campaign(tx: &mut PgConnection, campaign: CampaignId) -> Result<Vec<Progress>, StoreError> {
    let batches: Vec<BatchId> = sqlx::query_scalar(
        "SELECT id FROM batch_jobs WHERE campaign_id = $1 AND finished_at IS NULL AND status <> 'cancelling'
         ORDER BY id FOR UPDATE",
    )
    .bind(campaign)
    .fetch_all(&mut *tx)
    .await?;
    let mut progress = Vec::new();
    for batch in batches {
        progress.push(cancel_locked(tx, batch).await?);
    }
    Ok(progress)
}

/// Which of these batches are being cancelled, or were.
pub async fn cancelling(db: impl PgExecutor<'_>, batches: &[BatchId]) -> Result<Vec<BatchId>, StoreError> {
    Ok(sqlx::query_scalar("SELECT id FROM batch_jobs WHERE id = ANY ($1) AND status IN ('cancelling', 'cancelled')")
        .bind(batches)
        .fetch_all(db)
        .await?)
}

async fn cancel_locked(tx: &mut PgConnection, batch: BatchId) -> Result<Progress, StoreError> {
    let version = sqlx::query_scalar(include_str!("sql/cancel.sql")).bind(batch).fetch_one(tx).await?;
    Ok(Progress { batch, version })
}

/// Lets a batch wait: what runs still ends, nothing else begins.
pub async fn pause(tx: &mut PgConnection, user: UserId, batch: BatchId) -> Result<Progress, ControlError> {
    let status = status_of(tx, user, Track::Posts, batch).await?;
    if !matches!(status, BatchStatus::Pending | BatchStatus::Processing) {
        return Err(ControlError::State(status));
    }
    let version = sqlx::query_scalar(
        "UPDATE batch_jobs SET status = 'paused', pause_reason = 'user', version = version + 1, updated_at = now()
         WHERE id = $1 RETURNING version",
    )
    .bind(batch)
    .fetch_one(tx)
    .await?;
    Ok(Progress { batch, version })
}

/// Lets a paused batch go on.
pub async fn resume(tx: &mut PgConnection, user: UserId, batch: BatchId) -> Result<Progress, ControlError> {
    let status = status_of(tx, user, Track::Posts, batch).await?;
    if status != BatchStatus::Paused {
        return Err(ControlError::State(status));
    }
    resume_locked(tx, batch).await?.ok_or(ControlError::NotFound)
}

/// Lets a paused batch go on. The caller holds it.
pub(super) async fn resume_locked(tx: &mut PgConnection, batch: BatchId) -> Result<Option<Progress>, StoreError> {
    sqlx::query(
        "UPDATE batch_jobs SET status = CASE WHEN started_at IS NULL THEN 'pending' ELSE 'processing' END,
                pause_reason = NULL, wanted_nanos = NULL
         WHERE id = $1",
    )
    .bind(batch)
    .execute(&mut *tx)
    .await?;
    // Claims refused what was pushed before and during the pause.
    dispatch::rewind(tx, batch).await
}

/// Changes what a batch may cost at most, whatever its status; `None` for no limit of its own. A batch that the old cap had
/// paused goes on if what it was refused fits now.
pub async fn set_cap(
    tx: &mut PgConnection,
    user: UserId,
    batch: BatchId,
    cap: Option<Nanodollars>,
) -> Result<Progress, ControlError> {
    status_of(tx, user, Track::Posts, batch).await?;
    let version = sqlx::query_scalar(
        "UPDATE batch_jobs SET cap_nanos = $2, version = version + 1, updated_at = now() WHERE id = $1 RETURNING version",
    )
    .bind(batch)
    .bind(cap)
    .fetch_one(&mut *tx)
    .await?;
    let resumed = budgets::resume_batches(tx, Some(user), &[batch]).await?;
    Ok(resumed.into_iter().next().unwrap_or(Progress { batch, version }))
}

/// Runs the failed posts of a finished batch again; what they have made and paid for is kept.
pub async fn retry(tx: &mut PgConnection, user: UserId, batch: BatchId) -> Result<Progress, ControlError> {
    let status = status_of(tx, user, Track::Posts, batch).await?;
    if !matches!(status, BatchStatus::Completed | BatchStatus::Failed) {
        return Err(ControlError::State(status));
    }
    let version: Option<i64> = sqlx::query_scalar(include_str!("sql/retry.sql")).bind(batch).fetch_optional(tx).await?;
    version.map(|version| Progress { batch, version }).ok_or(ControlError::State(status))
}

/// Takes the batch's row, if it is this user's and of this track.
async fn status_of(
    tx: &mut PgConnection,
    user: UserId,
    track: Track,
    batch: BatchId,
) -> Result<BatchStatus, ControlError> {
    lock_batches(tx, &[batch]).await?;
    let statement = "SELECT status FROM batch_jobs WHERE id = $1 AND user_id = $2 AND (kind = 'post') = $3";
    let status: Option<String> =
        sqlx::query_scalar(statement).bind(batch).bind(user).bind(track == Track::Posts).fetch_optional(tx).await?;
    let status = status.ok_or(ControlError::NotFound)?;
    status.parse().map_err(|error| ControlError::Store(StoreError::Sqlx(sqlx::Error::Decode(Box::new(error)))))
}
