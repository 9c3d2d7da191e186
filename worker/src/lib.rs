//! The worker: takes posts and generations from their queues and has them written and painted.
//!
//! A post's way: a slice comes from the queue ([`consume`]); the claim makes its posts ours; each post's task makes it
//! ([`make`], [`generate_post`]) through the gateway ([`gateway`]), which alone knows keys and models; what it has to say is
//! written in groups ([`settle`]). Beside it [`upkeep`] keeps the queues filled and takes posts back from the dead. The other
//! kinds of work go the same way, through hands of their own ([`crew`]), and have a room each in [`generate`].

pub mod checks;
pub mod consume;
pub mod crew;
pub mod doorbell;
mod economy;
mod gate;
pub mod gateway;
pub mod generate;
pub mod generate_post;
pub mod halted;
pub mod hands;
pub mod in_hand;
pub mod intake;
mod isolation;
pub mod lease;
pub mod make;
pub mod operator;
pub mod pace;
pub mod pictures;
pub mod platforms;
pub mod prompts;
pub mod settle;
pub mod upkeep;
mod worker;

pub use worker::{End, Life, Worker, wait_for_schema};
