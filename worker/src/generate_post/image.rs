//! The image step.

use std::time::Duration;

use shared::domain::Step;
use shared::media::MediaKey;
use shared::store::advance::{Caption, Checkpoint, Reason, StoredImage};
use shared::store::claim::Claim;
use tracing::warn;

use crate::gateway::Stop;
use crate::prompts::{self, CaptionBrief};
use crate::settle::Line;
use crate::worker::Worker;

/// Makes the image of a post, if one is wanted and not made yet. Its bytes lie in the store before anything says so.
pub(super) async fn paint(worker: &Worker, claim: &Claim, caption: &Caption, line: &mut Line) -> Result<(), Stop> {
    let (Some(size), Some(quality)) = (&claim.brief.image_size, &claim.brief.image_quality) else { return Ok(()) };
    if claim.image().is_some() {
        return Ok(());
    }
    let ask = prompts::image(&CaptionBrief::of(&claim.brief, &worker.platforms), &caption.image_prompt, size, quality);
    let picture = worker.gateway.image(line, ask).await?.picture;
    let key = MediaKey::of_post(claim.post, Step::Image, line.ordinal(Step::Image), picture.format);
    let stored = StoredImage {
        key: key.clone(),
        format: picture.format,
        width: picture.width,
        height: picture.height,
        bytes: picture.bytes.len(),
        thumbhash: picture.thumbhash,
        flags: picture.flags,
    };
    worker.media.put(&key, picture.bytes).await.map_err(|error| {
        warn!(%error, "an image could not be stored");
        Stop::Wait {
            after: Duration::from_secs(2),
            reason: Reason {
                class: "storage",
                message: "The image was made but could not be stored. It is made again shortly.".to_owned(),
            },
        }
    })?;
    line.checkpoint(Checkpoint::Image(stored));
    Ok(())
}
