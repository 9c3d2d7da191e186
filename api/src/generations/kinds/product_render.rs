//! The body of a request for a picture of a product in a scene.

use poem_openapi::Object;
use shared::domain::{AssetId, Kind};
use shared::kinds::{RenderParameters, Scene};
use uuid::Uuid;

use super::image::size_and_quality;
use super::{Belongings, IMAGE_PROMPT};
use crate::generations::Asked;
use crate::parse::Fields;

const PRODUCT_NAME: usize = 255;

/// A product to be shown in a scene.
#[derive(Object)]
#[oai(rename = "NewProductRender")]
pub(crate) struct Schema {
    #[oai(validator(max_length = 255))]
    product_name: String,
    /// What else is wanted.
    #[oai(validator(max_length = 4_000))]
    prompt: Option<String>,
    /// An uploaded picture of the product, which the render shows as it is. Without one it is drawn as it is described.
    asset_id: Option<Uuid>,
    /// `studio`, `lifestyle`, `outdoor`, `seasonal`, `flat_lay`, `hero`, `in_use` or `close_up`; `studio` when it is left
    /// out.
    scene: Option<String>,
    /// `1024x1024`, `1024x1792`, `1792x1024`, `1024x1536` or `1536x1024`; the first when it is left out.
    size: Option<String>,
    /// `standard` or `hd`; also `low`, `medium` and `high`. `standard` when it is left out.
    quality: Option<String>,
    #[oai(flatten)]
    belongings: Belongings,
}

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Asked> {
    let product_name = fields.text("product_name", 1..=PRODUCT_NAME);
    let prompt = fields.optional_text("prompt", IMAGE_PROMPT);
    let asset = fields.optional_id("asset_id").map(AssetId);
    let scene = fields.choice("scene", Scene::ALL, Scene::as_str).unwrap_or(Scene::Studio);
    let (size, quality) = size_and_quality(fields);
    product_name.map(|product_name| {
        let about =
            [Some(product_name.as_str()), prompt.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ");
        let parameters = RenderParameters { product_name, prompt, scene, size, quality };
        let mut asked = Asked::new(Kind::ProductRender, &parameters, &about);
        asked.refers.asset = asset;
        asked
    })
}
