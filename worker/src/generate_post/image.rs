//! The image step.

use shared::domain::Step;
use shared::store::advance::{Caption, Checkpoint};

use super::PostJob;
use crate::gateway::Stop;
use crate::make::storing;
use crate::prompts::{self, CaptionBrief};

/// Makes the image of a post, if one is wanted and not made yet. Its bytes lie in the store before anything says so.
pub(super) async fn paint(job: &mut PostJob<'_>, caption: &Caption) -> Result<(), Stop> {
    let (worker, brief) = (job.worker, &job.post.brief);
    let (Some(size), Some(quality)) = (&brief.image_size, &brief.image_quality) else { return Ok(()) };
    if job.post.image().is_some() {
        return Ok(());
    }
    let brief = CaptionBrief::of(brief, job.context, &worker.platforms);
    let ask = prompts::image(&brief, &caption.image_prompt, size, quality);
    let picture = worker.posts.gateway.image(job.line, ask).await?.picture;
    let stored = storing::store(worker, job.id, job.line.ordinal(Step::Image), picture).await?;
    job.line.checkpoint(Checkpoint::Image(stored));
    Ok(())
}
