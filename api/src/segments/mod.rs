//! Segments: people whom generated texts speak to, described by criteria of their author's own making.

pub(crate) mod bodies;
pub(crate) mod criteria;
pub(crate) mod keeping;
mod operations;
mod views;

pub use operations::SegmentsApi;
