//! Intake: how many posts may wait for room at the providers, so that the others stay in the queue and cost nothing.
//!
//! A post waits from its claim until its call is sent, or until it is told to come again later. Calls that find room let
//! more wait, the sooner the more. A fresh post that finds none was taken in vain: then no more are taken than those that
//! wait already and one, and none at all until it is this worker's turn to find room.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Posts that may always wait.
const FEWEST: f64 = 2.0;
/// What a call that found room adds to it: at once, or after a while.
const SOON: f64 = 1.0;
const LATER: f64 = 0.25;
/// For how long nothing is taken at most: things may change.
const LONGEST: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Intake(Mutex<State>);

#[derive(Debug)]
struct State {
    waiting: usize,
    room: f64,
    /// As many as ever may wait.
    most: f64,
    closed_until: Option<Instant>,
}

/// A post that waits. Dropping it says that it no longer does.
#[derive(Debug)]
pub struct Waiting(Arc<Intake>);

impl Intake {
    /// For a worker with `slots` calls in flight.
    pub fn new(slots: usize) -> Self {
        let most = (slots as f64 * 2.0).max(FEWEST);
        Self(Mutex::new(State { waiting: 0, room: most, most, closed_until: None }))
    }

    /// Posts that may be taken now.
    pub fn room(&self) -> usize {
        self.state().room_at(Instant::now())
    }

    /// A post begins to wait.
    pub fn wait(self: &Arc<Self>) -> Waiting {
        self.state().waiting += 1;
        Waiting(Arc::clone(self))
    }

    /// A call found room; `soon`: without much of a wait.
    pub fn granted(&self, soon: bool) {
        self.state().grow(soon);
    }

    /// A fresh post found no room, and this worker's turn is in `turn`. The post does not count as waiting any more.
    pub fn refused(&self, turn: Duration) {
        self.state().shrink(turn, Instant::now());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn room_at(&self, now: Instant) -> usize {
        let closed = self.closed_until.is_some_and(|until| until > now);
        if closed { 0 } else { (self.room as usize).saturating_sub(self.waiting) }
    }

    fn grow(&mut self, soon: bool) {
        self.room = (self.room + if soon { SOON } else { LATER }).min(self.most);
    }

    fn shrink(&mut self, turn: Duration, now: Instant) {
        self.room = self.room.min(self.waiting as f64 + 1.0).max(FEWEST);
        let until = now + turn.min(LONGEST);
        self.closed_until = Some(self.closed_until.map_or(until, |known| known.max(until)));
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waiting = state.waiting.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::{Intake, LONGEST, State};

    #[test]
    fn posts_that_wait_take_room_and_a_refusal_leaves_one_more_than_they_fill() {
        let intake = Arc::new(Intake::new(4));
        let waiting: Vec<_> = (0..3).map(|_| intake.wait()).collect();
        assert_eq!(intake.room(), 5);
        intake.refused(Duration::ZERO);
        assert_eq!(intake.room(), 1);
        drop(waiting);
        assert_eq!(intake.room(), 4);
        intake.granted(true);
        assert_eq!(intake.room(), 5);
        for _ in 0..3 {
            intake.granted(false);
        }
        assert_eq!(intake.room(), 5, "a long wait is a small sign of room");
        intake.granted(false);
        assert_eq!(intake.room(), 6);
    }

    #[test]
    fn nothing_is_taken_before_the_turn_and_never_for_long() {
        let now = Instant::now();
        let mut state = State { waiting: 0, room: 100.0, most: 100.0, closed_until: None };
        state.shrink(Duration::from_millis(200), now);
        // A later refusal does not bring the turn forward.
        state.shrink(Duration::from_millis(50), now);
        assert_eq!(state.room_at(now + Duration::from_millis(199)), 0);
        assert_eq!(state.room_at(now + Duration::from_millis(200)), 2);
        state.shrink(Duration::from_hours(1), now);
        assert_eq!((state.room_at(now), state.room_at(now + LONGEST)), (0, 2));
    }
}
