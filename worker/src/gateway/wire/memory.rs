//! One budget for the bodies of all answers that are in memory.
//!
//! A body books [`ORDINARY`] bytes once it outgrows [`FREE`]. One that outgrows that too takes one of a few permits for
//! the largest. Whoever holds a large permit never waits again, so those who wait always get their turn.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bodies up to this size are not counted.
const FREE: usize = 64 << 10;
/// What an ordinary image takes at most.
const ORDINARY: usize = 8 << 20;
/// Ordinary bodies at once: 256 MiB.
const ORDINARY_PERMITS: usize = 32;
/// Bodies beyond ordinary at once.
const LARGE_PERMITS: usize = 2;

#[derive(Clone, Debug)]
pub(crate) struct BodyMemory {
    ordinary: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// Room for one body; given back when dropped.
#[derive(Debug)]
pub(crate) struct Booking {
    room: usize,
    ordinary: Option<OwnedSemaphorePermit>,
    _large: Option<OwnedSemaphorePermit>,
}

/// Whether a body of `size` needs more than is booked for it.
pub(crate) fn needs_more(booking: Option<&Booking>, size: usize) -> bool {
    size > booking.map_or(FREE, |booking| booking.room)
}

impl BodyMemory {
    pub(crate) fn new() -> Self {
        Self { ordinary: Arc::new(Semaphore::new(ORDINARY_PERMITS)), large: Arc::new(Semaphore::new(LARGE_PERMITS)) }
    }

    /// Room for a body of `size`, waited for if need be, in addition to what it has already.
    pub(crate) async fn book(&self, held: Option<Booking>, size: usize) -> Booking {
        let ordinary = match held {
            Some(held) => held.ordinary,
            None => acquire(&self.ordinary).await,
        };
        if size <= ORDINARY {
            return Booking { room: ORDINARY, ordinary, _large: None };
        }
        Booking { room: usize::MAX, ordinary, _large: acquire(&self.large).await }
    }
}

/// A permit; none only when the semaphore is closed, which nobody does.
async fn acquire(permits: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(permits).acquire_owned().await.ok()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::{BodyMemory, LARGE_PERMITS, ORDINARY, needs_more};

    #[tokio::test]
    async fn large_bodies_wait_for_each_other_and_no_one_waits_for_ever() {
        let memory = BodyMemory::new();
        let mut held = Vec::new();
        for _ in 0..LARGE_PERMITS {
            held.push(memory.book(None, ORDINARY + 1).await);
        }
        let ordinary = memory.book(None, ORDINARY).await;
        assert!(!needs_more(Some(&ordinary), ORDINARY) && needs_more(Some(&ordinary), ORDINARY + 1));
        assert!(memory.book(Some(ordinary), ORDINARY + 1).now_or_never().is_none());
        held.pop();
        assert!(memory.book(None, ORDINARY + 1).now_or_never().is_some());
    }
}
