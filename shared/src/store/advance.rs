//! `advance`: the one statement that moves posts forward.
//!
//! A worker groups whatever its posts have to say and writes it at once. An [`Item`] says, for one post: settle the call
//! just made, checkpoint its result, and then reserve the next call or end. *Content* is fenced by owner and epoch: a worker
//! that lost its post writes none. *Money* is fenced by the attempt's state only: what a call cost is recorded by whoever
//! made it.

use std::time::Duration;

use serde_json::Value;

use crate::domain::{AttemptState, BatchId, CallId, Nanodollars, Outcome, PostId, Step, UserId};

/// What one post has to say.
#[derive(Clone, Debug)]
pub struct Item {
    pub post: PostId,
    pub batch: BatchId,
    pub user: UserId,
    /// The epoch that the post was claimed in.
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
    End(Ending),
}

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
    Caption(Caption),
    /// The key of the stored image.
    Image(String),
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
    /// Waits, and comes again after a while.
    Retry {
        after: Duration,
        reason: Reason,
    },
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
    #[error("the batch's budget is used up")]
    Budget,
    #[error("the database could not be written")]
    Unwritten,
}
