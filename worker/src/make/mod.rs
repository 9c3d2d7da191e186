//! One row in hand: a post, or a part of a generation. Whatever it is, it is claimed, made and ended in the same way; what is
//! made of it is the affair of its kind's room.
//!
//! Each step asks the gateway, which settles what it bought; what a step made is checkpointed with the settlement, so that
//! no later run buys it again. However a row ends, it says so to the books exactly once.

mod ending;
pub(crate) mod storing;

use std::sync::Arc;

use shared::store::advance::{Answer, Ending};
use shared::store::claim::{Claim, Work};
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument, debug, info_span};

use crate::crew::Crew;
use crate::gateway::Stop;
use crate::generate::{self, Job};
use crate::generate_post::{self, PostJob};
use crate::in_hand::Hold;
use crate::isolation::Share;
use crate::settle::Line;
use crate::worker::Worker;

/// Makes what was claimed. `hand` is given back when it ends.
pub async fn make(worker: Arc<Worker>, claim: Claim, hold: Hold, hand: OwnedSemaphorePermit) {
    let span = info_span!("post", post.id = %claim.post, batch.id = %claim.batch, post.epoch = claim.epoch);
    let work = run(&worker, claim, hold).instrument(span);
    tokio::select! {
        () = work => {}
        // Dropping the work hands the row back.
        () = worker.abort.cancelled() => {}
    }
    drop(hand);
}

async fn run(worker: &Worker, claim: Claim, hold: Hold) {
    let mut line = Line::new(&claim, crew(worker, &claim).writer.clone(), worker.halted.hold(claim.batch), hold);
    let ending = match begin(worker, &claim, &mut line).await {
        Ok(_share) => match produce(worker, &claim, &mut line).await {
            Ok(()) => Ending::Completed,
            Err(stop) => ending::after(stop, &claim, worker.settings.max_retries),
        },
        Err(ending) => ending,
    };
    if let Answer::Refused(refusal) = line.end(ending).await {
        debug!(%refusal, "the end of this row was not ours to write");
    }
}

/// Waits until the row may run beside the others, or says how its hold ends without. A row that was among those that ran when
/// a worker died says that it runs before it does anything: should the worker die again, it is known to have run.
async fn begin(worker: &Worker, claim: &Claim, line: &mut Line) -> Result<Share, Ending> {
    let share = tokio::select! {
        biased;
        share = worker.isolation.share(claim.deliveries) => share.ok_or_else(ending::isolated)?,
        () = worker.draining.cancelled() => return Err(Ending::Release),
    };
    if claim.deliveries > 0 {
        line.begin()
            .await
            .map_err(|refusal| ending::after(Stop::Refused(refusal), claim, worker.settings.max_retries))?;
    }
    Ok(share)
}

/// Whose work it is, whichever queue it came from.
fn crew<'w>(worker: &'w Worker, claim: &Claim) -> &'w Crew {
    match claim.work {
        Work::Post(_) => &worker.posts,
        Work::Generation(_) => &worker.generations,
    }
}

async fn produce(worker: &Worker, claim: &Claim, line: &mut Line) -> Result<(), Stop> {
    match &claim.work {
        Work::Post(post) => {
            generate_post::produce(PostJob { worker, id: claim.post, post, context: claim.context(), line }).await
        }
        Work::Generation(order) => {
            generate::produce(Job { worker, claim, order, context: claim.context(), line }).await
        }
    }
}
