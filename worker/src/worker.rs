//! A worker's life: what its jobs may use, how it begins and how it ends.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use shared::config::{ChecksSettings, EconomySettings, Names, RedisSettings, Settings, WorkerSettings};
use shared::media::MediaStore;
use shared::queue::{self, Queue, Track};
use shared::store::{self, Store};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::consume::consume;
use crate::crew::Crew;
use crate::doorbell::{self, Doorbell};
use crate::gateway::{Gateway, SendGuard};
use crate::halted::Halted;
use crate::hands::Hands;
use crate::in_hand::InHand;
use crate::isolation::Isolation;
use crate::lease::{Keeper, Lease};
use crate::platforms::Platforms;
use crate::settle;
use crate::upkeep::{self, Dispatcher};

/// What jobs may use.
#[derive(Debug)]
pub struct Worker {
    pub settings: WorkerSettings,
    pub checks: ChecksSettings,
    pub platforms: Platforms,
    pub economy: EconomySettings,
    pub store: Store,
    pub media: MediaStore,
    /// How long the bytes of an upload stay after nothing refers to them any more.
    pub upload_grace: Duration,
    pub lease: Lease,
    pub doorbell: Doorbell,
    /// Those who make posts, and those who make generations.
    pub posts: Crew,
    pub generations: Crew,
    /// Batches in hand that were cancelled.
    pub halted: Halted,
    /// Rows in hand, and those that are being claimed.
    pub in_hand: InHand,
    redis: RedisSettings,
    pub(crate) isolation: Isolation,
    /// Megabytes of pictures of products that renders are being made of.
    pub references: Semaphore,
    pub tasks: TaskTracker,
    /// No post is begun any more.
    pub draining: CancellationToken,
    /// Posts under way are dropped, and hand themselves back.
    pub abort: CancellationToken,
}

impl Worker {
    /// What pictures of products may take of memory at once.
    pub const REFERENCE_MEGABYTES: usize = 128;

    /// Those who take from the queue of a track.
    pub fn crew(&self, track: Track) -> &Crew {
        match track {
            Track::Posts => &self.posts,
            Track::Generations => &self.generations,
        }
    }

    /// What every key in Redis begins with.
    pub fn namespace(&self) -> &str {
        &self.redis.namespace
    }

    /// This worker's side of dispatch.
    pub fn dispatcher(&self, track: Track) -> Dispatcher {
        let crew = self.crew(track);
        Dispatcher {
            store: self.store.clone(),
            queue: crew.queue.clone(),
            doorbell: self.doorbell.clone(),
            slice: crew.slice(),
            hands: crew.hands.clone(),
            pace: Arc::clone(&crew.pace),
            appetite: Arc::clone(&crew.appetite),
        }
    }
}

impl SendGuard for Lease {
    fn may_send(&self) -> bool {
        Self::may_send(self)
    }
}

/// How a life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was told to stop, and did.
    Drained,
    /// It was taken for dead: its posts belong to others. A new life may begin at once.
    LostLease,
}

/// One life, from entering to leaving.
pub struct Life {
    pub worker: Arc<Worker>,
    /// The writers and the doorbell, which end when nobody holds their other ends any more.
    tail: Vec<JoinHandle<()>>,
    keeper: Keeper,
}

