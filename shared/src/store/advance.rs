//! `advance`: the one statement that moves posts forward.
//!
//! A worker groups whatever its posts have to say and writes it at once. An [`Item`] says, for one post: settle the call
//! just made, checkpoint its result, and then reserve the next call or end. *Content* is fenced by owner and epoch: a worker
//! that lost its post writes none. *Money* is fenced by the attempt's state only: what a call cost is recorded by whoever
//! made it.

mod columns;

use std::time::Duration;

use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use super::StoreError;
use crate::domain::{
    AttemptState, BatchId, CallId, Flag, Moderation, Nanodollars, Outcome, PostId, PostStatus, ProviderBatchId, Step,
    UserId, WorkerId,
};
use crate::media::{ImageFormat, MediaKey};
use crate::progress::Progress;
use columns::Columns;

/// What one post has to say.
#[derive(Clone, Debug)]
pub struct Item {
    pub post: PostId,
    pub batch: BatchId,
    pub user: UserId,
    /// The epoch that the post was claimed in, or [`LANE_EPOCH`].
    pub epoch: i32,
    pub settle: Option<Settlement>,
    pub checkpoint: Option<Checkpoint>,
    pub next: Next,
}

/// What a post does after its settlement and checkpoint.
#[derive(Clone, Debug)]
pub enum Next {
    /// Goes on without a call.
    Go,
    /// Asks for leave to make a call.
    Send(Reservation),
    /// Asks for leave to make a call as a line of a file for a provider's Batch API.
    Book(ProviderBatchId, Reservation),
    End(Ending),
}

/// The epoch of a post that no worker ever had. As long as such a post is pending, the economy lane speaks for it, and any
/// worker may write what the lane has to say.
pub const LANE_EPOCH: i32 = 0;

/// A call that is about to be made.
#[derive(Clone, Debug)]
pub struct Reservation {
    pub call: CallId,
    pub step: Step,
    /// Counts the attempts of this step of this post, from 1.
    pub ordinal: i16,
    pub revision: i32,
    pub quote: Quote,
}

/// Where a call would go, and the most that it can cost.
#[derive(Clone, Debug)]
pub struct Quote {
    pub provider: String,
    pub pool: String,
    /// The key's label, never the key.
    pub key_label: String,
    pub model: String,
    /// A true upper bound.
    pub reserved: Nanodollars,
    /// The date of the price table that the bound was computed with.
    pub price_version: String,
}

/// What became of a call, and what it cost.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub step: Step,
    pub ordinal: i16,
    pub bill: Bill,
}

/// The money and the outcome of one call.
#[derive(Clone, Debug)]
pub struct Bill {
    /// `Settled`, `Failed` or `Unknown`.
    pub state: AttemptState,
    pub outcome: Outcome,
    /// Why the gateway moved on; `None` when the call served.
    pub verdict: Option<String>,
    /// Zero unless settled.
    pub cost: Nanodollars,
    pub cost_source: CostSource,
    pub usage: Option<Value>,
    pub provider_request_id: Option<String>,
    pub duration: Duration,
}

/// Who said what a call cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostSource {
    /// Computed from usage and our table of prices.
    Prices,
    /// The provider's own figure.
    Provider,
    /// Nothing was billed, or nobody knows.
    None,
}

impl CostSource {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prices => "prices",
            Self::Provider => "provider",
            Self::None => "none",
        }
    }
}

/// What a finished step made; it is never bought again.
#[derive(Clone, Debug)]
pub enum Checkpoint {
    Caption(CheckedCaption),
    Moderation(Moderation),
    Image(StoredImage),
    /// What a part of a generation came to.
    Made(Made),
}

/// What was made of a part of a generation, with what the checks said of it.
#[derive(Clone, Debug)]
pub struct Made {
    /// As the kind's results are written.
    pub result: Value,
    /// From 0 to 1, by name.
    pub scores: Value,
    /// The model that made it.
    pub model: String,
    pub image: Option<StoredImage>,
    /// What looks almost the same has almost the same print.
    pub print: Option<u64>,
}

/// A caption with what the checks said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedCaption {
    pub caption: Caption,
    pub flags: Vec<Flag>,
    /// What near-duplicates are found by; `None` for a caption too short to compare.
    pub simhash: Option<u64>,
    /// `None`: moderation is asked next.
    pub moderation: Option<Moderation>,
}

impl From<Caption> for CheckedCaption {
    /// A caption that no check had anything to say of, and that is not moderated.
    fn from(caption: Caption) -> Self {
        Self { caption, flags: Vec::new(), simhash: None, moderation: Some(Moderation::Skipped) }
    }
}

