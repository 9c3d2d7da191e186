//! Taking slices from the queue: apalis fetches, we claim.
//!
//! apalis-redis is the transport and nothing about correctness depends on it. Its worker stops on any error of Redis and
//! drops the handlers that run, so a handler only hands its slice to a task of ours, which outlives it, and always ends
//! well: outcomes and next times are rows in Postgres. A stopped apalis worker is started again under a fresh name.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis::layers::WorkerBuilderExt;
use apalis::prelude::{BoxDynError, Data, Monitor, WorkerBuilder};
use apalis_core::backend::ext::poll_strategy::{PollSnapshot, PollStrategy, PollWith};
use shared::queue::{Message, Slice, Track};
use shared::store::claim::claim;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::crew::Crew;
use crate::gate::Gate;
use crate::make::make;
use crate::worker::Worker;

/// How often an idle worker looks at the queue.
const POLL: Duration = Duration::from_millis(5);

/// Slices that are being claimed at once.
const HANDLERS: usize = 1;

/// How long a slice waits for room here, and how long giving it back may take.
const ROOM: Duration = Duration::from_millis(20);
const GIVE_BACK: Duration = Duration::from_secs(1);

/// Takes slices of a track until `stop` is cancelled. What was claimed by then is still under way.
pub async fn consume(worker: Arc<Worker>, track: Track, stop: CancellationToken) {
    let (mut restarts, crew) = (0_u32, worker.crew(track));
    while !stop.is_cancelled() {
        let name = format!("{}-{}-{restarts}", worker.lease.worker, track.as_str());
        let backend = PollWith::new(Gate::new(crew.queue.backend(), crew.hands.clone()), Tick::every(POLL));
        let data = (Arc::clone(&worker), track);
        let monitor = Monitor::new().register(move |_| {
            WorkerBuilder::new(name.as_str())
                .backend(backend.clone())
                .data(data.clone())
                .concurrency(HANDLERS)
                .build(take_slice)
        });
        let stopped = stop.clone();
        let ended = monitor
            .should_restart(|_, error| {
                warn!(%error, "the queue was lost; it is taken up again");
                false
            })
            .shutdown_timeout(Duration::from_secs(1))
            .run_with_signal(async move {
                stopped.cancelled().await;
                Ok(())
            })
            .await;
        if stop.is_cancelled() {
            return;
        }
        restarts += 1;
        if let Err(error) = ended {
            warn!(%error, restarts, "taking from the queue ended");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(250)) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// apalis' handler of one message. It ends when its slice is in hand or given back.
async fn take_slice(message: Message, data: Data<(Arc<Worker>, Track)>) -> Result<(), BoxDynError> {
    let Message::Slice(slice) = message else {
        error!("a queue message of an unknown kind was dropped");
        return Ok(());
    };
    let (worker, track) = (*data).clone();
    worker.crew(track).appetite.notify_one();
    // A task of our own: apalis may drop this handler at any moment, and a claim that nobody works on would be lost.
    let claiming = worker.tasks.spawn(claim_slice(Arc::clone(&worker), track, slice));
    drop(claiming.await);
    Ok(())
}

/// Takes a slice that came past the queue.
pub fn take_directly(worker: &Arc<Worker>, track: Track, slice: Slice) {
    worker.tasks.spawn(claim_slice(Arc::clone(worker), track, slice));
}

/// Claims what there is room for and starts a task for each post. What there is no room for soon goes back to the queue.
async fn claim_slice(worker: Arc<Worker>, track: Track, mut slice: Slice) {
    let crew = worker.crew(track);
    while !slice.posts.is_empty() && !worker.draining.is_cancelled() {
        let Ok(Some(hands)) = tokio::time::timeout(ROOM, crew.hands.take(slice.posts.len())).await else {
            return give_back(crew, slice).await;
        };
        let rest = slice.posts.split_off(hands.num_permits());
        start(&worker, crew, &slice, hands).await;
        slice.posts = rest;
    }
}

/// Claims posts, as many as there are hands, and starts those that are ours now.
async fn start(worker: &Arc<Worker>, crew: &Crew, slice: &Slice, mut hands: OwnedSemaphorePermit) {
    let claiming = worker.in_hand.claiming(&slice.posts);
    match claim(worker.store.pool(), worker.lease.worker, slice).await {
        Ok((claims, progress)) => {
            worker.doorbell.ring(progress.into_iter().collect());
            for claim in claims {
                crew.pace.started();
                let hold = worker.in_hand.hold(&claim);
                if let Some(hand) = hands.split(1) {
                    worker.tasks.spawn(make(Arc::clone(worker), claim, hold, hand));
                }
            }
        }
        // The ids come again: what was pushed and not taken is rewound. What was taken after all is handed back.
        Err(error) => {
            warn!(batch.id = %slice.batch, %error, "a slice was not claimed");
            drop(claiming);
            worker.in_hand.doubt();
        }
    }
}

async fn give_back(crew: &Crew, slice: Slice) {
    // What is lost here is found again like everything that was pushed and not taken.
    if let Err(error) = crew.queue.push(vec![slice], GIVE_BACK).await {
        debug!(%error, "a slice was not given back");
    }
}

/// A poll strategy that always has a waker registered; apalis' own can lose its timer and then wakes with the heartbeat.
struct Tick {
    every: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl Tick {
    fn every(every: Duration) -> Self {
        Self { every, sleep: Box::pin(tokio::time::sleep(every)) }
    }
}

impl Clone for Tick {
    fn clone(&self) -> Self {
        Self::every(self.every)
    }
}

impl PollStrategy for Tick {
    fn poll_drive(&mut self, context: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let mut fired = false;
        while self.sleep.as_mut().poll(context).is_ready() {
            fired = true;
            self.sleep.as_mut().reset(Instant::now() + self.every);
        }
        if fired { Poll::Ready(Some(())) } else { Poll::Pending }
    }
}
