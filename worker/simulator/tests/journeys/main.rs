//! The simulator over real sockets, as its clients see it.

mod batches;
mod documents;
mod edits;
mod faults;
mod harness;
mod images;
mod limits;
mod moderation;
mod strictness;
mod text;
