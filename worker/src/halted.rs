//! Batches in hand, and which of them were cancelled: looked at right before every call.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use shared::config::RedisSettings;
use shared::domain::BatchId;
use shared::halts;
use shared::store::{Store, StoreError, control};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// How often the tables are asked, for a halt that was not heard.
const LOOK: Duration = Duration::from_secs(1);

/// Which batches in hand were cancelled. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Halted(Arc<Mutex<Hand>>);

#[derive(Debug, Default)]
struct Hand {
    /// Posts in hand, by batch.
    posts: HashMap<BatchId, usize>,
    halted: HashSet<BatchId>,
}

/// A post in hand. Dropping it lets it go.
#[derive(Debug)]
pub struct Held {
    batch: BatchId,
    halted: Halted,
}

impl Halted {
    /// Takes a post of a batch in hand.
    pub fn hold(&self, batch: BatchId) -> Held {
        *self.hand().posts.entry(batch).or_default() += 1;
        Held { batch, halted: self.clone() }
    }

    /// Notes that a batch was cancelled. Batches that are not in hand are none of ours.
    pub fn halt(&self, batch: BatchId) {
        let mut hand = self.hand();
        if hand.posts.contains_key(&batch) {
            hand.halted.insert(batch);
        }
    }

    /// Whether a batch is in hand and was cancelled.
    pub fn is_halted(&self, batch: BatchId) -> bool {
        self.hand().halted.contains(&batch)
    }

    /// Listens for halts, and asks the tables now and then, until `stop` is cancelled.
    pub async fn watch(&self, store: &Store, settings: &RedisSettings, stop: &CancellationToken) {
        tokio::select! {
            ((), ()) = futures::future::join(self.listen(settings), self.look(store)) => {}
            () = stop.cancelled() => {}
        }
    }

    async fn listen(&self, settings: &RedisSettings) {
        loop {
            match halts::subscribe(settings).await {
                Ok(halts) => {
                    let mut halts = pin!(halts);
                    while let Some(batch) = halts.next().await {
                        self.halt(batch);
                    }
                }
                Err(error) => debug!(%error, "halts cannot be heard; the tables are asked"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn look(&self, store: &Store) {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(error) = self.look_once(store).await {
                warn!(%error, "nobody knows whether a batch was cancelled");
            }
        }
    }

    async fn look_once(&self, store: &Store) -> Result<(), StoreError> {
        let batches: Vec<BatchId> = self.hand().posts.keys().copied().collect();
        if !batches.is_empty() {
            for batch in control::cancelling(store.pool(), &batches).await? {
                self.halt(batch);
            }
        }
        Ok(())
    }

    fn hand(&self) -> MutexGuard<'_, Hand> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Whether the batch was cancelled.
    pub fn is_halted(&self) -> bool {
        self.halted.is_halted(self.batch)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut hand = self.halted.hand();
        let left = hand.posts.get_mut(&self.batch).map(|posts| {
            *posts -= 1;
            *posts
        });
        if left == Some(0) {
            hand.posts.remove(&self.batch);
            hand.halted.remove(&self.batch);
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::BatchId;

    use super::Halted;

    #[test]
    fn a_halt_holds_for_a_batch_in_hand_until_its_last_post_is_let_go() {
        let (halted, batch, other) = (Halted::default(), BatchId::new(), BatchId::new());
        halted.halt(batch);
        let (first, second, unhurt) = (halted.hold(batch), halted.hold(batch), halted.hold(other));
        assert!(!first.is_halted(), "it was not in hand when the halt came");
        halted.halt(batch);
        assert!(first.is_halted() && second.is_halted() && !unhurt.is_halted());
        drop((first, second));
        assert!(!halted.hold(batch).is_halted(), "a batch that comes again was run again");
    }
}
