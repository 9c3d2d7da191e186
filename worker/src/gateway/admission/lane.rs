//! Lanes: when posts that found no opening come back, one lane for each step.
//!
//! They come back one after the other, a little faster than the limits let them pass, so that nearly all of a limit is used
//! and few come in vain. A lane is this worker's own: it takes the other living workers to have as many posts waiting.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::RngExt;
use tokio::time::Instant;

/// How much faster they come back than they can pass.
const HASTE: f64 = 1.15;
/// Nobody stays away longer: things may change meanwhile.
const LONGEST: Duration = Duration::from_mins(2);

#[derive(Debug, Default)]
pub(crate) struct Lane(Mutex<Option<Instant>>);

impl Lane {
    /// When a post that was refused comes back: the lane opens again in `opening`, and lets one pass every `spacing`.
    pub(crate) fn back_in(&self, opening: Duration, spacing: Duration, now: Instant) -> Duration {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let soonest = now + opening;
        let back = next.map_or(soonest, |next| next.max(soonest));
        let most = now + opening.max(LONGEST);
        *next = Some((back + spacing.div_f64(HASTE)).min(most));
        let wait = back.min(most) - now;
        wait.mul_f64(rand::rng().random_range(0.95..1.0)).max(Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Lane;

    #[test]
    fn posts_come_back_one_after_the_other_and_never_in_the_far_future() {
        let (lane, now) = (Lane::default(), Instant::now());
        let opening = Duration::from_secs(10);
        let waits: Vec<_> =
            (0..5).map(|_| lane.back_in(opening, Duration::from_millis(11_500), now).as_secs_f64()).collect();
        for (at, wait) in waits.iter().enumerate() {
            let due = 10.0 + 10.0 * at as f64;
            assert!((wait - due).abs() <= due * 0.06, "{waits:?}");
        }
        for _ in 0..100 {
            lane.back_in(opening, Duration::from_secs(10), now);
        }
        assert!(lane.back_in(opening, Duration::from_secs(10), now) <= Duration::from_secs(127));
    }
}
