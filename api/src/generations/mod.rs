//! What a person asks for one at a time: texts, images, designs, plans.
//!
//! A request is read by its kind's room ([`kinds`]) into an [`Asked`]; [`place`] writes it down with what prompts will need,
//! in one transaction, and tells the workers; [`waiting`] holds the answer back for as long as the caller prefers. A caller
//! who goes away loses nothing: the generation is found under its id, here and among the jobs.

mod answer;
mod asked;
mod batch;
mod cache;
mod exports;
mod history;
pub(crate) mod kinds;
mod operations;
mod place;
mod plan;
mod view;
mod waiting;

pub(crate) use asked::Asked;
pub use history::HistoryApi;
pub use kinds::KindsApi;
pub use operations::GenerationsApi;
pub(crate) use place::{Placing, ended, read};
pub use view::{GenerationView, UsageView};
pub use waiting::{Patience, Waiters};
