//! What the API and the workers share: configuration, the domain's values, the store, the queue, progress events.
//!
//! Postgres is the truth; Redis is a doorbell that may be lost at any moment. The API and the workers meet only here: in
//! rows, in ids that travel through the queue, and in progress events.

mod channel;
pub mod config;
pub mod domain;
pub mod gateway_state;
pub mod halts;
pub mod kinds;
pub mod media;
pub mod notices;
pub mod outgoing;
pub mod prices;
pub mod profiles;
pub mod progress;
pub mod queue;
pub mod store;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
