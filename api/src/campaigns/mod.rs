//! Campaigns: what batches of posts are made for.

pub(crate) mod bodies;
pub(crate) mod keeping;
mod operations;
pub(crate) mod views;

pub use operations::CampaignsApi;
