//! Waiting for a generation: those who wait are woken by its progress events, and look at its row.
//!
//! An event that is lost costs a second at most. The time runs from the handler's entry, on a clock that never jumps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::domain::{BatchId, BatchStatus};
use shared::store::generations;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use crate::app::App;
use crate::batches::preferred_wait;
use crate::caller::Caller;
use crate::problem::Problem;

/// How long an answer is held when nobody says.
const USUAL: Duration = Duration::from_mins(1);
/// A generation that is waited for is looked at this often in any case.
const TICK: Duration = Duration::from_secs(1);

/// Until when an answer may be held back.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    deadline: Instant,
    /// What the caller asked for, where it asked.
    applied: Option<Duration>,
}

impl Patience {
    /// From a `Prefer` header: `wait=N` for N seconds (120 at most), `respond-async` for not at all, a minute otherwise.
    pub fn of(prefer: Option<&str>) -> Self {
        let wait = prefer.and_then(preferred_wait);
        let at_once = prefer.is_some_and(|prefer| {
            prefer.split(',').any(|preference| preference.trim().eq_ignore_ascii_case("respond-async"))
        });
        let length = wait.unwrap_or(if at_once { Duration::ZERO } else { USUAL });
        Self { deadline: Instant::now() + length, applied: wait }
    }

    /// As long as a `Prefer` header asks for, and not at all where none does.
    pub fn asked(prefer: Option<&str>) -> Self {
        Self::for_long(prefer.and_then(preferred_wait).unwrap_or_default())
    }

    /// Answered at once.
    pub fn none() -> Self {
        Self::for_long(Duration::ZERO)
    }

    /// Exactly so long.
    pub fn for_long(length: Duration) -> Self {
        Self { deadline: Instant::now() + length, applied: None }
    }

    /// As long as the caller asked to wait, or so long where it did not ask.
    #[must_use]
    pub fn or_for(self, length: Duration) -> Self {
        if self.applied.is_some() { self } else { Self::for_long(length) }
    }

    pub(super) fn is_over(self) -> bool {
        self.deadline <= Instant::now()
    }

    /// What `Preference-Applied` says.
    pub(super) fn applied(self) -> Option<String> {
        self.applied.map(|wait| format!("wait={}", wait.as_secs()))
    }
}

/// Those who wait in this process.
#[derive(Debug, Default)]
pub struct Waiters(Mutex<HashMap<BatchId, Waiting>>);

#[derive(Debug)]
struct Waiting {
    bell: Arc<Notify>,
    waiters: usize,
}

/// One who waits. Dropping it ends that.
struct Waiter<'a> {
    waiters: &'a Waiters,
    id: BatchId,
    bell: Arc<Notify>,
}

impl Waiters {
    /// Something changed: whoever waits for it looks.
    pub fn ring(&self, id: BatchId) {
        if let Some(waiting) = self.lock().get(&id) {
            waiting.bell.notify_waiters();
        }
    }

    fn enter(&self, id: BatchId) -> Waiter<'_> {
        let mut entries = self.lock();
        let waiting = entries.entry(id).or_insert_with(|| Waiting { bell: Arc::default(), waiters: 0 });
        waiting.waiters += 1;
        Waiter { waiters: self, id, bell: Arc::clone(&waiting.bell) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BatchId, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut entries = self.waiters.lock();
        if let Some(waiting) = entries.get_mut(&self.id) {
            waiting.waiters -= 1;
            if waiting.waiters == 0 {
                entries.remove(&self.id);
            }
        }
    }
}

/// Waits until a generation has ended, the patience is over, or the process is told to stop; whether it has ended.
pub(super) async fn finished(app: &App, caller: Caller, id: BatchId, patience: Patience) -> Result<bool, Problem> {
    let waiter = app.waiters.enter(id);
    loop {
        // Before the look, so that nothing that happens after it is missed.
        let rung = waiter.bell.notified();
        tokio::pin!(rung);
        rung.as_mut().enable();
        let status = generations::status(app.store.pool(), id).await?;
        if status.is_none_or(BatchStatus::is_final) {
            return Ok(true);
        }
        tokio::select! {
            () = rung => {}
            () = sleep(TICK) => {}
            () = sleep_until(patience.deadline) => return Ok(false),
            () = app.stopping.cancelled() => return Ok(false),
            () = app.sessions.revoked(caller.session) => {
                app.sessions.check(caller.session)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Patience, Waiters};

    #[test]
    fn preferences_say_how_long_an_answer_is_held() {
        for (prefer, seconds) in [
            (None, 60),
            (Some("wait=5"), 5),
            (Some("wait=500"), 120),
            (Some("respond-async"), 0),
            (Some("respond-async, wait=10"), 10),
            (Some("return=minimal"), 60),
        ] {
            let left = Patience::of(prefer).deadline - Instant::now();
            assert!(
                left <= Duration::from_secs(seconds) && left + Duration::from_secs(1) > Duration::from_secs(seconds)
            );
        }
    }

    #[test]
    fn nothing_is_kept_of_those_who_went() {
        let waiters = Waiters::default();
        let id = shared::domain::BatchId::new();
        let (first, second) = (waiters.enter(id), waiters.enter(id));
        drop(first);
        assert_eq!(waiters.lock().len(), 1);
        drop(second);
        assert!(waiters.lock().is_empty());
    }
}
