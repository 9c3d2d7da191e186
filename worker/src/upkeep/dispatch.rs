//! Dispatch: keeps the queue in Redis shallow, fair and never empty while there is work.
//!
//! Any worker may lead for the length of one transaction. It looks how much waits in Redis, and when that is low it moves the
//! marks of the batches, commits, and pushes. What is lost between commit and push, or in Redis, is found again: a flush by
//! the marker that it took away, anything else by posts that stay pushed and untaken while the queue is empty.
//!
//! While Redis does not answer, there is no queue to fill: each worker then leads in turn and takes what it releases into
//! its own free hands, so that work goes on.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use shared::progress::Progress;
use shared::queue::{MAX_DEPTH, Queue, SLICE, Slice};
use shared::store::Store;
use shared::store::dispatch::{OpenBatch, anything_open, open_batches, release_due, release_fresh, rewind, try_lead};
use shared::store::workers;
use sqlx::PgConnection;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::share::{Share, divide};
use crate::doorbell::Doorbell;
use crate::hands::Hands;
use crate::pace::Pace;

/// How often a busy worker looks, and how seldom an idle one.
const BUSY: Duration = Duration::from_millis(20);
/// How soon after a slice was taken.
const SOONEST: Duration = Duration::from_millis(2);
const IDLE: Duration = Duration::from_millis(300);
/// How often a worker looks for work of its own while the queue is away.
const BUSY_BY_HAND: Duration = Duration::from_millis(100);

/// How long Redis may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// What dispatch looks at and moves.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    pub store: Store,
    pub queue: Queue,
    pub doorbell: Doorbell,
    /// Posts in a message.
    pub slice: usize,
    pub hands: Hands,
    /// How fast this worker starts posts.
    pub pace: Arc<Pace>,
    /// Rung when this worker takes a slice: there is work, and less of it in the queue.
    pub appetite: Arc<Notify>,
}

impl Dispatcher {
    /// Looks again and again, often while there is work and seldom while there is none, until `stop` is cancelled.
    /// `take` is given what this worker is to take itself while the queue is away.
    pub async fn run(&self, stop: &CancellationToken, take: impl Fn(Slice)) {
        let mut pause = BUSY;
        let mut failing = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.appetite.notified() => tokio::time::sleep(SOONEST).await,
                () = stop.cancelled() => return,
            }
            pause = match self.once().await {
                Ok(moved) => {
                    failing = false;
                    if moved { BUSY } else { (pause * 2).min(IDLE) }
                }
                Err(error) => {
                    if !failing {
                        warn!(error = format!("{error:#}"), "dispatch failed; it goes on trying");
                    }
                    failing = true;
                    match self.by_hand().await {
                        Ok(slices) => slices.into_iter().for_each(&take),
                        Err(error) => debug!(error = format!("{error:#}"), "nothing is dispatched by hand either"),
                    }
                    BUSY_BY_HAND
                }
            };
        }
    }

    /// Looks once. Answers whether there is work.
    pub async fn once(&self) -> Result<bool> {
        let waiting = self.queue.waiting(PATIENCE).await? * self.slice;
        // Alone, the queue would already be deep enough: no need to ask how many we are.
        if waiting > SLICE && waiting > self.target(1) {
            return Ok(true);
        }
        if !anything_open(self.store.pool(), self.queue.track()).await? {
            return Ok(false);
        }
        let (living, _) = workers::living(self.store.pool()).await?;
        let target = self.target(living.max(1) as usize);
        if waiting * 2 > target {
            return Ok(true);
        }
        let flushed = !self.mark().await?;
        let mut tx = self.store.pool().begin().await?;
        if !try_lead(&mut tx, self.queue.track()).await? {
            return Ok(true);
        }
        let mut batches = open_batches(&mut *tx, self.queue.track()).await?;
        let mut progress = Vec::new();
        let lost = |batch: &&OpenBatch| batch.queued > 0 && (flushed || (waiting == 0 && batch.overdue));
        for batch in batches.iter().filter(lost) {
            info!(batch.id = %batch.id, posts = batch.queued, flushed, "posts that were pushed and not taken are pushed again");
            progress.extend(rewind(&mut tx, batch.id).await?);
        }
        if !progress.is_empty() {
            batches = open_batches(&mut *tx, self.queue.track()).await?;
        }
        let slices = self.release(&mut tx, &divide(&batches, (target - waiting) as i64), &mut progress).await?;
        tx.commit().await?;
        let moved = !slices.is_empty();
        // A push that fails loses nothing: its posts stay pushed and untaken, and are found again.
        self.queue.push(slices, PATIENCE).await?;
        self.doorbell.ring(progress);
        Ok(moved)
    }

    /// Releases what this worker has free hands for, past the queue. What lies in the lost queue is released anew.
    pub async fn by_hand(&self) -> Result<Vec<Slice>> {
        let free = self.hands.free();
        if free == 0 || !anything_open(self.store.pool(), self.queue.track()).await? {
            return Ok(Vec::new());
        }
        let mut tx = self.store.pool().begin().await?;
        if !try_lead(&mut tx, self.queue.track()).await? {
            return Ok(Vec::new());
        }
        let mut progress = Vec::new();
        for batch in
            open_batches(&mut *tx, self.queue.track()).await?.iter().filter(|batch| batch.queued > 0 && batch.overdue)
        {
            progress.extend(rewind(&mut tx, batch.id).await?);
        }
        let batches = open_batches(&mut *tx, self.queue.track()).await?;
        let slices = self.release(&mut tx, &divide(&batches, free as i64), &mut progress).await?;
        tx.commit().await?;
        self.doorbell.ring(progress);
        Ok(slices)
    }

    async fn release(
        &self,
        tx: &mut PgConnection,
        shares: &[Share],
        progress: &mut Vec<Progress>,
    ) -> Result<Vec<Slice>> {
        let mut slices = Vec::new();
        for Share { batch, due, fresh } in shares {
            if *due > 0 {
                let posts = release_due(tx, *batch, *due).await?;
                slices.extend(Slice::split(*batch, &posts, true, self.slice));
            }
            if *fresh > 0 {
                let (posts, moved) = release_fresh(tx, *batch, *fresh).await?;
                progress.extend(moved);
                slices.extend(Slice::split(*batch, &posts, false, self.slice));
            }
        }
        Ok(slices)
    }

    /// How many posts should wait in Redis: enough for every free hand, and for what starts until somebody looks again.
    /// Every worker takes the others to be like itself.
    fn target(&self, living: usize) -> usize {
        let starts = self.pace.per_second() * 2.0 * BUSY.as_secs_f64();
        ((self.hands.free() + starts as usize) * living).clamp(SLICE, MAX_DEPTH)
    }

    /// Marks Redis as ours; false when the mark was gone, and with it whatever waited there.
    async fn mark(&self) -> Result<bool> {
        let mut redis = self.queue.redis();
        let set: Option<String> = redis::cmd("SET")
            .arg(format!("{}:marker", self.queue.name()))
            .arg(1)
            .arg("NX")
            .query_async(&mut redis)
            .await?;
        Ok(set.is_none())
    }
}
