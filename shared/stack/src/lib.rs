//! Starts the whole of Broadside on one machine, and stops it again.
//!
//! The parts are programs of their own: Postgres, Redis, the provider simulator, the API and any
//! number of workers. This crate finds or makes what they need and keeps them running:
//!
//! 1. [`privileges`] gives up root's rights; [`settings`] reads the environment and `.env`; [`state`] opens the state folder, where
//!    everything that must survive lies, and locks it: one stack to a folder.
//! 2. [`servers`] starts a private Postgres and a private Redis on free loopback ports, unless
//!    `DATABASE_URL` or `REDIS_URL` name servers to use instead.
//! 3. [`handed_out`] says what of the environment each program gets; [`part`] describes a program to start, [`supervise`] starts it, waits until it answers,
//!    starts it again when it dies and stops it in the end.
//! 4. [`assembly`] puts the parts together in their order and takes them apart again.
//! 5. [`run`], [`demo`] and [`with_servers`] are what a person asks for: a stack in the
//!    foreground, a demonstration, a command (the tests) with private servers around it.
//!
//! Nothing that was not started here is ever stopped.

pub mod assembly;
pub mod clean;
pub mod demo;
pub mod handed_out;
pub mod orphans;
pub mod part;
pub mod port;
pub mod privileges;
pub mod ready;
pub mod run;
pub mod secret;
pub mod servers;
pub mod settings;
pub mod shutdown;
pub mod state;
pub mod supervise;
pub mod terminal;
pub mod with_servers;
