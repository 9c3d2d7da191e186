//! The HTTP API: accounts, campaigns, batches and their streams.
//!
//! A request passes the [`door`] (request id, log line, errors as problem+json), the [`routes`], then one handler. A handler
//! is short: it reads its body through [`parse`], calls the store, and answers with a view. Whatever goes wrong becomes a
//! [`problem::Problem`]. The API thinks little: it records work in Postgres and lets workers do it.

pub mod analytics;
pub mod answer;
pub mod app;
pub mod assets;
pub mod auth;
pub mod batches;
pub mod brand_kits;
pub mod budgets;
pub mod caller;
pub mod campaigns;
pub mod compat;
pub mod costs;
mod creation;
pub mod door;
pub mod download;
pub mod estimates;
pub mod generation;
pub mod generations;
pub mod idempotency_key;
pub mod imports;
pub mod jobs;
pub mod media;
mod owned;
pub mod page;
pub mod parse;
mod period;
pub mod posts;
pub mod problem;
pub mod projects;
pub mod providers;
mod query;
pub mod rate_limit;
pub mod results;
pub mod routes;
pub mod segments;
pub mod serve;
pub mod service;
pub mod streams;
pub mod templates;
pub mod time;

pub use app::App;
