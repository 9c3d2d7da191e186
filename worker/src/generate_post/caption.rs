//! The caption step.

use shared::store::advance::{Caption, Checkpoint};
use shared::store::claim::{Brief, Claim};

use crate::gateway::Stop;
use crate::prompts::{self, CaptionBrief};
use crate::settle::Line;
use crate::worker::Worker;

/// The caption of a post: the one that an earlier run made, or a new one.
pub(super) async fn write(worker: &Worker, claim: &Claim, line: &mut Line) -> Result<Caption, Stop> {
    if let Some(caption) = claim.caption() {
        return Ok(caption);
    }
    let caption = worker.gateway.chat(line, prompts::caption(&CaptionBrief::from(&claim.brief))).await?.value;
    line.checkpoint(Checkpoint::Caption(caption.clone()));
    Ok(caption)
}

impl From<&Brief> for CaptionBrief {
    fn from(brief: &Brief) -> Self {
        Self {
            brand: brief.brand_name.clone(),
            tone: brief.tone.clone(),
            topic: brief.topic.clone(),
            brief: brief.brief.clone(),
            audience: brief.target_audience.clone(),
            platform: brief.platform.clone(),
            language: brief.language.clone(),
        }
    }
}
