//! The moderation step: what the caption says is judged, for nothing, before an image is paid for.
//!
//! Its result is kept with the post. A worker that dies before it is written asks again, which costs nothing.

use shared::domain::Moderation;
use shared::store::advance::{Caption, Checkpoint, Reason};
use shared::store::claim::Brief;

use super::PostJob;
use crate::checks;
use crate::gateway::{Judgement, Stop};
use crate::worker::Worker;

/// Whether this post's caption is to be judged, and somebody is there to do it.
fn is_due(worker: &Worker, brief: &Brief, image: Option<&str>) -> bool {
    let paints = brief.image_size.is_some() && image.is_none();
    worker.checks.moderation.wants(paints) && worker.posts.gateway.moderates()
}

/// What is known of a new caption: that nobody judges it, or nothing yet.
pub(crate) fn of(worker: &Worker, brief: &Brief, image: Option<&str>) -> Option<Moderation> {
    (!is_due(worker, brief, image)).then_some(Moderation::Skipped)
}

/// Goes on when the caption may be posted; a flagged one fails the post.
pub(super) async fn pass(job: &mut PostJob<'_>, caption: &Caption) -> Result<(), Stop> {
    let (worker, post, line) = (job.worker, job.post, &mut *job.line);
    let known = post.caption().and_then(|_| post.moderation());
    if known.is_some() || !is_due(worker, &post.brief, post.image()) {
        return Ok(());
    }
    let text = checks::posted(&caption.caption, &caption.hashtags);
    match worker.posts.gateway.moderate(line, text).await? {
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
