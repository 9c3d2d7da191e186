//! Batches as readers see them.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgExecutor, Row};
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    BatchId, BatchStatus, CampaignId, LaneState, Mode, Nanodollars, PauseReason, Priority, ProjectId, UserId,
};

/// The row of a batch.
#[derive(Clone, Debug)]
pub struct Batch {
    pub id: BatchId,
    pub campaign_id: CampaignId,
    pub user_id: UserId,
    pub created_by: UserId,
    pub name: String,
    pub status: BatchStatus,
    pub pause_reason: Option<PauseReason>,
    pub priority: Priority,
    pub total_posts: i32,
    pub released: i32,
    pub processing: i32,
    pub retrying: i32,
    pub completed_posts: i32,
    pub failed_posts: i32,
    pub cancelled_posts: i32,
    pub version: i64,
    pub run: i32,
    pub cap: Option<Nanodollars>,
    pub held: Nanodollars,
    pub spent: Nanodollars,
    /// The part of `held` that belongs to calls of which nobody knows what they cost.
    pub unconfirmed: Nanodollars,
    /// Those calls.
    pub unknown_attempts: i32,
    pub mode: Mode,
    /// Of an economy batch.
    pub lane: Option<LaneState>,
    /// Why posts left the lane without a caption.
    pub lane_reason: Option<String>,
    /// Failed posts by error class.
    pub errors: BTreeMap<String, i64>,
    pub error_log: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    /// When the row was read, by the database's clock.
    pub read_at: DateTime<Utc>,
    /// Whether any worker lives.
    pub has_workers: bool,
}

/// How many posts of a batch stand where. They always sum to its total: two of them are derived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    pub pending: i32,
    pub queued: i32,
    pub processing: i32,
    pub retrying: i32,
    pub completed: i32,
    pub failed: i32,
    pub cancelled: i32,
}

impl Counts {
    pub const fn finished(self) -> i32 {
        self.completed + self.failed + self.cancelled
    }

    pub const fn total(self) -> i32 {
        self.pending + self.queued + self.processing + self.retrying + self.finished()
    }
}

/// What came of a batch as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchOutcome {
    Succeeded,
    Partial,
    Failed,
    Cancelled,
}

impl BatchOutcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Batch {
    pub fn counts(&self) -> Counts {
        let taken = self.processing + self.retrying + self.completed_posts + self.failed_posts + self.cancelled_posts;
        let waiting = (self.total_posts - taken).max(0);
        let queued = if self.status.is_final() { 0 } else { (self.released - taken).clamp(0, waiting) };
        Counts {
            pending: waiting - queued,
            queued,
            processing: self.processing,
            retrying: self.retrying,
            completed: self.completed_posts,
            failed: self.failed_posts,
            cancelled: self.cancelled_posts,
        }
    }

    /// `None` until every post is final.
    pub fn outcome(&self) -> Option<BatchOutcome> {
        match self.status {
            BatchStatus::Completed if self.failed_posts + self.cancelled_posts > 0 => Some(BatchOutcome::Partial),
            BatchStatus::Completed => Some(BatchOutcome::Succeeded),
            BatchStatus::Failed => Some(BatchOutcome::Failed),
            BatchStatus::Cancelled => Some(BatchOutcome::Cancelled),
            _ => None,
        }
    }

    /// How much is done, from 0 to 100, with one decimal. 100 only when all is.
    pub fn progress(&self) -> f64 {
        let share = f64::from(self.counts().finished()) / f64::from(self.total_posts.max(1));
        (share * 1_000.0).floor() / 10.0
    }

    /// The time left at the pace since the batch began; `None` while that is unknown.
    pub fn eta(&self) -> Option<Duration> {
        let (started, finished) = (self.started_at?, self.counts().finished());
        if self.status != BatchStatus::Processing || finished == 0 {
            return None;
        }
        let elapsed = (self.read_at - started).to_std().ok()?;
        Some(elapsed.mul_f64(f64::from(self.total_posts - finished) / f64::from(finished)))
    }

    /// Whether the batch waits for workers that are not there.
    pub fn lacks_workers(&self) -> bool {
        !self.has_workers && !self.status.is_final()
    }
}

impl FromRow<'_, PgRow> for Batch {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let decode = |error| sqlx::Error::Decode(Box::new(error));
        let pause_reason: Option<&str> = row.try_get("pause_reason")?;
        Ok(Self {
            id: row.try_get("id")?,
            campaign_id: row.try_get("campaign_id")?,
            user_id: row.try_get("user_id")?,
            created_by: row.try_get("created_by")?,
            name: row.try_get("name")?,
            status: row.try_get::<&str, _>("status")?.parse().map_err(decode)?,
            pause_reason: pause_reason.map(str::parse).transpose().map_err(decode)?,
            priority: Priority::from_rank(row.try_get("priority")?),
            total_posts: row.try_get("total_posts")?,
            released: row.try_get("released")?,
            processing: row.try_get("processing")?,
            retrying: row.try_get("retrying")?,
            completed_posts: row.try_get("completed_posts")?,
            failed_posts: row.try_get("failed_posts")?,
            cancelled_posts: row.try_get("cancelled_posts")?,
            version: row.try_get("version")?,
            run: row.try_get("run")?,
            cap: row.try_get("cap_nanos")?,
            held: row.try_get("held_nanos")?,
            spent: row.try_get("spent_nanos")?,
            unconfirmed: row.try_get("unconfirmed_nanos")?,
            unknown_attempts: row.try_get("unknown_attempts")?,
            mode: Mode::of_deadline(row.try_get("deadline")?),
            lane: row.try_get::<Option<&str>, _>("lane")?.map(str::parse).transpose().map_err(decode)?,
            lane_reason: row.try_get("lane_reason")?,
            errors: row.try_get::<Json<_>, _>("errors")?.0,
            error_log: row.try_get("error_log")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            started_at: row.try_get("started_at")?,
            finished_at: row.try_get("finished_at")?,
            read_at: row.try_get("read_at")?,
            has_workers: row.try_get("has_workers")?,
        })
    }
}

/// A batch of whichever user: the caller of this compares `user_id`. One reading serves every reader of the batch.
pub async fn read(db: impl PgExecutor<'_>, batch: BatchId) -> Result<Option<Batch>, StoreError> {
    Ok(sqlx::query_as(include_str!("sql/batch_read.sql")).bind(batch).fetch_optional(db).await?)
}

/// A page of a campaign's batches, newest first, after the batch `after`; those of a deleted campaign stay readable.
pub async fn history(
    db: impl PgExecutor<'_>,
    user: UserId,
    campaign: CampaignId,
    after: Option<BatchId>,
    limit: i64,
) -> Result<Vec<Batch>, StoreError> {
    Ok(sqlx::query_as(include_str!("sql/batch_history.sql"))
        .bind(user)
        .bind(campaign)
        .bind(after.unwrap_or(BatchId(Uuid::max())))
        .bind(limit)
        .fetch_all(db)
        .await?)
}

/// Whether a campaign is, or was, the user's.
pub async fn owns_campaign(db: impl PgExecutor<'_>, user: UserId, campaign: CampaignId) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM campaigns WHERE id = $1 AND user_id = $2)")
        .bind(campaign)
        .bind(user)
        .fetch_one(db)
        .await?)
}

/// Whether a project is, or was, the user's.
pub async fn owns_project(db: impl PgExecutor<'_>, user: UserId, project: ProjectId) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM projects WHERE id = $1 AND user_id = $2)")
        .bind(project)
        .bind(user)
        .fetch_one(db)
        .await?)
}
