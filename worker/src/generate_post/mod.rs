//! One post: caption, moderation, image, done.
//!
//! Each step asks the gateway, which settles what it bought; what a step made is checkpointed with the settlement, so that
//! no later run buys it again. However a post ends, it says so to the books exactly once.

mod caption;
mod ending;
mod image;
mod moderation;

use std::sync::Arc;

use shared::store::advance::{Answer, Ending};
use shared::store::claim::Claim;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument, debug, info_span};

use crate::gateway::Stop;
use crate::settle::Line;
use crate::worker::Worker;

// What the economy lane makes of a caption is what is made of it here.
pub(crate) use caption::checked as checked_caption;
pub(crate) use moderation::of as moderation_of;

/// Makes a claimed post. `hand` is given back when it ends.
pub async fn generate_post(worker: Arc<Worker>, claim: Claim, hand: OwnedSemaphorePermit) {
    let span = info_span!("post", post.id = %claim.post, batch.id = %claim.batch, post.epoch = claim.epoch);
    let work = run(&worker, claim).instrument(span);
    tokio::select! {
        () = work => {}
        // Dropping the work hands the post back.
        () = worker.abort.cancelled() => {}
    }
    drop(hand);
}

async fn run(worker: &Worker, claim: Claim) {
    // A post that twice took its worker with it takes no other post along the third time.
    let _alone =
        if claim.deliveries >= worker.settings.max_deliveries { worker.alone.acquire().await.ok() } else { None };
    let mut line = Line::new(&claim, worker.writer.clone(), worker.halted.hold(claim.batch));
    let ending = match produce(worker, &claim, &mut line).await {
        Ok(()) => Ending::Completed,
        Err(stop) => ending::after(stop, &claim, worker.settings.max_retries),
    };
    if let Answer::Refused(refusal) = line.end(ending).await {
        debug!(%refusal, "the end of this post was not ours to write");
    }
}

async fn produce(worker: &Worker, claim: &Claim, line: &mut Line) -> Result<(), Stop> {
    let caption = caption::write(worker, claim, line).await?;
    moderation::pass(worker, claim, &caption, line).await?;
    image::paint(worker, claim, &caption, line).await
}
