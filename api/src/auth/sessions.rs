//! The revocation feed: which sessions no longer stand.
//!
//! Every API process asks the database twice a second which sessions were revoked, by the database's clock and over a
//! window that overlaps the last one, since a revocation may commit later than its time says. What this process revokes it
//! notes at once. A feed that has heard nothing for two seconds cannot say who was let out, so everybody waits: 503.
//! A revoked session is remembered for as long as one of its access tokens could still work.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use shared::domain::SessionId;
use shared::store::{Store, StoreError, sessions};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_millis(500);
const STALE: Duration = Duration::from_secs(2);
/// Longer than any transaction may run.
const OVERLAP: Duration = Duration::from_secs(30);

/// Why a session is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionRefusal {
    #[error("the session was ended")]
    Revoked,
    #[error("revocations have not been heard of for too long")]
    Stale,
}

/// What is known of revoked sessions.
pub struct Sessions {
    state: Mutex<State>,
    /// Counts changes, so that streams look again.
    changes: watch::Sender<u64>,
    remembered_for: Duration,
}

struct State {
    revoked: HashMap<SessionId, Instant>,
    heard: Option<Instant>,
    /// The database's time of the last answer.
    until: Option<DateTime<Utc>>,
}

impl Sessions {
    pub fn new(access_ttl: Duration) -> Self {
        let state = State { revoked: HashMap::new(), heard: None, until: None };
        Self { state: Mutex::new(state), changes: watch::Sender::new(0), remembered_for: access_ttl + OVERLAP * 2 }
    }

    /// Whether the session still stands.
    pub fn check(&self, session: SessionId) -> Result<(), SessionRefusal> {
        let state = self.state();
        if state.revoked.contains_key(&session) {
            Err(SessionRefusal::Revoked)
        } else if state.heard.is_some_and(|heard| heard.elapsed() < STALE) {
            Ok(())
        } else {
            Err(SessionRefusal::Stale)
        }
    }

    /// Notes sessions that this process revoked.
    pub fn revoke(&self, sessions: impl IntoIterator<Item = SessionId>) {
        let now = Instant::now();
        let mut state = self.state();
        for session in sessions {
            state.revoked.entry(session).or_insert(now);
        }
        drop(state);
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Ends when the session is revoked; for streams.
    pub async fn revoked(&self, session: SessionId) {
        let mut changes = self.changes.subscribe();
        while !self.state().revoked.contains_key(&session) {
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Asks once.
    pub async fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        let asked = Instant::now();
        let since = self.state().until;
        let window = since.map_or(self.remembered_for, |_| OVERLAP);
        let news = sessions::revoked_since(store.pool(), since, window).await?;
        let mut state = self.state();
        let before = state.revoked.len();
        for session in news.sessions {
            state.revoked.entry(session).or_insert(asked);
        }
        let changed = state.revoked.len() != before;
        state.revoked.retain(|_, noted| noted.elapsed() < self.remembered_for);
        // From when the question was asked: the answer cannot know of anything later.
        state.heard = Some(asked);
        state.until = Some(news.until);
        drop(state);
        if changed {
            self.changes.send_modify(|changes| *changes += 1);
        }
        Ok(())
    }

    /// Asks twice a second until the process stops.
    pub async fn follow(&self, store: &Store, stopping: &CancellationToken) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stopping.cancelled() => return,
            }
            let outcome = tokio::time::timeout(STALE, self.refresh(store)).await;
            let failed = !matches!(outcome, Ok(Ok(())));
            if failed && !failing {
                tracing::warn!("revoked sessions cannot be read; callers with tokens wait until they can");
            } else if failing && !failed {
                tracing::info!("revoked sessions are read again");
            }
            failing = failed;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use shared::domain::SessionId;

    use super::{SessionRefusal, Sessions};

    #[tokio::test]
    async fn nobody_is_let_in_on_old_news() {
        let sessions = Sessions::new(Duration::from_mins(1));
        let session = SessionId::new();
        assert_eq!(sessions.check(session), Err(SessionRefusal::Stale));
        sessions.state().heard = Some(Instant::now());
        assert_eq!(sessions.check(session), Ok(()));
        sessions.state().heard = Instant::now().checked_sub(Duration::from_secs(3));
        assert_eq!(sessions.check(session), Err(SessionRefusal::Stale));
    }

    #[tokio::test]
    async fn what_this_process_revokes_is_refused_at_once_and_streams_hear_of_it() {
        let sessions = Sessions::new(Duration::from_mins(1));
        sessions.state().heard = Some(Instant::now());
        let session = SessionId::new();
        let wait = sessions.revoked(session);
        sessions.revoke([session]);
        assert_eq!(sessions.check(session), Err(SessionRefusal::Revoked));
        tokio::time::timeout(Duration::from_secs(1), wait).await.expect("the stream hears of it");
    }
}
