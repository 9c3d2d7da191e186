//! Isolation: how many rows run beside one that ran when a worker died.
//!
//! Any of the rows that ran may have been the cause, and when a worker is killed from outside none was. The oftener a row was
//! among them, the more of the room of a worker it takes when it runs again, until it takes all. So a cause is found in a few
//! deaths, and all others go on side by side until then.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a row takes of the room, by the deaths that it was among.
const WEIGHTS: [u32; 4] = [1, 1, 2, 8];

/// The deaths after which a row runs alone; after one less it takes half of the room.
const ALONE: i16 = 5;

/// The room of one worker, which all its rows share, of whichever kind they are.
#[derive(Debug)]
pub(crate) struct Isolation {
    room: Arc<Semaphore>,
    whole: u32,
    /// The right to wait for the whole room.
    alone: Arc<Semaphore>,
}

/// A row's part of the room. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Share {
    _room: OwnedSemaphorePermit,
    _alone: Option<OwnedSemaphorePermit>,
}

impl Isolation {
    /// For at most `rows` rows in hand.
    pub(crate) fn new(rows: usize) -> Self {
        let whole = u32::try_from(rows).unwrap_or(u32::MAX);
        Self { room: Arc::new(Semaphore::new(rows)), whole, alone: Arc::new(Semaphore::new(1)) }
    }

    /// Waits for the share of a row that was among so many deaths. None: it has to run alone, and another one that has to is
    /// there already.
    pub(crate) async fn share(&self, deaths: i16) -> Option<Share> {
        let alone = (deaths >= ALONE).then(|| Arc::clone(&self.alone).try_acquire_owned()).transpose().ok()?;
        let weight = match usize::try_from(deaths).ok().and_then(|deaths| WEIGHTS.get(deaths)) {
            _ if alone.is_some() => self.whole,
            Some(weight) => (*weight).min(self.half()),
            None => self.half(),
        };
        let room = Arc::clone(&self.room).acquire_many_owned(weight).await.ok()?;
        Some(Share { _room: room, _alone: alone })
    }

    fn half(&self) -> u32 {
        (self.whole / 2).max(1)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::Isolation;

    #[tokio::test]
    async fn the_oftener_a_row_was_among_deaths_the_fewer_run_beside_it() {
        for (deaths, most) in [(0, 64), (1, 64), (2, 32), (3, 8), (4, 2), (5, 1), (100, 1)] {
            let isolation = Isolation::new(64);
            let mut shares = Vec::new();
            while let Some(Some(share)) = isolation.share(deaths).now_or_never() {
                shares.push(share);
            }
            assert_eq!(shares.len(), most, "after {deaths}");
            // A task may take only so many permits at a stretch.
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_row_alone_waits_for_the_others_and_a_second_one_is_sent_away() {
        let isolation = Isolation::new(4);
        let other = isolation.share(0).await.expect("a share");
        let mut alone = Box::pin(isolation.share(5));
        assert!(alone.as_mut().now_or_never().is_none(), "another one runs");
        assert!(isolation.share(5).await.is_none());
        assert!(isolation.share(0).now_or_never().is_none(), "nothing begins before it");
        drop(other);
        let share = alone.await.expect("a share");
        assert!(isolation.share(0).now_or_never().is_none(), "nothing begins beside it");
        drop(share);
        assert!(isolation.share(5).await.is_some());
    }

    #[tokio::test]
    async fn a_worker_with_little_room_gives_all_of_it() {
        let isolation = Isolation::new(1);
        assert!(isolation.share(4).now_or_never().is_some());
    }
}
