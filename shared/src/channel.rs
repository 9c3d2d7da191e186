//! Channels of Redis: messages for whoever listens right now.

use futures::{Stream, StreamExt};
use redis::aio::ConnectionManager;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::RedisSettings;
use crate::queue::QueueError;

/// Sends messages in one round trip.
pub(crate) async fn send<T: Serialize>(
    redis: &mut ConnectionManager,
    channel: &str,
    messages: &[T],
) -> Result<(), QueueError> {
    if messages.is_empty() {
        return Ok(());
    }
    let mut pipe = redis::pipe();
    for message in messages {
        pipe.cmd("PUBLISH").arg(channel).arg(serde_json::to_string(message).unwrap_or_default()).ignore();
    }
    Ok(pipe.query_async::<()>(redis).await?)
}

/// Every message from now on, until the connection breaks: then the stream ends, and the caller listens again. What cannot
/// be read is left out.
pub(crate) async fn listen<T: DeserializeOwned>(
    settings: &RedisSettings,
    channel: &str,
) -> Result<impl Stream<Item = T> + use<T>, QueueError> {
    let mut subscription = redis::Client::open(settings.url.expose_secret())?.get_async_pubsub().await?;
    subscription.subscribe(channel).await?;
    Ok(subscription
        .into_on_message()
        .filter_map(async |message| serde_json::from_slice(message.get_payload_bytes()).ok()))
}
