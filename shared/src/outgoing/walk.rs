//! From an address to its answer, redirect by redirect.

use super::OutgoingError;
use super::carry::{Carry, Step};
use super::policy::Policy;
use super::target::{Refusal, Target};

/// Follows redirects by hand: each leads to a target of its own, which is checked like the first.
pub(super) async fn walk<C: Carry>(carrier: &C, policy: &Policy, address: &str) -> Result<C::Answer, OutgoingError> {
    let mut target = Target::parse(address, policy)?;
    for _ in 0..=policy.redirects {
        match carrier.carry(&target).await? {
            Step::Arrived(answer) => return Ok(answer),
            Step::Elsewhere(location) => target = target.follow(&location, policy)?,
        }
    }
    Err(Refusal::TooManyRedirects.into())
}
