//! The worker: takes posts from the queue and has them written and painted.

pub mod gateway;
pub mod pictures;
pub mod prompts;
pub mod settle;
