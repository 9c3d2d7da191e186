//! The worker: takes posts from the queue and has them written and painted.

pub mod settle;
