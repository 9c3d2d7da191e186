//! Group commit: one writer a worker, which writes whatever its posts had to say while the last write was under way.
//!
//! There is no timer: under load the groups grow, and an idle worker writes at once. A post speaks through its [`Line`],
//! and waits for the answer before it goes on.

mod ledger;
mod line;
mod writer;

pub use ledger::Ledger;
pub use line::Line;
pub(crate) use line::unwritable;
pub use writer::{Writer, start};
