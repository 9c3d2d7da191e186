//! The body of a request for an image of a prompt alone.

use poem_openapi::Object;
use shared::domain::{ImageQuality, ImageSize, Kind};
use shared::kinds::ImageParameters;

use super::{Belongings, IMAGE_PROMPT};
use crate::generations::Asked;
use crate::parse::Fields;

/// An image to be made.
#[derive(Object)]
#[oai(rename = "NewImage")]
pub(crate) struct Schema {
    /// What the image is to show; it is sent as it stands.
    #[oai(validator(max_length = 4_000))]
    prompt: String,
    /// `1024x1024`, `1024x1792`, `1792x1024`, `1024x1536` or `1536x1024`; the first when it is left out.
    size: Option<String>,
    /// `standard` or `hd`; also `low`, `medium` and `high`. `standard` when it is left out.
    quality: Option<String>,
    #[oai(flatten)]
    belongings: Belongings,
}

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Asked> {
    let prompt = fields.text("prompt", 1..=IMAGE_PROMPT);
    let (size, quality) = size_and_quality(fields);
    prompt.map(|prompt| asked(Kind::Image, &ImageParameters { prompt, size, quality, style: None }))
}

/// An image as it is asked for.
pub(crate) fn asked(kind: Kind, parameters: &ImageParameters) -> Asked {
    Asked::new(kind, parameters, &parameters.prompt)
}

/// The size and the quality of an image, or the usual ones.
pub(super) fn size_and_quality(fields: &mut Fields<'_, '_>) -> (ImageSize, ImageQuality) {
    let size = fields.choice("size", ImageSize::ALL, ImageSize::as_str);
    let quality = fields.choice("quality", ImageQuality::ALL, ImageQuality::as_str);
    (size.unwrap_or(ImageSize::Square), quality.unwrap_or(ImageQuality::Standard))
}
