//! The worker's parts against a real Postgres and a real Redis.

mod designs;
mod economy;
mod lease;
mod memory;
mod operator;
mod program;
mod queue;
mod reconcile;
mod settle;
