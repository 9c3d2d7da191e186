//! The domain's values: ids, states, money, parsed input. Nothing here does I/O.

mod checks;
mod id;
mod money;
mod new_batch;
mod state;

pub use checks::{Flag, Moderation};
pub use id::{BatchId, CallId, CampaignId, PostId, SessionId, UserId, WorkerId};
pub use money::Nanodollars;
pub use new_batch::{Image, ImageQuality, ImageSize, NewBatch, NewPost, Platform, Priority, limits};
pub use state::{AttemptState, BatchStatus, Outcome, PauseReason, PostStatus, ShownStatus, Step, UnknownName};
