//! A picture of a product in a scene, made of a picture of the product or of its description.

use serde::{Deserialize, Serialize};

use crate::domain::{ImageQuality, ImageSize, state};

/// What a render is to show. The product's picture, if there is one, stands in the context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderParameters {
    pub product_name: String,
    /// What else is wanted.
    #[serde(default)]
    pub prompt: Option<String>,
    pub scene: Scene,
    pub size: ImageSize,
    pub quality: ImageQuality,
}

state!(
    /// Where a product stands; each has a preset of its own.
    Scene {
        Studio = "studio",
        Lifestyle = "lifestyle",
        Outdoor = "outdoor",
        Seasonal = "seasonal",
        FlatLay = "flat_lay",
        Hero = "hero",
        InUse = "in_use",
        CloseUp = "close_up",
    }
);
