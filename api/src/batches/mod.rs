//! Batches of posts.

pub mod parse;
