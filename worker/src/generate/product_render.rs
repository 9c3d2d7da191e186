//! A picture of a product in a scene: made of a picture of the product where there is one, otherwise of its description.

use shared::domain::Context;
use shared::kinds::{Remarks, RenderParameters};
use shared::media::{ImageFormat, MediaError, MediaKey};
use shared::store::advance::{Made, Reason};
use tokio::sync::SemaphorePermit;
use tracing::warn;

use super::Job;
use super::picture::{ask, filled, kept, painted};
use super::presets::{self, BrandRules};
use super::review::Scores;
use crate::gateway::{Reference, Stop};
use crate::make::storing;
use crate::prompts::one_line;
use crate::worker::Worker;

pub(super) async fn make(job: &mut Job<'_>) -> Result<Made, Stop> {
    let parameters: RenderParameters = job.parameters()?;
    let prompt = prompt(&parameters, job.context);
    let mut ask = ask(job, prompt, parameters.size.to_string(), parameters.quality.as_str());
    let painted = match &job.context.reference {
        Some(key) => {
            // The room is held for as long as the request may be sent again.
            let (reference, _room) = shown(job.worker, key).await?;
            ask.references.push(reference);
            painted(job, ask).await?
        }
        None => painted(job, ask).await?,
    };
    kept(job, painted, Scores::default(), Remarks::default()).await
}

/// The product's picture from the store, and the memory that is booked for it.
async fn shown<'w>(worker: &'w Worker, key: &str) -> Result<(Reference, Option<SemaphorePermit<'w>>), Stop> {
    let key: MediaKey = key.parse().map_err(|_| gone())?;
    let size = worker.media.size(&key).await.map_err(unread)?;
    // Closed by nobody.
    let room = worker.references.acquire_many(megabytes(size)).await.ok();
    let bytes = worker.media.get(&key).await.map_err(unread)?.bytes;
    let format = ImageFormat::sniff(&bytes).ok_or_else(gone)?;
    Ok((Reference { bytes, format }, room))
}

/// Whole megabytes, and not more than there are.
fn megabytes(bytes: u64) -> u32 {
    bytes.div_ceil(1 << 20).clamp(1, Worker::REFERENCE_MEGABYTES as u64) as u32
}

fn unread(error: MediaError) -> Stop {
    match error {
        MediaError::NotFound => gone(),
        error => {
            warn!(%error, "the picture of a product could not be read");
            storing::unavailable(
                "The picture of the product could not be read from the store. It is tried again shortly.",
            )
        }
    }
}

fn gone() -> Stop {
    let message = "The picture of the product is no longer stored. Upload it again.".to_owned();
    Stop::Failed(Reason { class: "asset_gone", message })
}

fn prompt(parameters: &RenderParameters, context: &Context) -> String {
    let written = format!("{} {}", parameters.product_name, parameters.prompt.as_deref().unwrap_or_default());
    let rules = BrandRules::of(context, &written);
    let look_alike = if context.reference.is_some() {
        "The product looks exactly as in the picture that comes with this: the same shape, proportions, colours, label and \
         print. Only what is around it is new."
    } else {
        "There is no picture of it: show it as its name and the wish describe it, plausible in every detail."
    };
    filled(
        include_str!("product_render.md"),
        &[
            ("product", &one_line(&parameters.product_name)),
            ("prompt", &parameters.prompt.as_deref().map(one_line).unwrap_or_default()),
            ("scene", &rules.allowed(presets::scene(parameters.scene))),
            ("look_alike", look_alike),
            ("brand_colours", &rules.colours()),
            ("banned", &rules.banned()),
        ],
    )
}

#[cfg(test)]
mod tests {
    use shared::domain::{Context, ImageQuality, ImageSize};
    use shared::kinds::{RenderParameters, Scene};

    use super::{megabytes, prompt};

    #[test]
    fn a_render_of_a_picture_is_asked_for_in_full() {
        let parameters = RenderParameters {
            product_name: "Rye & Shine\nbread tin".to_owned(),
            prompt: Some("Open, with two slices beside it".to_owned()),
            scene: Scene::FlatLay,
            size: ImageSize::Square,
            quality: ImageQuality::Hd,
        };
        let context = Context { reference: Some("assets/x.png".to_owned()), ..Context::default() };
        assert_eq!(prompt(&parameters, &context), include_str!("golden/product_render.txt").trim_end());
        let described = prompt(&RenderParameters { prompt: None, ..parameters }, &Context::default());
        assert!(described.contains("There is no picture of it") && !described.contains("Wanted"), "{described}");
    }

    #[test]
    fn memory_is_booked_in_whole_megabytes() {
        assert_eq!([0, 1, 1 << 20, (1 << 20) + 1, u64::MAX].map(megabytes), [1, 1, 1, 2, 128]);
    }
}
