//! The domain's values: ids, states, money, parsed input. Nothing here does I/O.

mod checks;
mod id;
mod money;
mod new_batch;
mod state;

pub use checks::{Flag, Moderation};
pub use id::{BatchId, CallId, CampaignId, PostId, ProviderBatchId, SessionId, UserId, WorkerId};
pub use money::Nanodollars;
pub use new_batch::{Image, ImageQuality, ImageSize, Mode, NewBatch, NewPost, Platform, Priority, limits};
pub(crate) use state::state;
pub use state::{
    AttemptState, BatchStatus, LaneState, Outcome, PauseReason, PostStatus, ShownStatus, Step, UnknownName,
};
