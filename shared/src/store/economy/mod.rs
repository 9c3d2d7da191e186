//! The economy lane's side of the store: batches whose captions come through a provider's Batch API.
//!
//! While the lane of a batch is open, its **pending** posts are the lane's: dispatch leaves them alone. A post leaves the
//! lane with its caption, or without one, as `retrying` with a time that has come, so that dispatch pushes it like any post
//! whose time has come. When the lane closes, whatever is still pending is dispatched as in any batch.
//!
//! One worker at a time tends a lane: the one named in the batch's row, as long as its lease lives. What it writes of a file
//! names it, so that a tender that lost its lease writes nothing.
//!
//! A line of a file is an attempt, `reserved` before anything is sent, and the file that it belongs to stands in its row.
//! It goes through [`advance`](super::advance), under the same rules of granting and settling as every other call; the lane
//! speaks for posts in epoch [`LANE_EPOCH`](super::advance::LANE_EPOCH).

mod files;
mod lanes;

pub use files::{FileState, Line, ProviderBatch, Route, discard, end, enter, insert, lines, of_batch, refused_keys};
pub use lanes::{Lane, WaitingPost, begin, close, fall_over, open, release_strays, take, waiting_posts};
