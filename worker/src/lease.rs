//! The worker's lease on itself.
//!
//! A thread of its own with a connection of its own renews it every 2 seconds, so that neither image decoding nor a busy
//! pool can starve it. Before each call to a provider the worker asks [`Lease::may_send`], on a monotonic clock: a process
//! that slept, or that lost its database, buys nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use shared::config::DatabaseSettings;
use shared::domain::WorkerId;
use shared::store::workers::{self, RENEWAL, SEND_WITHIN};
use shared::store::{StoreError, options};
use sqlx::{Connection, PgConnection};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// A lease that is being renewed.
#[derive(Clone, Debug)]
pub struct Lease {
    pub worker: WorkerId,
    /// When the last renewal that succeeded began.
    renewed: Arc<Mutex<Instant>>,
    lost: CancellationToken,
}

/// Keeps a lease alive until it is ended or dropped.
#[derive(Debug)]
pub struct Keeper {
    done: CancellationToken,
    /// Cancelled when the thread has ended.
    ended: CancellationToken,
}

impl Keeper {
    /// Ends the lease: whatever is left in our hands is free for the others at once.
    pub async fn end(self) {
        self.done.cancel();
        self.ended.cancelled().await;
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.done.cancel();
    }
}

impl Lease {
    /// Enters a new worker, on a thread that keeps its lease alive.
    pub async fn begin(settings: &DatabaseSettings, name: &str, slots: usize) -> Result<(Self, Keeper), StoreError> {
        let lease = Self {
            worker: WorkerId::new(),
            renewed: Arc::new(Mutex::new(Instant::now())),
            lost: CancellationToken::new(),
        };
        let keeper = Keeper { done: CancellationToken::new(), ended: CancellationToken::new() };
        let (entered, answer) = oneshot::channel();
        let renewer =
            Renewer { lease: lease.clone(), settings: settings.clone(), done: keeper.done.clone(), connection: None };
        let (name, ended) = (name.to_owned(), keeper.ended.clone().drop_guard());
        thread::Builder::new()
            .name("lease".to_owned())
            .spawn(move || {
                let _ended = ended;
                renewer.run(&name, slots, entered);
            })
            .map_err(|error| StoreError::Sqlx(error.into()))?;
        answer.await.map_err(|_| StoreError::Sqlx(sqlx::Error::WorkerCrashed))??;
        Ok((lease, keeper))
    }

    /// Whether the last renewal is young enough that nobody else can have taken our posts.
    pub fn may_send(&self) -> bool {
        !self.lost.is_cancelled() && self.renewed.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < SEND_WITHIN
    }

    /// Waits until the lease is lost for good: the others have taken our posts.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

/// What runs on the lease's thread.
struct Renewer {
    lease: Lease,
    settings: DatabaseSettings,
    done: CancellationToken,
    connection: Option<PgConnection>,
}

impl Renewer {
    fn run(mut self, name: &str, slots: usize, entered: oneshot::Sender<Result<(), StoreError>>) {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let answer = runtime.map_err(|error| StoreError::Sqlx(error.into())).map(|runtime| {
            runtime.block_on(async {
                let outcome = self.enter(name, slots).await;
                let lives = outcome.is_ok();
                if entered.send(outcome).is_ok() && lives {
                    self.renew().await;
                }
            });
        });
        if let Err(error) = answer {
            error!(%error, "the lease cannot be kept");
        }
    }

    async fn enter(&mut self, name: &str, slots: usize) -> Result<(), StoreError> {
        let worker = self.lease.worker;
        workers::enter(self.connected().await?, worker, name, slots).await
    }

    async fn renew(&mut self) {
        let mut pause = RENEWAL;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.done.cancelled() => break,
            }
            let began = Instant::now();
            match self.once().await {
                Ok(true) => {
                    *self.lease.renewed.lock().unwrap_or_else(PoisonError::into_inner) = began;
                    pause = RENEWAL;
                }
                Ok(false) => {
                    warn!(worker.id = %self.lease.worker, "this worker was taken for dead; it starts anew");
                    self.lease.lost.cancel();
                    return;
                }
                Err(error) => {
                    warn!(%error, "the lease was not renewed");
                    self.connection = None;
                    pause = AGAIN;
                }
            }
        }
        let worker = self.lease.worker;
        let leaving = async { workers::leave(self.connected().await?, worker).await };
        if let Err(error) = within_limit(leaving).await {
            warn!(%error, "the lease was not ended; it runs out by itself");
        }
    }

    async fn once(&mut self) -> Result<bool, StoreError> {
        let worker = self.lease.worker;
        within_limit(async { workers::renew(self.connected().await?, worker).await }).await
    }

    async fn connected(&mut self) -> Result<&mut PgConnection, StoreError> {
        if let Some(ref mut connection) = self.connection {
            return Ok(connection);
        }
        let fresh = PgConnection::connect_with(&options(&self.settings, LIMIT)?).await?;
        Ok(self.connection.insert(fresh))
    }
}

/// How long one statement of the lease may take, and how soon it is tried again: whoever comes back from an outage first
/// waits a lease's length for the others.
const LIMIT: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_millis(250);

async fn within_limit<T>(statement: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(LIMIT, statement).await.unwrap_or(Err(StoreError::Sqlx(sqlx::Error::PoolTimedOut)))
}
