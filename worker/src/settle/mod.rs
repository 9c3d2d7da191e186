//! Group commit: one writer a worker, which writes whatever its posts had to say while the last write was under way.

mod ledger;

pub use ledger::Ledger;
