//! What keys have cost, read at most every few seconds however many ask.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use shared::domain::UserId;
use shared::store::StoreError;
use shared::store::spending::{KeySpending, by_key};
use sqlx::PgPool;
use tokio::sync::Mutex;

/// How old a reading may be.
const FRESH: Duration = Duration::from_secs(10);

/// Whose work is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    Installation,
    Own(UserId),
}

/// The last readings.
#[derive(Debug, Default)]
pub struct SpendingBoard {
    read: Mutex<HashMap<Whose, Reading>>,
}

/// When it was read, and what.
type Reading = (Instant, Arc<[KeySpending]>);

impl SpendingBoard {
    /// What each key has cost. Those who ask at once wait for one reading: a month of calls is a large sum.
    pub(crate) async fn read(&self, db: &PgPool, whose: Whose) -> Result<Arc<[KeySpending]>, StoreError> {
        let mut read = self.read.lock().await;
        read.retain(|_, (at, _)| at.elapsed() < FRESH);
        if let Some((_, spending)) = read.get(&whose) {
            return Ok(Arc::clone(spending));
        }
        let user = match whose {
            Whose::Installation => None,
            Whose::Own(user) => Some(user),
        };
        let spending: Arc<[KeySpending]> = by_key(db, user, Utc::now()).await?.into();
        read.insert(whose, (Instant::now(), Arc::clone(&spending)));
        Ok(spending)
    }
}
