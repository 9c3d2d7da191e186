//! One budget for the bodies of all answers that are in memory, from their arrival until what they held is stored, and for the
//! pictures that requests take along.
//!
//! A body books [`ORDINARY`] bytes once it outgrows [`FREE`]. One that outgrows that too takes one of a few permits for
//! the largest. Whoever holds a large permit never waits again, so those who wait always get their turn; meanwhile they
//! leave their bytes unread, and the network holds the sender back.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bodies up to this size are not counted.
const FREE: usize = 64 << 10;
/// What an ordinary image takes at most.
const ORDINARY: usize = 8 << 20;
/// Ordinary bodies at once: 512 MiB if all were as large as that; most are a quarter of it.
const ORDINARY_PERMITS: usize = 64;
/// Bodies beyond ordinary at once.
const LARGE_PERMITS: usize = 4;

#[derive(Clone, Debug)]
pub(crate) struct BodyMemory {
    ordinary: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// Room for one call's request and for its answer; given back when dropped.
#[derive(Debug, Default)]
pub(crate) struct Booking {
    /// What the request takes.
    sent: usize,
    room: usize,
    permits: Vec<OwnedSemaphorePermit>,
}

impl BodyMemory {
    pub(crate) fn new() -> Self {
        Self { ordinary: Arc::new(Semaphore::new(ORDINARY_PERMITS)), large: Arc::new(Semaphore::new(LARGE_PERMITS)) }
    }

    /// Waits for room for a request with so many bytes of pictures.
    pub(crate) async fn room_to_send(&self, size: usize) -> Booking {
        let mut booking = Booking { sent: size, ..Booking::default() };
        self.make_room(&mut booking, 0).await;
        booking
    }

    /// Waits for room for an answer of `size`, beside the room it has already.
    pub(crate) async fn make_room(&self, booking: &mut Booking, size: usize) {
        let size = booking.sent.saturating_add(size);
        if size <= booking.room.max(FREE) {
            return;
        }
        if booking.room == 0 {
            booking.permits.extend(acquire(&self.ordinary).await);
            booking.room = ORDINARY;
        }
        if size > ORDINARY {
            booking.permits.extend(acquire(&self.large).await);
            booking.room = usize::MAX;
        }
    }
}

/// A permit; none only when the semaphore is closed, which nobody does.
async fn acquire(permits: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(permits).acquire_owned().await.ok()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::{BodyMemory, Booking, FREE, LARGE_PERMITS, ORDINARY};

    #[tokio::test]
    async fn large_bodies_wait_for_each_other_and_no_one_waits_for_ever() {
        let memory = BodyMemory::new();
        let mut held = Vec::new();
        for _ in 0..LARGE_PERMITS {
            let mut booking = Booking::default();
            memory.make_room(&mut booking, ORDINARY + 1).await;
            held.push(booking);
        }
        let mut late = Booking::default();
        memory.make_room(&mut late, FREE).await;
        assert!(late.permits.is_empty());
        memory.make_room(&mut late, ORDINARY).await;
        assert!(memory.make_room(&mut late, ORDINARY + 1).now_or_never().is_none());
        held.pop();
        assert!(memory.make_room(&mut late, ORDINARY + 1).now_or_never().is_some());
        assert!(memory.make_room(&mut late, usize::MAX).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_request_and_its_answer_share_their_room() {
        let memory = BodyMemory::new();
        let mut room = memory.room_to_send(ORDINARY - FREE).await;
        assert_eq!(room.permits.len(), 1);
        memory.make_room(&mut room, FREE).await;
        assert_eq!(room.permits.len(), 1, "the answer has room beside the request");
        memory.make_room(&mut room, FREE + 1).await;
        assert_eq!(room.permits.len(), 2, "both together are large");
        assert!(memory.room_to_send(0).await.permits.is_empty());
    }
}
