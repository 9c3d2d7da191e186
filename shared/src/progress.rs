//! Progress events: after every commit that changes a batch, its new version goes out over Redis.
//!
//! An event is a hint. One that is lost costs freshness, never truth: readers also look at the row once a second.

use futures::{Stream, StreamExt};
use redis::aio::ConnectionManager;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

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

/// Says that batches changed, in one round trip. Called after the commit.
pub async fn publish(redis: &mut ConnectionManager, namespace: &str, events: &[Progress]) -> Result<(), QueueError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut pipe = redis::pipe();
    for event in events {
        let text = serde_json::to_string(event).unwrap_or_default();
        pipe.cmd("PUBLISH").arg(channel(namespace)).arg(text).ignore();
    }
    Ok(pipe.query_async::<()>(redis).await?)
}

/// Every event from now on, until the connection breaks: then the stream ends, and the caller subscribes again.
pub async fn subscribe(settings: &RedisSettings) -> Result<impl Stream<Item = Progress> + use<>, QueueError> {
    let mut subscription = redis::Client::open(settings.url.expose_secret())?.get_async_pubsub().await?;
    subscription.subscribe(channel(&settings.namespace)).await?;
    Ok(subscription
        .into_on_message()
        .filter_map(async |message| serde_json::from_slice(message.get_payload_bytes()).ok()))
}
