//! The body of a request for a design.

use poem_openapi::Object;
use shared::domain::Kind;
use shared::kinds::{DesignParameters, DesignQuality, DesignType, MOST_VARIATIONS, Shape, Style};

use super::{Belongings, IMAGE_PROMPT};
use crate::generations::Asked;
use crate::parse::Fields;

/// A design to be made, in one or several variations.
#[derive(Object)]
#[oai(rename = "NewDesign")]
pub(crate) struct Schema {
    /// What the design is for and what it is to show. Words in quotation marks are those that it shows with `include_text`.
    #[oai(validator(max_length = 4_000))]
    prompt: String,
    /// `logo`, `banner`, `poster` or `social_card`; `logo` when it is left out.
    design_type: Option<String>,
    /// `modern`, `corporate`, `creative`, `minimalist`, `vibrant` or `elegant`; `modern` when it is left out.
    style: Option<String>,
    /// Names the long side in pixels: `standard` 1024, `high` 1536, `ultra` 2048. `standard` when it is left out.
    quality: Option<String>,
    /// 1 to 5; 1 when it is left out.
    num_variations: Option<u16>,
    /// Whether words that the prompt gives are drawn; otherwise there are none. Not when it is left out.
    include_text: Option<bool>,
    /// Of a social card: `wide` (1.91:1) or `square`; `wide` when it is left out. Logos are square, banners wide (16:9),
    /// posters tall (2:3).
    shape: Option<String>,
    #[oai(flatten)]
    belongings: Belongings,
}

/// A design as it is asked for: one part a variation.
pub(crate) fn asked(parameters: &DesignParameters) -> Asked {
    let mut asked = Asked::new(Kind::Design, parameters, &parameters.prompt);
    asked.parts = parameters.num_variations;
    asked
}

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Asked> {
    let prompt = fields.text("prompt", 1..=IMAGE_PROMPT);
    let design_type = fields.choice("design_type", DesignType::ALL, DesignType::as_str).unwrap_or(DesignType::Logo);
    let style = fields.choice("style", Style::ALL, Style::as_str).unwrap_or(Style::Modern);
    let quality = fields.choice("quality", DesignQuality::ALL, DesignQuality::as_str);
    let num_variations = fields.whole("num_variations", 1..=u64::from(MOST_VARIATIONS)).unwrap_or(1) as u16;
    let include_text = fields.flag("include_text").unwrap_or(false);
    let shape = fields.choice("shape", design_type.shapes(), Shape::as_str).unwrap_or(design_type.usual_shape());
    prompt.map(|prompt| {
        asked(&DesignParameters {
            prompt,
            design_type,
            style,
            quality: quality.unwrap_or(DesignQuality::Standard),
            num_variations,
            include_text,
            shape,
        })
    })
}
