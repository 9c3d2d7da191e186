//! The domain's values: ids, states, money, parsed input. Nothing here does I/O.

mod checks;
mod context;
mod currency;
mod handle;
mod id;
mod kind;
mod metric;
mod money;
mod new_batch;
mod post_field;
mod state;

pub use checks::{Flag, Moderation};
pub use context::{BrandKit, Context, Segment};
pub use currency::{Currency, NoAmount, UnknownCurrency};
pub use handle::Handle;
pub use id::{
    AssetId, BatchId, CallId, CampaignId, MetricId, PostId, ProjectId, ProviderBatchId, SegmentId, SessionId,
    TemplateId, UserId, WorkerId,
};
pub use kind::{Kind, Output};
pub use metric::Metric;
pub use money::Nanodollars;
pub use new_batch::{Image, ImageQuality, ImageSize, Mode, NewBatch, NewPost, Platform, Priority, limits};
pub use post_field::PostField;
pub(crate) use state::state;
pub use state::{
    AttemptState, BatchStatus, LaneState, Outcome, PauseReason, PostStatus, ShownStatus, Step, UnknownName,
};
