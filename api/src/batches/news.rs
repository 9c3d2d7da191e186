//! News of batches that this process changed.

use std::time::Duration;

use shared::domain::BatchId;
use shared::halts;
use shared::progress::{self, Progress};

use crate::app::App;

/// How long the news may keep a caller waiting.
const PATIENCE: Duration = Duration::from_millis(250);

/// Tells the workers to make no further call for batches that were cancelled, and everybody else that they changed.
pub(crate) async fn announce_cancelled(app: &App, events: &[Progress]) {
    let batches: Vec<BatchId> = events.iter().map(|event| event.batch).collect();
    let mut redis = app.queue.redis();
    let halting = halts::publish(&mut redis, &app.settings.redis.namespace, &batches);
    if !matches!(tokio::time::timeout(PATIENCE, halting).await, Ok(Ok(()))) {
        tracing::warn!("workers were not told of cancelled batches; they will look");
    }
    announce(app, events).await;
}

/// Tells those who follow the batches, after the commit. News that is lost costs freshness only: a followed batch is read
/// once a second.
pub(crate) async fn announce(app: &App, events: &[Progress]) {
    for event in events {
        app.board.forget(event.batch);
    }
    let mut redis = app.queue.redis();
    let publishing = progress::publish(&mut redis, &app.settings.redis.namespace, events);
    match tokio::time::timeout(PATIENCE, publishing).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(error = %error, "changed batches were not announced"),
        Err(_) => tracing::warn!("changed batches were not announced: Redis gave no answer in time"),
    }
}
