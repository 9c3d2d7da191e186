//! Progress events: after every commit that changes a batch, its new version goes out over Redis.
//!
//! An event is a hint. One that is lost costs freshness, never truth: readers also look at the row once a second.

use futures::Stream;
use redis::aio::ConnectionManager;
use serde::{Deserialize, Serialize};

use crate::channel::{listen, send};
use crate::config::RedisSettings;
use crate::domain::BatchId;
use crate::queue::QueueError;

/// A batch changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub batch: BatchId,
    /// The version that the change made.
    pub version: i64,
}

fn channel(namespace: &str) -> String {
    format!("{namespace}:progress")
}

/// Says that batches changed. Called after the commit.
pub async fn publish(redis: &mut ConnectionManager, namespace: &str, events: &[Progress]) -> Result<(), QueueError> {
    send(redis, &channel(namespace), events).await
}

/// Every event from now on, until the connection breaks: then the stream ends, and the caller subscribes again.
pub async fn subscribe(settings: &RedisSettings) -> Result<impl Stream<Item = Progress> + use<>, QueueError> {
    listen(settings, &channel(&settings.namespace)).await
}
