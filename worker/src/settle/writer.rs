//! The writer: groups items and writes them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use shared::domain::WorkerId;
use shared::store::advance::{Advanced, Answer, Item, Refusal, advance};
use shared::store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};

use crate::doorbell::Doorbell;
use crate::in_hand::Hold;

/// Items that one group holds at most. The database joins a group's lists with each other, so that in a larger one each item
/// costs more.
const GROUP: usize = 64;

/// Where posts hand in what they have to say. Cheap to clone; the writer ends when every clone is gone.
#[derive(Clone, Debug)]
pub struct Writer(mpsc::UnboundedSender<Entry>);

#[derive(Debug)]
struct Entry {
    item: Item,
    answer: oneshot::Sender<Answer>,
    /// Keeps the row in hand until the item is written. The economy lane has none in hand.
    hold: Option<Arc<Hold>>,
}

impl Writer {
    /// Hands in an item and waits until it is written. What waits is bounded by the posts in hand: each says one thing at a
    /// time.
    pub(crate) async fn write(&self, item: Item) -> Answer {
        self.hand_in(item, None).await.unwrap_or(Answer::Refused(Refusal::Unwritten))
    }

    /// Hands in an item of a row in hand; the answer may be awaited or not.
    pub(super) fn hand_in(&self, item: Item, hold: Option<Arc<Hold>>) -> oneshot::Receiver<Answer> {
        let (answer, receiver) = oneshot::channel();
        // Without a writer the receiver ends at once.
        drop(self.0.send(Entry { item, answer, hold }));
        receiver
    }
}

/// Starts a writer: a place to hand items in, and the task to run, which ends after the last item once every [`Writer`] is
/// gone.
pub fn start(store: Store, worker: WorkerId, doorbell: Doorbell) -> (Writer, impl Future<Output = ()> + Send) {
    let (sender, entries) = mpsc::unbounded_channel();
    (Writer(sender), run(store, worker, doorbell, entries))
}

async fn run(store: Store, worker: WorkerId, doorbell: Doorbell, mut entries: mpsc::UnboundedReceiver<Entry>) {
    let mut next = Vec::new();
    loop {
        if next.is_empty() && entries.recv_many(&mut next, GROUP).await == 0 {
            return;
        }
        while next.len() < GROUP
            && let Ok(entry) = entries.try_recv()
        {
            next.push(entry);
        }
        let group;
        (group, next) = one_a_post(next);
        let (items, askers): (Vec<Item>, Vec<_>) =
            group.into_iter().map(|entry| (entry.item, (entry.answer, entry.hold))).collect();
        let advanced = write(&store, worker, &items).await;
        for (answer, (sender, _hold)) in advanced.answers.into_iter().zip(askers) {
            // Whoever asked may have gone.
            let _ = sender.send(answer);
        }
        doorbell.ring(advanced.progress);
    }
}

/// A group in which no post stands twice, and the rest for the next one. A post can speak twice when a call that outlived
/// its hold reports its cost while the post is already taken again.
fn one_a_post(entries: Vec<Entry>) -> (Vec<Entry>, Vec<Entry>) {
    let mut seen = HashSet::with_capacity(entries.len());
    entries.into_iter().partition(|entry| seen.insert(entry.item.post))
}

/// Writes a group, whatever it takes: trouble of the database is waited out, and an item that can never be written is found
/// by halving and answered alone.
async fn write(store: &Store, worker: WorkerId, items: &[Item]) -> Advanced {
    let mut pause = Duration::from_millis(20);
    loop {
        match advance(store.pool(), worker, items).await {
            Ok(advanced) => return advanced,
            Err(error) if is_of_the_data(&error) => {
                let [item] = items else {
                    let (left, right) = items.split_at(items.len() / 2);
                    let mut advanced = Box::pin(write(store, worker, left)).await;
                    let rest = Box::pin(write(store, worker, right)).await;
                    advanced.answers.extend(rest.answers);
                    advanced.progress.extend(rest.progress);
                    return advanced;
                };
                error!(post.id = %item.post, batch.id = %item.batch, %error, "an item cannot be written");
                return Advanced { answers: vec![Answer::Refused(Refusal::Unwritten)], progress: Vec::new() };
            }
            Err(error) => {
                warn!(items = items.len(), %error, "a group is written again");
                let jitter = rand::rng().random_range(0.5..1.0);
                tokio::time::sleep(pause.mul_f64(jitter)).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
        }
    }
}

/// Whether the same group would fail again: integrity (23) and data (22) errors, not connections, locks or shutdowns.
fn is_of_the_data(error: &StoreError) -> bool {
    match error {
        StoreError::Sqlx(sqlx::Error::Database(error)) => {
            error.code().is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
        }
        StoreError::Sqlx(sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }) => true,
        _ => false,
    }
}
