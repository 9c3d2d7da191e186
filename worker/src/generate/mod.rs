//! The kinds of work that a person asks for one at a time, one room a kind.
//!
//! A room knows its prompt (a `.md` file beside it), its schema, and what its result has to be. How it is asked, asked again
//! with what was wrong, and scored is the [`review`]'s; how it is claimed, paid and ended is the same as for posts
//! ([`crate::make`]).
//!
//! To add a kind: its name in `shared::domain::Kind`, its parameters and result in `shared::kinds`, a room here (`.rs` and
//! `.md`), a body in the API's `generations::kinds`, and a line in each of the three `mod.rs`.

mod brief;
mod content_plan;
mod design;
mod email_subject;
mod image;
mod marketing_plan;
mod picture;
mod presets;
mod product_render;
mod review;
mod seo_content;
mod structured;
mod text;
mod voice;

use serde::de::DeserializeOwned;
use shared::domain::{Context, Kind};
use shared::store::advance::{Checkpoint, Made, Reason};
use shared::store::claim::{Claim, Order};
use tracing::error;

use crate::gateway::Stop;
use crate::settle::Line;
use crate::worker::Worker;

/// A part of a generation in hand.
pub(crate) struct Job<'a> {
    pub(crate) worker: &'a Worker,
    pub(crate) claim: &'a Claim,
    pub(crate) order: &'a Order,
    /// What it was placed with.
    pub(crate) context: &'a Context,
    pub(crate) line: &'a mut Line,
}

impl Job<'_> {
    /// What was asked for. The API has checked it: what cannot be read was written by another version.
    fn parameters<T: DeserializeOwned>(&self) -> Result<T, Stop> {
        serde_json::from_value(self.order.parameters.clone()).map_err(|error| {
            error!(post.id = %self.claim.post, kind = %self.order.kind, %error, "parameters cannot be read");
            unknown()
        })
    }
}

/// Makes a part of a generation.
pub(crate) async fn produce(mut job: Job<'_>) -> Result<(), Stop> {
    let made: Made = match job.order.kind {
        Kind::Text => text::make(&mut job).await?,
        Kind::SeoContent => seo_content::make(&mut job).await?,
        Kind::ContentPlan => content_plan::make(&mut job).await?,
        Kind::MarketingPlan => marketing_plan::make(&mut job).await?,
        Kind::EmailSubject => email_subject::make(&mut job).await?,
        Kind::Image | Kind::TextToImage => image::make(&mut job).await?,
        Kind::ProductRender => product_render::make(&mut job).await?,
        Kind::Design => design::make(&mut job).await?,
        Kind::Post => return Err(unknown()),
    };
    job.line.checkpoint(Checkpoint::Made(made));
    Ok(())
}

fn unknown() -> Stop {
    let message = "This version of the service cannot make this. Ask again.".to_owned();
    Stop::Failed(Reason { class: "unknown_kind", message })
}
