//! The moderation step: what the caption says is judged, for nothing, before an image is paid for.
//!
//! Its result is kept with the post. A worker that dies before it is written asks again, which costs nothing.

use shared::domain::Moderation;
use shared::store::advance::{Caption, Checkpoint, Reason};
use shared::store::claim::Claim;

use crate::checks;
use crate::gateway::{Judgement, Stop};
use crate::settle::Line;
use crate::worker::Worker;

/// Whether this post's caption is to be judged, and somebody is there to do it.
pub(super) fn is_due(worker: &Worker, claim: &Claim) -> bool {
    let paints = claim.brief.image_size.is_some() && claim.image().is_none();
    worker.checks.moderation.wants(paints) && worker.gateway.moderates()
}

/// Goes on when the caption may be posted; a flagged one fails the post.
pub(super) async fn pass(worker: &Worker, claim: &Claim, caption: &Caption, line: &mut Line) -> Result<(), Stop> {
    let known = claim.caption().and_then(|_| claim.moderation());
    if known.is_some() || !is_due(worker, claim) {
        return Ok(());
    }
    let text = checks::posted(&caption.caption, &caption.hashtags);
    match worker.gateway.moderate(line, text).await? {
        Judgement::Passed => {
            line.checkpoint(Checkpoint::Moderation(Moderation::Passed));
            Ok(())
        }
        Judgement::Flagged(kinds) => {
            line.checkpoint(Checkpoint::Moderation(Moderation::Flagged));
            Err(Stop::Failed(reason(&kinds)))
        }
    }
}

fn reason(kinds: &[String]) -> Reason {
    let kinds = if kinds.is_empty() { String::new() } else { format!(" as {}", kinds.join(", ")) };
    let message = format!(
        "Moderation flagged the caption{kinds}, so no image was made. Change the topic or the brief and submit the post \
         again, or retry it for another caption."
    );
    Reason { class: "content_policy", message }
}
