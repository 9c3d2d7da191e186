//! Halts: tells every worker to make no further call for a batch that was cancelled.
//!
//! A halt is a hint that saves money: workers also ask the tables once a second, and no call is booked for a cancelled batch.

use futures::Stream;
use redis::aio::ConnectionManager;

use crate::channel::{listen, send};
use crate::config::RedisSettings;
use crate::domain::BatchId;
use crate::queue::QueueError;

fn channel(namespace: &str) -> String {
    format!("{namespace}:halts")
}

/// Says that batches were cancelled. Called after the commit.
pub async fn publish(redis: &mut ConnectionManager, namespace: &str, batches: &[BatchId]) -> Result<(), QueueError> {
    send(redis, &channel(namespace), batches).await
}

/// Every halt from now on, until the connection breaks.
pub async fn subscribe(settings: &RedisSettings) -> Result<impl Stream<Item = BatchId> + use<>, QueueError> {
    listen(settings, &channel(&settings.namespace)).await
}
