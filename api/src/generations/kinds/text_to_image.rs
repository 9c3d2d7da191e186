//! The body of a request for an image in a style.

use poem_openapi::Object;
use shared::domain::Kind;
use shared::kinds::{ImageParameters, Style};

use super::image::{asked, size_and_quality};
use super::{Belongings, IMAGE_PROMPT};
use crate::generations::Asked;
use crate::parse::Fields;

/// An image in a style.
#[derive(Object)]
#[oai(rename = "NewTextToImage")]
pub(crate) struct Schema {
    /// What the image is to show.
    #[oai(validator(max_length = 4_000))]
    prompt: String,
    /// `1024x1024`, `1024x1792`, `1792x1024`, `1024x1536` or `1536x1024`; the first when it is left out.
    size: Option<String>,
    /// `standard` or `hd`; also `low`, `medium` and `high`. `standard` when it is left out.
    quality: Option<String>,
    /// `modern`, `corporate`, `creative`, `minimalist`, `vibrant` or `elegant`; as the prompt says when it is left out.
    style: Option<String>,
    #[oai(flatten)]
    belongings: Belongings,
}

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Asked> {
    let prompt = fields.text("prompt", 1..=IMAGE_PROMPT);
    let (size, quality) = size_and_quality(fields);
    let style = fields.choice("style", Style::ALL, Style::as_str);
    prompt.map(|prompt| asked(Kind::TextToImage, &ImageParameters { prompt, size, quality, style }))
}
