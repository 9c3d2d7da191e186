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

impl Lease {
    /// Enters a new worker and keeps its lease alive until `done` is cancelled.
    pub async fn begin(
        settings: &DatabaseSettings,
        name: &str,
        slots: usize,
        done: CancellationToken,
    ) -> Result<Self, StoreError> {
        let worker = WorkerId::new();
        let began = Instant::now();
        let mut connection = PgConnection::connect_with(&options(settings, Duration::from_secs(3))?).await?;
        workers::enter(&mut connection, worker, name, slots).await?;
        let lease = Self { worker, renewed: Arc::new(Mutex::new(began)), lost: CancellationToken::new() };
        let renewer = Renewer { lease: lease.clone(), settings: settings.clone(), done };
        thread::Builder::new()
            .name("lease".to_owned())
            .spawn(move || renewer.run(connection))
            .map_err(|error| StoreError::Sqlx(error.into()))?;
        Ok(lease)
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

struct Renewer {
    lease: Lease,
    settings: DatabaseSettings,
    done: CancellationToken,
}

impl Renewer {
    fn run(self, connection: PgConnection) {
        match runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(self.renew(connection)),
            Err(error) => {
                error!(%error, "the lease cannot be renewed");
                self.lease.lost.cancel();
            }
        }
    }

    async fn renew(self, connection: PgConnection) {
        let mut connection = Some(connection);
        loop {
            tokio::select! {
                () = tokio::time::sleep(RENEWAL) => {}
                () = self.done.cancelled() => break,
            }
            let began = Instant::now();
            match self.once(&mut connection).await {
                Ok(true) => *self.lease.renewed.lock().unwrap_or_else(PoisonError::into_inner) = began,
                Ok(false) => {
                    warn!(worker.id = %self.lease.worker, "this worker was taken for dead; it starts anew");
                    self.lease.lost.cancel();
                    return;
                }
                Err(error) => {
                    warn!(%error, "the lease was not renewed");
                    connection = None;
                }
            }
        }
        // Whatever is left in our hands is free for the others at once.
        if let Ok(connection) = self.connected(&mut connection).await
            && let Err(error) = workers::leave(connection, self.lease.worker).await
        {
            warn!(%error, "the lease was not ended; it runs out by itself");
        }
    }

    async fn once(&self, connection: &mut Option<PgConnection>) -> Result<bool, StoreError> {
        let limit = Duration::from_secs(3);
        let renewal = async {
            let worker = self.lease.worker;
            workers::renew(self.connected(connection).await?, worker).await
        };
        tokio::time::timeout(limit, renewal).await.unwrap_or(Err(StoreError::Sqlx(sqlx::Error::PoolTimedOut)))
    }

    async fn connected<'a>(
        &self,
        connection: &'a mut Option<PgConnection>,
    ) -> Result<&'a mut PgConnection, StoreError> {
        if let Some(connection) = connection {
            return Ok(connection);
        }
        let fresh = PgConnection::connect_with(&options(&self.settings, Duration::from_secs(3))?).await?;
        Ok(connection.insert(fresh))
    }
}
