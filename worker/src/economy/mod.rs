//! The economy lane: captions through a provider's Batch API, for part of the price, and by live calls what it does not make.
//!
//! One worker tends a lane at a time, as long as its lease lives. It hands the waiting posts in as files of requests
//! ([`hand_in`]), carries each file on from whatever step it is found at ([`file`]), and settles the answers line by line
//! ([`answers`]). A post leaves the lane with its caption, or, when its line failed in a way that another call might mend,
//! without one; then it is made like any other.
//!
//! **Nothing is bought twice.** Every line is booked before its file is uploaded, and each step is written before the next
//! one begins. Only the creation of a batch costs money, and whether one was made is asked before it is asked for again:
//! our id stands in its metadata.
//!
//! **Nothing is lost.** When the deadline comes near ([`clock`]), the provider fails, or no key is taken, nothing more is
//! handed in, what is under way is cancelled and settled, and the rest goes on by live calls. A provider that does not even
//! answer is given up: its lines are unknown, their money stays held, and whatever it still says is settled.

mod answers;
mod clock;
mod file;
mod hand_in;

use anyhow::Result;
use shared::domain::{BatchId, BatchStatus, LaneState};
use shared::progress::Progress;
use shared::store::economy::{self, Lane};
use tracing::{info, warn};

use crate::worker::Worker;
use hand_in::HandedIn;

/// Looks after every lane that nobody else tends.
pub(crate) async fn tend_all(worker: &Worker) -> Result<()> {
    for batch in economy::open(worker.store.pool()).await? {
        if let Err(error) = tend(worker, batch).await {
            warn!(batch.id = %batch, error = format!("{error:#}"), "a lane could not be tended; it is tried again");
        }
    }
    Ok(())
}

/// Whoever tends a lane right now.
struct Tender<'a> {
    worker: &'a Worker,
    lane: Lane,
}

async fn tend(worker: &Worker, batch: BatchId) -> Result<()> {
    let (pool, me) = (worker.store.pool(), worker.lease.worker);
    let Some(lane) = economy::take(pool, me, batch).await? else { return Ok(()) };
    let tender = Tender { worker, lane };
    tender.ring(economy::release_strays(pool, me, batch).await?);
    tender.carry_files_on().await?;
    // What the files brought may have changed everything.
    match economy::take(pool, me, batch).await? {
        Some(lane) => Tender { worker, lane }.decide().await,
        None => Ok(()),
    }
}

impl Tender<'_> {
    /// Whether the batch was stopped, or is at its end.
    fn is_stopped(&self) -> bool {
        self.lane.status.is_final() || self.lane.status == BatchStatus::Cancelling
    }

    fn ring(&self, progress: Option<Progress>) {
        self.worker.doorbell.ring(progress.into_iter().collect());
    }

    /// Hands in what waits, or falls over, or closes the lane.
    async fn decide(&self) -> Result<()> {
        if !self.lane.state.is_open() {
            return Ok(());
        }
        let waits = if self.is_stopped() || self.lane.state == LaneState::FallingOver {
            false
        } else if self.lane.now >= clock::falls_over_at(&self.lane, &self.worker.economy) {
            self.fall_over("deadline").await?;
            // What is under way is cancelled at once.
            self.carry_files_on().await?;
            false
        } else if self.lane.status == BatchStatus::Paused {
            true
        } else {
            match self.hand_in().await? {
                HandedIn::Everything => false,
                HandedIn::NotAll => true,
                HandedIn::Nowhere(reason) => {
                    self.fall_over(reason.code()).await?;
                    false
                }
            }
        };
        let files = economy::of_batch(self.worker.store.pool(), self.lane.batch).await?;
        if !waits && files.iter().all(|file| file.given_up) {
            self.close().await?;
        }
        Ok(())
    }

    async fn fall_over(&self, reason: &'static str) -> Result<()> {
        let Lane { batch, pending, .. } = self.lane;
        let progress = economy::fall_over(self.worker.store.pool(), self.worker.lease.worker, batch, reason).await?;
        if progress.is_some() {
            info!(batch.id = %batch, posts = pending, reason, "a lane falls over to live calls");
        }
        self.ring(progress);
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        let progress = economy::close(self.worker.store.pool(), self.worker.lease.worker, self.lane.batch).await?;
        if progress.is_some() {
            info!(batch.id = %self.lane.batch, "a lane was closed");
        }
        self.ring(progress);
        self.worker.posts.appetite.notify_one();
        Ok(())
    }
}