impl Life {
    /// Connects, enters the worker and keeps its lease. It takes no posts yet.
    pub async fn begin(settings: &Settings, names: &Names, name: &str) -> Result<Self> {
        let platforms = Platforms::read(&settings.checks.platforms)?;
        let store = Store::open_for_worker(&settings.database)?;
        let redis = queue::connect(&settings.redis).await?;
        let queue = Queue::new(redis, &settings.redis.namespace);
        let slots = settings.worker.concurrency;
        let (lease, keeper) =
            Lease::begin(&settings.database, name, slots).await.context("the worker could not enter the database")?;
        let (doorbell, publish) = doorbell::start(queue.clone(), settings.redis.namespace.clone());
        let (writer, write) = settle::start(store.clone(), lease.worker, doorbell.clone());
        let (own_writer, write_own) = settle::start(store.clone(), lease.worker, doorbell.clone());
        let gateway =
            Gateway::from_settings(settings, names, Arc::new(Semaphore::new(slots)), Arc::new(lease.clone()))?;
        let few = settings.worker.generations;
        let tasks = TaskTracker::new();
        let worker = Worker {
            settings: settings.worker.clone(),
            checks: settings.checks.clone(),
            platforms,
            economy: settings.economy.clone(),
            media: MediaStore::open(&settings.storage, names)?,
            upload_grace: Duration::from_secs(settings.storage.sweep_seconds),
            store,
            lease,
            doorbell,
            generations: Crew::new(queue.of(Track::Generations), few, own_writer, gateway.beside(few)),
            posts: Crew::new(queue, slots, writer, gateway),
            halted: Halted::default(),
            in_hand: InHand::default(),
            redis: settings.redis.clone(),
            isolation: Isolation::new(Hands::most(slots) + Hands::most(few)),
            references: Semaphore::new(Worker::REFERENCE_MEGABYTES),
            tasks: tasks.clone(),
            draining: CancellationToken::new(),
            abort: CancellationToken::new(),
        };
        // Beside the tracker: these outlive the posts.
        let alive = TaskTracker::new();
        let tail = vec![alive.spawn(write), alive.spawn(write_own), alive.spawn(publish)];
        Ok(Self { worker: Arc::new(worker), tail, keeper })
    }

    /// Takes posts until `term` is cancelled or the lease is lost, then ends what is under way.
    pub async fn run(self, term: CancellationToken) -> End {
        let worker = &self.worker;
        info!(worker.id = %worker.lease.worker, slots = worker.settings.concurrency, "taking posts");
        let stop = CancellationToken::new();
        let duties = TaskTracker::new();
        for track in [Track::Posts, Track::Generations] {
            duties.spawn(consume(Arc::clone(worker), track, stop.clone()));
        }
        duties.spawn(upkeep::run(Arc::clone(worker), stop.clone()));
        let watcher = Arc::clone(worker);
        let until = stop.clone();
        duties.spawn(async move { watcher.halted.watch(&watcher.store, &watcher.redis, &until).await });
        duties.close();
        // Until the last post has ended: how its calls ended is told, too.
        let (keeper, done) = (Arc::clone(worker), CancellationToken::new());
        let until = done.clone();
        let keeping = TaskTracker::new().spawn(async move { keeper.posts.gateway.keep(&until).await });
        let end = tokio::select! {
            () = term.cancelled() => End::Drained,
            () = worker.lease.lost() => End::LostLease,
        };
        worker.draining.cancel();
        stop.cancel();
        self.finish(end, duties, (keeping, done)).await
    }

    async fn finish(self, end: End, duties: TaskTracker, (keeping, done): (JoinHandle<()>, CancellationToken)) -> End {
        let Self { worker, tail, keeper } = self;
        worker.tasks.close();
        // A lost lease too: nothing more is sent, but what calls under way cost is still to be told.
        if tokio::time::timeout(worker.settings.drain(), worker.tasks.wait()).await.is_err() {
            warn!(posts = worker.tasks.len(), "posts did not end in time and are handed back");
            worker.abort.cancel();
            worker.tasks.wait().await;
        }
        duties.wait().await;
        done.cancel();
        if tokio::time::timeout(Duration::from_secs(1), keeping).await.is_err() {
            warn!("the other workers were not told how the last calls ended");
        }
        // The last handles: the writer writes what was handed in, and ends.
        drop(worker);
        for task in tail {
            if tokio::time::timeout(Duration::from_secs(3), task).await.is_err() {
                warn!("the last words of this worker were not written; its posts are rescued");
            }
        }
        keeper.end().await;
        info!(?end, "stopped");
        end
    }
}

/// Waits until the database has this program's schema: the API brings it there.
pub async fn wait_for_schema(settings: &Settings, term: &CancellationToken) -> Result<bool> {
    let store = Store::open(&settings.database)?;
    let mut told = false;
    loop {
        let ready = store::schema_ready(store.pool()).await;
        if let Ok(true) = ready {
            return Ok(true);
        }
        if !told {
            let why = ready.map_or_else(|error| error.to_string(), |_| "migrations have not run".to_owned());
            info!(why, "waiting for the database");
            told = true;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(250)) => {}
            () = term.cancelled() => return Ok(false),
        }
    }
}
