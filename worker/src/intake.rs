//! Intake: how many posts may wait for room at the providers, so that the others stay in the queue and cost nothing.
//!
//! A post waits from its claim until its call is sent, or until it is told to come again later. While calls find room soon,
//! more may wait; when one is refused, no more than those that wait already. Posts that were taken and refused without
//! anything made were taken in vain: then nothing is taken for a while, the longer the more often it happens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Posts that may always wait.
const FEWEST: usize = 2;
/// How long nothing is taken after a post was taken in vain, at first and at most.
const FIRST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Intake(Mutex<State>);

#[derive(Debug)]
struct State {
    waiting: usize,
    room: usize,
    /// As many as ever may wait.
    most: usize,
    pause: Duration,
    closed_until: Option<Instant>,
}

/// A post that waits. Dropping it says that it no longer does.
#[derive(Debug)]
pub struct Waiting(Arc<Intake>);

impl Intake {
    /// For a worker with `slots` calls in flight.
    pub fn new(slots: usize) -> Self {
        let most = slots.saturating_mul(2).max(FEWEST);
        Self(Mutex::new(State { waiting: 0, room: most, most, pause: Duration::ZERO, closed_until: None }))
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
        if soon {
            self.state().grow();
        }
    }

    /// A post was refused; `in_vain`: nothing was made since it was taken. It does not count as waiting any more.
    pub fn refused(&self, in_vain: bool) {
        self.state().shrink(in_vain, Instant::now());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn room_at(&self, now: Instant) -> usize {
        if self.closed_until.is_some_and(|until| until > now) { 0 } else { self.room.saturating_sub(self.waiting) }
    }

    fn grow(&mut self) {
        self.room = (self.room + 1).min(self.most);
        self.pause /= 2;
        if self.pause < FIRST {
            self.pause = Duration::ZERO;
        }
    }

    fn shrink(&mut self, in_vain: bool, now: Instant) {
        self.room = self.room.min(self.waiting).max(FEWEST);
        if in_vain && self.closed_until.is_none_or(|until| until <= now) {
            self.pause = (self.pause * 2).clamp(FIRST, LONGEST);
            self.closed_until = Some(now + self.pause);
        }
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

    use super::{FEWEST, Intake, LONGEST, State};

    #[test]
    fn posts_that_wait_take_room_and_a_refusal_leaves_no_more_of_it_than_they_fill() {
        let intake = Arc::new(Intake::new(4));
        let waiting: Vec<_> = (0..3).map(|_| intake.wait()).collect();
        assert_eq!(intake.room(), 5);
        intake.refused(false);
        assert_eq!(intake.room(), 0);
        drop(waiting);
        assert_eq!(intake.room(), 3);
        intake.granted(true);
        assert_eq!(intake.room(), 4);
        intake.granted(false);
        assert_eq!(intake.room(), 4, "a long wait is no sign of room");
    }

    #[test]
    fn what_is_taken_in_vain_closes_the_intake_longer_and_longer_and_room_opens_it() {
        let mut state = State { waiting: 0, room: 100, most: 100, pause: Duration::ZERO, closed_until: None };
        let mut now = Instant::now();
        let mut pauses = Vec::new();
        for _ in 0..9 {
            state.shrink(true, now);
            // Those that were taken together count once.
            state.shrink(true, now);
            pauses.push(state.pause.as_millis());
            assert_eq!(state.room_at(now), 0);
            now += state.pause;
            assert_eq!(state.room_at(now), FEWEST);
        }
        assert_eq!(pauses, [20, 40, 80, 160, 320, 640, 1000, 1000, 1000]);
        assert_eq!(state.pause, LONGEST);
        for _ in 0..6 {
            state.grow();
        }
        assert_eq!((state.pause, state.room), (Duration::ZERO, FEWEST + 6));
    }
}