/// An image that lies in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredImage {
    pub key: MediaKey,
    pub format: ImageFormat,
    /// In pixels.
    pub width: u32,
    pub height: u32,
    pub bytes: usize,
    /// A preview in about 25 bytes.
    pub thumbhash: Vec<u8>,
    pub flags: Vec<Flag>,
}

/// The text of a post.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Caption {
    pub caption: String,
    pub hashtags: Vec<String>,
    pub image_prompt: String,
    pub alt_text: String,
}

/// How a worker's hold on a post ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Completed,
    Failed(Reason),
    /// Everything was tried; comes again after a while. Counted, so that it does not go on for ever.
    Retry {
        after: Duration,
        reason: Reason,
    },
    /// Nothing may be tried now, through no fault of the post; comes again after a while.
    Wait {
        after: Duration,
        reason: Reason,
    },
    /// Leaves the economy lane: it may be tried at once.
    Ready,
    /// Handed back as it is, to be taken by whoever is free.
    Release,
    Cancelled,
}

/// Why a post failed or waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A stable code, counted in the batch's histogram of errors: `content_policy`, `provider_unavailable`, …
    pub class: &'static str,
    /// A sentence that the post's author can act on.
    pub message: String,
}

/// What a post is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Written.
    Done,
    /// The call may be made.
    Granted,
    Refused(Refusal),
}

/// Why a call may not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("another worker has this post")]
    Fenced,
    #[error("the batch was stopped")]
    Stopped,
    #[error("the budget is used up")]
    Budget,
    #[error("what is left of the budget is held by calls under way")]
    Held,
    #[error("the database could not be written")]
    Unwritten,
}

/// What came of a group.
#[derive(Debug, Default)]
pub struct Advanced {
    /// One answer an item, in their order.
    pub answers: Vec<Answer>,
    /// The batches that changed.
    pub progress: Vec<Progress>,
}

/// Writes a group in one transaction. No post may stand in it twice.
///
/// A group whose commit was lost may be written again: what was written is found written.
pub async fn advance(pool: &PgPool, worker: WorkerId, items: &[Item]) -> Result<Advanced, StoreError> {
    if items.is_empty() {
        return Ok(Advanced::default());
    }
    let columns = Columns::of(items);
    let mut tx = pool.begin().await?;
    lock_batches(&mut tx, &columns.batches).await?;
    let written = columns.write(&mut tx, worker).await?;
    tx.commit().await?;
    let mut progress: Vec<Progress> = written
        .iter()
        .zip(items)
        .filter_map(|(row, item)| Some(Progress { batch: item.batch, version: row.version? }))
        .collect();
    progress.sort_by_key(|event| event.batch);
    progress.dedup();
    Ok(Advanced { answers: written.iter().zip(items).map(|(row, item)| row.answer(item)).collect(), progress })
}

/// Takes the rows of batches, in the order that everybody takes them in.
pub(super) async fn lock_batches(tx: &mut PgConnection, batches: &[BatchId]) -> Result<(), StoreError> {
    sqlx::query("SELECT id FROM batch_jobs WHERE id = ANY ($1) ORDER BY id FOR UPDATE")
        .bind(batches)
        .execute(tx)
        .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Written {
    held: bool,
    granted: bool,
    /// Of a call that was asked for while the batch runs: whether it could not be granted if nothing were under way.
    over: Option<bool>,
    version: Option<i64>,
}

impl Written {
    fn answer(&self, item: &Item) -> Answer {
        match &item.next {
            _ if !self.held => Answer::Refused(Refusal::Fenced),
            Next::Send(_) | Next::Book(..) if self.granted => Answer::Granted,
            Next::Send(_) | Next::Book(..) => Answer::Refused(match self.over {
                None => Refusal::Stopped,
                Some(true) => Refusal::Budget,
                Some(false) => Refusal::Held,
            }),
            Next::Go | Next::End(_) => Answer::Done,
        }
    }
}

impl Ending {
    /// The status that a post ends its hold in.
    const fn status(&self) -> PostStatus {
        match self {
            Self::Completed => PostStatus::Completed,
            Self::Failed(_) => PostStatus::Failed,
            Self::Retry { .. } | Self::Wait { .. } | Self::Ready => PostStatus::Retrying,
            Self::Release => PostStatus::Pending,
            Self::Cancelled => PostStatus::Cancelled,
        }
    }

    const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Failed(reason) | Self::Retry { reason, .. } | Self::Wait { reason, .. } => Some(reason),
            Self::Completed | Self::Ready | Self::Release | Self::Cancelled => None,
        }
    }
}
