//! Telling workers of a new batch: its first posts are pushed once, right after the commit.
//!
//! The push saves the wait for dispatch and nothing more. With a deep queue it is left out, so that the queue stays shallow;
//! when it fails, dispatch finds the posts by their mark.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use shared::domain::{BatchId, PostId};
use shared::queue::{MAX_DEPTH, Queue, SLICE, Slice};
use shared::store::place::Release;

/// How long a push may keep a submit waiting.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long the queue's depth is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// Messages that wait when the queue may hold as many ids as it should: a message has up to a slice of them.
const FULL: usize = MAX_DEPTH / SLICE;

/// Pushes the first posts of new batches.
pub struct Doorbell {
    queue: Queue,
    depth: Mutex<Depth>,
}

/// The queue's depth, as far as it is known.
#[derive(Clone, Copy)]
struct Depth {
    messages: usize,
    asked: Option<Instant>,
}

impl Doorbell {
    pub fn new(queue: Queue) -> Self {
        Self { queue, depth: Mutex::new(Depth { messages: 0, asked: None }) }
    }

    /// How much of a new batch is pushed by its submit. A Redis that does not answer has no room.
    pub async fn release(&self) -> Release {
        if self.has_room().await { Release::FirstSlice } else { Release::Nothing }
    }

    async fn has_room(&self) -> bool {
        let depth = self.known();
        if depth.asked.is_some_and(|asked| asked.elapsed() < BELIEVED) {
            return depth.messages < FULL;
        }
        // Whoever asks marks the time first: the others go by the old figure.
        self.note(Depth { asked: Some(Instant::now()), ..depth });
        let messages = match self.queue.waiting(PATIENCE).await {
            Ok(messages) => messages,
            Err(error) => {
                tracing::warn!(error = %error, "the queue cannot be asked; dispatch will push new batches");
                FULL
            }
        };
        self.note(Depth { messages, asked: Some(Instant::now()) });
        messages < FULL
    }

    /// Pushes the first posts of a batch.
    pub async fn ring(&self, batch: BatchId, posts: Vec<PostId>) {
        if posts.is_empty() {
            return;
        }
        let slice = Slice { batch, posts, due: false };
        let depth = self.known();
        let messages = match self.queue.push(vec![slice], PATIENCE).await {
            Ok(()) => depth.messages + 1,
            Err(error) => {
                tracing::warn!(batch.id = %batch, error = %error, "a new batch was not pushed; dispatch will push it");
                FULL
            }
        };
        self.note(Depth { messages, ..depth });
    }

    fn known(&self) -> Depth {
        *self.depth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, depth: Depth) {
        *self.depth.lock().unwrap_or_else(PoisonError::into_inner) = depth;
    }
}
