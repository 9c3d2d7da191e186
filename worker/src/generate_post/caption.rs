//! The caption step: a draft, at most one shorter one in its place, and what still does not fit cut off.

use shared::domain::Moderation;
use shared::store::advance::{Caption, CheckedCaption, Checkpoint};
use tracing::debug;

use super::{PostJob, moderation};
use crate::checks;
use crate::gateway::Stop;
use crate::prompts::{self, CaptionBrief};
use crate::settle::Line;
use crate::worker::Worker;

/// The caption of a post: the one that an earlier run made, or a new one.
pub(super) async fn write(job: &mut PostJob<'_>) -> Result<Caption, Stop> {
    let (worker, post) = (job.worker, job.post);
    if let Some(caption) = post.caption() {
        return Ok(caption);
    }
    let brief = CaptionBrief::of(&post.brief, &worker.platforms);
    let draft = worker.posts.gateway.chat(job.line, prompts::caption(&brief)).await?.value;
    let draft = within_limit(worker, &brief, draft, job.line).await;
    let checked = checked(&brief, draft, moderation::of(worker, &post.brief, post.image()));
    let caption = checked.caption.clone();
    job.line.checkpoint(Checkpoint::Caption(checked));
    Ok(caption)
}

/// A draft with what still does not fit cut off, and what is known of it then.
pub(crate) fn checked(brief: &CaptionBrief, draft: Caption, moderation: Option<Moderation>) -> CheckedCaption {
    let (caption, flags) = checks::fit(&brief.platform, draft);
    CheckedCaption { simhash: checks::simhash(&caption.caption), moderation, flags, caption }
}

/// A draft that its platform takes, if asking once more makes one. The first one is paid for, so whatever keeps the second
/// from being made, the first is what is cut to fit.
async fn within_limit(worker: &Worker, brief: &CaptionBrief, draft: Caption, line: &mut Line) -> Caption {
    let Some(over) = checks::overrun(&brief.platform, &draft) else { return draft };
    line.reject(format!("too_long: {over}"));
    match worker.posts.gateway.chat(line, prompts::shorter(brief, &draft, &over)).await {
        Ok(reply) => reply.value,
        Err(stop) => {
            debug!(?stop, %over, "no shorter caption was made; the first is trimmed");
            draft
        }
    }
}
