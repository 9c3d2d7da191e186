//! The queues in Redis: slices of batches, pushed by whoever released them and taken by any worker. Posts and generations
//! have a queue each, so that no batch, however large, stands before a person who waits.
//!
//! The queue is a doorbell. A message carries ids only, may be lost or come twice, and nothing about correctness depends on
//! it: the claim in Postgres decides. Dispatch keeps it shallow, because apalis-redis unpacks whole sets in one script.

use std::time::Duration;

use apalis_core::backend::TaskSink;
use apalis_core::backend::codec::Codec;
use apalis_core::backend::ext::BackendExt;
use apalis_core::backend::ext::with_codec::WithCodec;
use apalis_redis::{Config, RedisStorage};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::config::RedisSettings;
use crate::domain::{BatchId, PostId};

/// How many posts one message names at most.
pub const SLICE: usize = 32;

/// Ids that may wait in the queue, whatever lies in Postgres.
pub const MAX_DEPTH: usize = 1_000;

/// Which queue work waits in. Workers have hands of their own for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    Posts,
    Generations,
}

impl Track {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Posts => "posts",
            Self::Generations => "generations",
        }
    }
}

/// Some posts of one batch, to be claimed together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    pub batch: BatchId,
    pub posts: Vec<PostId>,
    /// Whether these are posts that waited for their time, rather than fresh ones.
    pub due: bool,
}

impl Slice {
    /// Posts of one batch as slices of at most `size`, so that several workers share them.
    pub fn split(batch: BatchId, posts: &[PostId], due: bool, size: usize) -> Vec<Self> {
        posts.chunks(size.clamp(1, SLICE)).map(|posts| Self { batch, posts: posts.to_vec(), due }).collect()
    }
}

/// What a queue message says. Decoding cannot fail: a worker that met an error would stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Slice(Slice),
    /// Something that this version cannot read; it is logged and dropped.
    Unreadable,
}

/// Messages as JSON.
#[derive(Clone, Copy, Debug, Default)]
pub struct MessageCodec;

impl Codec<Message> for MessageCodec {
    type Error = serde_json::Error;
    type Compact = Vec<u8>;

    fn encode(&self, message: &Message) -> Result<Vec<u8>, serde_json::Error> {
        match message {
            Message::Slice(slice) => serde_json::to_vec(slice),
            Message::Unreadable => Ok(b"null".to_vec()),
        }
    }

    fn decode(&self, bytes: &Vec<u8>) -> Result<Message, serde_json::Error> {
        Ok(serde_json::from_slice(bytes).map_or(Message::Unreadable, Message::Slice))
    }
}

/// The apalis backend of a queue.
pub type PostBackend = WithCodec<RedisStorage<Message>, MessageCodec>;

/// Why the queue could not be used.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error("redis: {0}")]
    Redis(#[from] redis::RedisError),
    #[error("redis: a push failed: {0}")]
    Push(String),
    #[error("redis: no answer in time")]
    Timeout,
}

/// A connection to Redis that mends itself. Cheap to clone; every clone shares one socket.
#[expect(clippy::unused_async, reason = "the manager spawns its task: callers must be in a runtime")]
pub async fn connect(settings: &RedisSettings) -> Result<ConnectionManager, QueueError> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(2)))
        // The default of 500 ms turns one slow reply into a stopped worker.
        .set_response_timeout(Some(Duration::from_secs(10)))
        .set_min_delay(Duration::from_millis(50))
        .set_max_delay(Duration::from_secs(1));
    Ok(redis::Client::open(settings.url.expose_secret())?.get_connection_manager_lazy(config)?)
}

/// The queue of a track.
#[derive(Clone, Debug)]
pub struct Queue {
    namespace: String,
    track: Track,
    redis: ConnectionManager,
}

impl Queue {
    /// The queue of posts.
    pub fn new(redis: ConnectionManager, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), track: Track::Posts, redis }
    }

    /// The queue of another track, over the same connection.
    #[must_use]
    pub fn of(&self, track: Track) -> Self {
        Self { track, ..self.clone() }
    }

    pub const fn track(&self) -> Track {
        self.track
    }

    /// What every key of this queue begins with.
    pub fn name(&self) -> String {
        format!("{}:{}", self.namespace, self.track.as_str())
    }

    pub fn redis(&self) -> ConnectionManager {
        self.redis.clone()
    }

    /// The backend that an apalis worker takes messages from, and that pushes go through.
    pub fn backend(&self) -> PostBackend {
        let config = Config::default()
            .queue(self.name().as_str())
            // A message is a whole slice: what one worker fetches and cannot start yet is kept from the others.
            .batch_size(1)
            // A worker that stops without a word gives its messages back after 30 s; leases in Postgres are quicker.
            .heartbeat_interval(Duration::from_secs(5))
            .missed_heartbeats(6)
            // Locks cost O(waiting) a job, and claims lock in Postgres. Without results there would be no acknowledgement.
            .lock_tasks(false)
            .emit_events(false)
            .persist_results(true);
        RedisStorage::<Message>::new(self.redis.clone()).with_config(config).with_codec(MessageCodec)
    }

    /// Pushes slices in one round trip. Waits `patience` at most, so that a Redis that is away costs little.
    pub async fn push(&self, slices: Vec<Slice>, patience: Duration) -> Result<(), QueueError> {
        if slices.is_empty() {
            return Ok(());
        }
        let messages = slices.into_iter().map(Message::Slice).collect();
        let mut backend = self.backend();
        match tokio::time::timeout(patience, backend.push_bulk(messages)).await {
            Ok(pushed) => pushed.map_err(|error| QueueError::Push(error.to_string())),
            Err(_) => Err(QueueError::Timeout),
        }
    }

    /// Messages that wait: those in the list and those on their way into it.
    pub async fn waiting(&self, patience: Duration) -> Result<usize, QueueError> {
        let name = self.name();
        let mut redis = self.redis.clone();
        let mut pipe = redis::pipe();
        pipe.cmd("LLEN").arg(format!("{name}:active")).cmd("ZCARD").arg(format!("{name}:scheduled"));
        match tokio::time::timeout(patience, pipe.query_async::<(usize, usize)>(&mut redis)).await {
            Ok(counts) => counts.map(|(active, scheduled)| active + scheduled).map_err(QueueError::from),
            Err(_) => Err(QueueError::Timeout),
        }
    }
}

#[cfg(test)]
mod tests {
    use apalis_core::backend::codec::Codec;

    use super::{Message, MessageCodec, Slice};
    use crate::domain::{BatchId, PostId};

    #[test]
    fn a_message_is_read_as_it_was_written_and_anything_else_is_no_error() {
        let slice = Slice { batch: BatchId::new(), posts: vec![PostId::new()], due: false };
        let bytes = MessageCodec.encode(&Message::Slice(slice.clone())).expect("encoded");
        assert_eq!(MessageCodec.decode(&bytes).expect("decoded"), Message::Slice(slice));
        for garbage in [&b"{}"[..], b"\xff\x00", b"", b"[1,2]"] {
            assert_eq!(MessageCodec.decode(&garbage.to_vec()).expect("never an error"), Message::Unreadable);
        }
    }
}
