//! How a row's hold ends when a step was stopped: a pure decision.

use std::time::Duration;

use rand::RngExt;
use shared::store::advance::{Ending, Reason, Refusal};
use shared::store::claim::Claim;

use crate::gateway::Stop;
use crate::settle::unwritable;

/// The first pause before a post is tried again; it doubles each time.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(2);

/// What becomes of a post whose step was stopped.
pub(super) fn after(stop: Stop, claim: &Claim, max_retries: i16) -> Ending {
    match stop {
        Stop::Failed(reason) => Ending::Failed(reason),
        Stop::Wait { reason, .. } if claim.retries >= max_retries => Ending::Failed(reason),
        Stop::Wait { after, reason } => Ending::Retry { after: after.max(backoff(claim.retries)), reason },
        // However long the queue at the provider is, a post does not fail for standing in it.
        Stop::Closed { after, reason } => Ending::Wait { after: after.max(backoff(0)), reason },
        // Money that is held comes free when the calls that hold it are settled, and few cost all that they may.
        Stop::Refused(Refusal::Held) => Ending::Wait { after: backoff(1), reason: held() },
        // Whoever asked for a generation waits: no cap is raised for it meanwhile.
        Stop::Refused(Refusal::Budget) if claim.as_post().is_none() => Ending::Failed(over_budget()),
        // Stopped and over budget: back as it is; the batch's state says what happens next. Fenced: nothing is written.
        Stop::Refused(Refusal::Stopped | Refusal::Budget | Refusal::Fenced) => Ending::Release,
        Stop::Refused(Refusal::Unwritten) => Ending::Failed(unwritable()),
    }
}

/// The end of a hold on a row that has to run alone while another one does.
pub(super) fn isolated() -> Ending {
    let message = "A worker stopped unexpectedly while it ran this post. The post runs again, by itself, in a moment.";
    Ending::Wait { after: backoff(1), reason: Reason { class: "isolated", message: message.to_owned() } }
}

fn over_budget() -> Reason {
    Reason {
        class: "budget_exceeded",
        message: "A budget leaves no room for this. Raise its cap, then ask again.".to_owned(),
    }
}

fn held() -> Reason {
    let message = "What is left of the budget is reserved by calls under way. The post goes on once they are settled.";
    Reason { class: "budget_held", message: message.to_owned() }
}

/// A jittered pause, so that posts that failed together do not come back together.
fn backoff(retries: i16) -> Duration {
    let full = FIRST.saturating_mul(1 << retries.clamp(0, 10)).min(LONGEST);
    full.mul_f64(rand::rng().random_range(0.5..1.0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shared::domain::{BatchId, PostId, UserId};
    use shared::store::advance::{Ending, Reason, Refusal};
    use shared::store::claim::Claim;

    use super::after;
    use crate::gateway::Stop;

    const MAX: i16 = 5;

    fn claim(retries: i16) -> Claim {
        let mut claim = Claim::bare(PostId::new(), BatchId::new(), UserId::new());
        claim.retries = retries;
        claim
    }

    fn reason() -> Reason {
        Reason { class: "provider_error", message: "The provider is in trouble.".into() }
    }

    #[test]
    fn a_post_is_tried_again_with_growing_pauses_and_then_fails() {
        let stop = || Stop::Wait { after: Duration::ZERO, reason: reason() };
        for retries in 0..MAX {
            let Ending::Retry { after, .. } = after(stop(), &claim(retries), MAX) else { panic!("tried again") };
            let full = Duration::from_secs(1 << retries);
            assert!(after >= full / 2 && after <= full, "{after:?} after {retries}");
        }
        assert_eq!(after(stop(), &claim(MAX), MAX), Ending::Failed(reason()));
    }

    #[test]
    fn standing_in_line_is_never_a_failure() {
        let stop = Stop::Closed { after: Duration::from_mins(1), reason: reason() };
        let wait = Ending::Wait { after: Duration::from_mins(1), reason: reason() };
        assert_eq!(after(stop, &claim(100), MAX), wait);
    }

    #[test]
    fn a_post_waits_uncounted_for_money_that_is_held() {
        let Ending::Wait { after, .. } = after(Stop::Refused(Refusal::Held), &claim(100), MAX) else { panic!("waits") };
        assert!(after >= Duration::from_secs(1) && after <= Duration::from_secs(2), "{after:?}");
    }

    #[test]
    fn a_refusal_by_the_books_hands_the_post_back() {
        for refusal in [Refusal::Stopped, Refusal::Budget, Refusal::Fenced] {
            assert_eq!(after(Stop::Refused(refusal), &claim(0), MAX), Ending::Release);
        }
    }

    #[test]
    fn what_can_never_be_written_fails_and_is_not_bought_again() {
        let Ending::Failed(reason) = after(Stop::Refused(Refusal::Unwritten), &claim(0), MAX) else { panic!("failed") };
        assert_eq!(reason.class, "unwritable");
    }
}
