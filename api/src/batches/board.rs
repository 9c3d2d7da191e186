//! The board: how batches stand, read at most ten times a second each, however many look.
//!
//! Pollers share a reading for a tenth of a second. Those who follow a batch (streams, long polls) share one watcher a
//! batch, which reads again when a progress event says that something changed, four times a second at most, and once a
//! second in any case, since events can be lost. Readings of a batch are made one after another, so nobody sees a batch go
//! back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use shared::config::RedisSettings;
use shared::domain::{BatchId, UserId};
use shared::progress::{self, Progress};
use shared::store::batches::{self, Batch};
use shared::store::{Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::scene::Scene;
use crate::generations::Waiters;
use crate::media::Links;

/// How long pollers share a reading.
const SHARED: Duration = Duration::from_millis(100);
/// Followers hear of changes at most this often.
const MERGED: Duration = Duration::from_millis(250);
/// A followed batch is read at least this often.
const TICK: Duration = Duration::from_secs(1);
/// Readings that are kept before old ones are thrown away.
const KEPT: usize = 1_024;

/// Readings of batches, and the watchers of those that are followed.
pub struct Board {
    store: Store,
    links: Arc<Links>,
    slots: Mutex<HashMap<BatchId, Arc<Slot>>>,
    watched: Mutex<HashMap<BatchId, Arc<Watched>>>,
    stopping: CancellationToken,
}

/// The last reading of one batch.
#[derive(Default)]
struct Slot {
    last: Mutex<Option<Reading>>,
    /// Held while the batch is read.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Reading {
    /// When the question was asked.
    asked: Instant,
    /// The batch as it stood, nothing when there is none; an error when the database could not say.
    outcome: Result<Option<Arc<Batch>>, ()>,
}

struct Watched {
    latest: watch::Sender<Arc<Scene>>,
    nudge: Notify,
}

impl Board {
    pub fn new(store: Store, links: Arc<Links>, stopping: CancellationToken) -> Arc<Self> {
        Arc::new(Self { store, links, slots: Mutex::default(), watched: Mutex::default(), stopping })
    }

    /// A batch of the user's, as it stood a tenth of a second ago or later.
    pub async fn read(&self, user: UserId, batch: BatchId) -> Result<Option<Arc<Batch>>, StoreError> {
        let since = Instant::now().checked_sub(SHARED).unwrap_or_else(Instant::now);
        let found = self.read_since(batch, since).await?;
        Ok(found.filter(|found| found.user_id == user))
    }

    /// Throws the reading of a batch away, after this process changed it: the next reader sees the change.
    pub fn forget(&self, batch: BatchId) {
        if let Some(slot) = lock(&self.slots).get(&batch) {
            *lock(&slot.last) = None;
        }
        self.nudge(Progress { batch, version: i64::MAX });
    }

    /// The batch from now on. The first value is the given one or a later one.
    pub fn follow(self: &Arc<Self>, batch: Arc<Batch>) -> watch::Receiver<Arc<Scene>> {
        let id = batch.id;
        let mut watched = lock(&self.watched);
        if let Some(watched) = watched.get(&id) {
            watched.latest.send_if_modified(|latest| self.replace(latest, batch));
            return watched.latest.subscribe();
        }
        let (latest, receiver) = watch::channel(Arc::new(Scene::new(batch, None, &self.links)));
        let entry = Arc::new(Watched { latest, nudge: Notify::new() });
        watched.insert(id, Arc::clone(&entry));
        tokio::spawn(Arc::clone(self).watch(id, entry));
        receiver
    }

    /// Follows the progress events of every batch until the process stops, and passes them on to those who wait for
    /// generations; one subscription a process.
    pub async fn hear(&self, redis: &RedisSettings, waiters: &Waiters) {
        let listening = async {
            let mut silent = false;
            loop {
                match progress::subscribe(redis).await {
                    Ok(events) => {
                        silent = false;
                        let mut events = std::pin::pin!(events);
                        while let Some(event) = events.next().await {
                            waiters.ring(event.batch);
                            self.nudge(event);
                        }
                    }
                    Err(error) if !silent => {
                        silent = true;
                        tracing::warn!(error = %error, "progress events cannot be heard; batches are read once a second");
                    }
                    Err(_) => {}
                }
                sleep(MERGED * 2).await;
            }
        };
        tokio::select! {
            () = listening => {}
            () = self.stopping.cancelled() => {}
        }
    }

    fn nudge(&self, event: Progress) {
        if let Some(watched) = lock(&self.watched).get(&event.batch)
            && watched.latest.borrow().batch.version < event.version
        {
            watched.nudge.notify_one();
        }
    }

    /// Reads a followed batch until nobody follows it.
    async fn watch(self: Arc<Self>, id: BatchId, watched: Arc<Watched>) {
        loop {
            let last = Instant::now();
            tokio::select! {
                () = watched.nudge.notified() => sleep_until(last + MERGED).await,
                () = sleep(TICK) => {}
                () = watched.latest.closed() => {}
                () = self.stopping.cancelled() => return,
            }
            if watched.latest.is_closed() {
                let mut entries = lock(&self.watched);
                // Somebody may have come while nobody was looking.
                if watched.latest.is_closed() {
                    entries.remove(&id);
                    return;
                }
            }
            match self.read_since(id, Instant::now()).await {
                Ok(Some(batch)) => {
                    watched.latest.send_if_modified(|latest| self.replace(latest, batch));
                }
                Ok(None) => {}
                Err(error) => tracing::debug!(batch.id = %id, error = %error, "a followed batch could not be read"),
            }
        }
    }

    /// A reading that was asked for at `since` or later; a new one is made a tenth of a second after the last at the
    /// earliest.
    async fn read_since(&self, id: BatchId, since: Instant) -> Result<Option<Arc<Batch>>, StoreError> {
        let slot = self.slot(id);
        let usable = |reading: Option<Reading>| reading.filter(|reading| reading.asked >= since);
        if let Some(reading) = usable(lock(&slot.last).clone()) {
            return said(reading.outcome);
        }
        let _turn = slot.reading.lock().await;
        let last = lock(&slot.last).clone();
        let earliest = last.as_ref().map(|reading| reading.asked + SHARED);
        if let Some(reading) = usable(last) {
            return said(reading.outcome);
        }
        if let Some(earliest) = earliest {
            sleep_until(earliest).await;
        }
        let asked = Instant::now();
        let read = batches::read(self.store.pool(), id).await;
        let (outcome, answer) = match read {
            Ok(batch) => {
                let batch = batch.map(Arc::new);
                (Ok(batch.clone()), Ok(batch))
            }
            Err(error) => (Err(()), Err(error)),
        };
        *lock(&slot.last) = Some(Reading { asked, outcome });
        answer
    }

    /// Takes a reading over unless it says nothing new.
    fn replace(&self, latest: &mut Arc<Scene>, batch: Arc<Batch>) -> bool {
        let news = batch.version > latest.batch.version
            || (batch.version == latest.batch.version && batch.lacks_workers() != latest.batch.lacks_workers());
        if news {
            *latest = Arc::new(Scene::new(batch, Some(latest), &self.links));
        }
        news
    }

    fn slot(&self, id: BatchId) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        if let Some(slot) = slots.get(&id) {
            return Arc::clone(slot);
        }
        if slots.len() >= KEPT {
            slots.retain(|_, slot| {
                let recent = lock(&slot.last).as_ref().is_some_and(|reading| reading.asked.elapsed() < TICK);
                recent || Arc::strong_count(slot) > 1
            });
        }
        Arc::clone(slots.entry(id).or_default())
    }
}

/// What others were told a moment ago. Those who share a failure share its cause: the database did not answer.
fn said(outcome: Result<Option<Arc<Batch>>, ()>) -> Result<Option<Arc<Batch>>, StoreError> {
    outcome.map_err(|()| StoreError::Sqlx(sqlx::Error::PoolTimedOut))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
