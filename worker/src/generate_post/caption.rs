//! The caption step: a draft, at most one other in its place that was told what is wrong, and what still does not fit cut
//! off.

use shared::domain::Moderation;
use shared::store::advance::{Caption, CheckedCaption, Checkpoint};
use tracing::debug;

use super::{PostJob, moderation};
use crate::checks::{self, Fault};
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
    let brief = CaptionBrief::of(&post.brief, job.context, &worker.platforms);
    let draft = worker.posts.gateway.chat(job.line, prompts::caption(&brief)).await?.value;
    let draft = mended(worker, &brief, draft, job.line).await;
    let checked = checked(&brief, draft, moderation::of(worker, &post.brief, post.image()));
    let caption = checked.caption.clone();
    job.line.checkpoint(Checkpoint::Caption(checked));
    Ok(caption)
}

/// A draft with the brand's hashtags, what still does not fit cut off, and what is known of it then.
pub(crate) fn checked(brief: &CaptionBrief, draft: Caption, moderation: Option<Moderation>) -> CheckedCaption {
    let (caption, mut flags) = checks::fit(&brief.platform, checks::with_brand_hashtags(&brief.kit, draft));
    flags.extend(checks::word_flags(&brief.kit, &caption));
    CheckedCaption { simhash: checks::simhash(&caption.caption), moderation, flags, caption }
}

/// What is wrong with a draft, as it would be posted.
pub(crate) fn faults_of(brief: &CaptionBrief, draft: &Caption) -> Vec<Fault> {
    checks::faults(&brief.platform, &brief.kit, &checks::with_brand_hashtags(&brief.kit, draft.clone()))
}

/// A draft with nothing wrong, if asking once more makes one. The first one is paid for, so whatever keeps the second from
/// being made, the first is what is made to fit.
async fn mended(worker: &Worker, brief: &CaptionBrief, draft: Caption, line: &mut Line) -> Caption {
    let faults = faults_of(brief, &draft);
    if faults.is_empty() {
        return draft;
    }
    let verdict = checks::verdict(&faults);
    line.reject(verdict.clone());
    match worker.posts.gateway.chat(line, prompts::once_more(brief, &draft, &faults)).await {
        Ok(reply) => reply.value,
        Err(stop) => {
            debug!(?stop, verdict, "no better caption was made; the first is kept");
            draft
        }
    }
}
