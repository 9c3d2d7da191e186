//! Hands: how many posts a worker may have at once.
//!
//! A slot at the providers must not wait for the next claim, so a fast worker holds a few posts more than it has slots: as
//! many as it starts while a claim is made. A slow one holds none: they would only be kept from workers that are free, which
//! shows when a batch ends. While the providers have no room, the [`Intake`] keeps hands closed that are free.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::intake::Intake;
use crate::pace::Pace;

/// How far ahead posts are claimed.
const AHEAD: Duration = Duration::from_millis(10);

/// Hands beyond the slots, at most.
const fn spare(slots: usize) -> usize {
    slots.div_ceil(4)
}

/// The hands of one worker. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hands {
    free: Arc<Semaphore>,
    /// Hands beyond the slots, at most.
    spare: usize,
    /// Those of the spare hands that are put away.
    away: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
    pace: Arc<Pace>,
    intake: Arc<Intake>,
}

impl Hands {
    /// As many hands as slots, and up to a quarter more as the pace asks for them.
    pub fn new(slots: usize, pace: Arc<Pace>, intake: Arc<Intake>) -> Self {
        let spare = spare(slots);
        let free = Arc::new(Semaphore::new(Self::most(slots)));
        let away = Arc::clone(&free).try_acquire_many_owned(spare as u32).ok();
        Self { free, spare, away: Arc::new(Mutex::new(away)), pace, intake }
    }

    /// The most hands that there are for so many slots.
    pub const fn most(slots: usize) -> usize {
        slots + spare(slots)
    }

    /// Hands that may take a post now.
    pub fn free(&self) -> usize {
        self.free.available_permits().min(self.intake.room())
    }

    /// Waits for a free hand, and takes as many as are free then, `most` at most. None while the intake is closed.
    pub async fn take(&self, most: usize) -> Option<OwnedSemaphorePermit> {
        self.adjust();
        let most = most.min(self.intake.room());
        if most == 0 {
            return None;
        }
        let mut hands = Arc::clone(&self.free).acquire_owned().await.ok()?;
        let more = self.free.available_permits().min(most.saturating_sub(1));
        if let Ok(more) = Arc::clone(&self.free).try_acquire_many_owned(more as u32) {
            hands.merge(more);
        }
        Some(hands)
    }

    /// Brings out or puts away spare hands, by the pace.
    fn adjust(&self) {
        let wanted = (self.pace.per_second() * AHEAD.as_secs_f64()) as usize;
        let keep = self.spare - wanted.min(self.spare);
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let now = away.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if keep < now {
            drop(away.as_mut().and_then(|away| away.split(now - keep)));
        } else if let Ok(more) = Arc::clone(&self.free).try_acquire_many_owned((keep - now) as u32) {
            match away.as_mut() {
                Some(away) => away.merge(more),
                None => *away = Some(more),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::Hands;
    use crate::intake::Intake;
    use crate::pace::Pace;

    fn hands(pace: &Arc<Pace>) -> (Hands, Arc<Intake>) {
        let intake = Arc::new(Intake::new(8));
        (Hands::new(8, Arc::clone(pace), Arc::clone(&intake)), intake)
    }

    #[tokio::test]
    async fn a_slow_worker_claims_no_more_than_it_has_slots() {
        let (hands, _) = hands(&Arc::new(Pace::default()));
        let first = hands.take(32).await.expect("hands");
        assert_eq!((first.num_permits(), hands.free()), (8, 0));
    }

    #[tokio::test]
    async fn a_fast_worker_claims_a_quarter_more() {
        let pace = Arc::new(Pace::default());
        let (hands, _) = hands(&pace);
        pace.set(1_000.0);
        assert_eq!(hands.take(32).await.expect("hands").num_permits(), 10);
        pace.set(0.0);
        assert_eq!(hands.take(32).await.expect("hands").num_permits(), 8);
    }

    #[tokio::test]
    async fn what_is_free_is_taken_without_waiting_for_all() {
        let (hands, _) = hands(&Arc::new(Pace::default()));
        let mut first = hands.take(8).await.expect("hands");
        drop(first.split(2));
        assert_eq!(hands.take(32).await.expect("hands").num_permits(), 2);
    }

    #[tokio::test]
    async fn while_providers_have_no_room_hands_stay_closed() {
        let (hands, intake) = hands(&Arc::new(Pace::default()));
        let waiting: Vec<_> = (0..5).map(|_| intake.wait()).collect();
        intake.refused(Duration::ZERO);
        assert_eq!(hands.take(32).await.expect("one more than wait").num_permits(), 1);
        drop(waiting);
        assert_eq!(hands.take(32).await.expect("hands").num_permits(), 6);
        intake.refused(Duration::from_mins(1));
        assert_eq!(hands.free(), 0);
        assert!(hands.take(32).await.is_none());
    }
}
