//! What every handler may use.

use std::sync::Arc;
use std::time::Instant;

use shared::config::{ConfigError, Environment, Names, Settings};
use shared::media::{MediaError, MediaStore};
use shared::queue::{self, Queue, QueueError, Track};
use shared::store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::assets::Intake;
use crate::auth::{Passwords, Sessions, SuccessorKeys, Tokens};
use crate::batches::{Board, Doorbell, LargeBodies};
use crate::download::Downloads;
use crate::estimates::{FirstChoices, FirstChoicesError};
use crate::generation::{Generation, GenerationError};
use crate::generations::Waiters;
use crate::media::Links;
use crate::providers::SpendingBoard;
use crate::rate_limit::AddressLimit;
use crate::service::Metrics;

/// Why the API could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Queue(#[from] QueueError),
    #[error("{0}")]
    Media(#[from] MediaError),
    #[error("{0}")]
    Generation(#[from] GenerationError),
    #[error("{0}")]
    Estimates(#[from] FirstChoicesError),
    #[error("password hashing: {0}")]
    Passwords(#[from] crate::auth::PasswordError),
}

/// Everything that handlers share. One a process, behind an `Arc`.
pub struct App {
    pub settings: Settings,
    pub store: Store,
    pub queue: Queue,
    /// Where images lie.
    pub media: MediaStore,
    pub tokens: Tokens,
    pub passwords: Passwords,
    /// Derives refresh tokens from those before them.
    pub successors: SuccessorKeys,
    /// The revocation feed.
    pub sessions: Sessions,
    /// Limits registration and login by address.
    pub door_limit: AddressLimit,
    /// Limits generation without a token, by address.
    pub open_limit: AddressLimit,
    /// Fetches images that lie elsewhere.
    pub downloads: Downloads,
    /// Signs links to images and events.
    pub links: Arc<Links>,
    /// How batches stand, for everyone who looks.
    pub board: Arc<Board>,
    /// Tells workers of new batches.
    pub doorbell: Doorbell,
    /// Tells workers of new generations.
    pub quick_doorbell: Doorbell,
    /// Those who wait for generations.
    pub waiters: Waiters,
    /// Looks at images that are uploaded.
    pub intake: Intake,
    /// Permits for large bodies.
    pub large_bodies: LargeBodies,
    pub generation: Generation,
    /// What estimates are made with.
    pub first_choices: FirstChoices,
    /// What keys of providers have cost.
    pub spending: SpendingBoard,
    /// What is counted for Prometheus.
    pub metrics: Metrics,
    pub started: Instant,
    /// Cancelled when the process is asked to stop: streams and long polls end then.
    pub stopping: CancellationToken,
}

impl App {
    /// Opens the pools; nothing is connected yet.
    pub async fn open(settings: Settings, names: &Names) -> Result<Arc<Self>, StartError> {
        let store = Store::open(&settings.database)?;
        let queue = Queue::new(queue::connect(&settings.redis).await?, &settings.redis.namespace);
        Self::with(settings, store, queue, names)
    }

    /// Over a store and a queue that are open already.
    pub fn with(settings: Settings, store: Store, queue: Queue, names: &Names) -> Result<Arc<Self>, StartError> {
        let stopping = CancellationToken::new();
        let links = Arc::new(Links::new(&settings)?);
        Ok(Arc::new(Self {
            media: MediaStore::open(&settings.storage, names)?,
            board: Board::new(store.clone(), Arc::clone(&links), stopping.clone()),
            links,
            doorbell: Doorbell::new(queue.clone()),
            quick_doorbell: Doorbell::new(queue.of(Track::Generations)),
            waiters: Waiters::default(),
            intake: Intake::new(),
            large_bodies: LargeBodies::new(),
            tokens: Tokens::new(&settings.auth)?,
            passwords: Passwords::new(settings.auth.hash_permits, settings.auth.hash_waiting)?,
            successors: SuccessorKeys::new(&settings.auth)?,
            sessions: Sessions::new(settings.auth.access_ttl()),
            door_limit: AddressLimit::new("Too many attempts from this address.", &settings.http),
            open_limit: AddressLimit::new("Too many requests from this address.", &settings.http),
            downloads: Downloads::new(&settings.download)?,
            generation: Generation::of(&settings, names)?,
            first_choices: FirstChoices::read(&settings, names)?,
            spending: SpendingBoard::default(),
            metrics: Metrics::default(),
            started: Instant::now(),
            stopping,
            settings,
            store,
            queue,
        }))
    }

    /// Whether a submit must be refused: in production nothing stands in for a provider's key.
    pub fn refuses_generation(&self) -> bool {
        self.generation == Generation::Unconfigured && self.settings.environment == Environment::Production
    }
}
