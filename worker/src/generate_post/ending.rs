//! How a post's hold ends when a step was stopped: a pure decision.

use std::time::Duration;

use rand::RngExt;
use shared::store::advance::{Ending, Refusal};
use shared::store::claim::Claim;

use crate::gateway::Stop;

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
        Stop::Closed { after, reason } => Ending::Retry { after: after.max(backoff(0)), reason },
        // Stopped and over budget: back as it is; the batch's state says what happens next. Fenced: nothing is written.
        Stop::Refused(Refusal::Stopped | Refusal::Budget | Refusal::Fenced | Refusal::Unwritten) => Ending::Release,
    }
}

/// A jittered pause, so that posts that failed together do not come back together.
fn backoff(retries: i16) -> Duration {
    let full = FIRST.saturating_mul(1 << retries.clamp(0, 10)).min(LONGEST);
    full.mul_f64(rand::rng().random_range(0.5..1.0))
}
