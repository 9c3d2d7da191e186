//! An image from a prompt alone, with or without a style.

use serde::{Deserialize, Serialize};

use super::Remarks;
use crate::domain::{ImageQuality, ImageSize, state};

/// What an image is to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageParameters {
    pub prompt: String,
    pub size: ImageSize,
    pub quality: ImageQuality,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<Style>,
}

state!(
    /// How a picture looks; each has a preset of its own.
    Style {
        Modern = "modern",
        Corporate = "corporate",
        Creative = "creative",
        Minimalist = "minimalist",
        Vibrant = "vibrant",
        Elegant = "elegant",
    }
);

/// An image that was made. What is known of its file stands beside it: format, bytes, pixels, a preview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageResult {
    /// As it was really sent.
    pub prompt: String,
    /// The prompt as the model changed it, or as it was sent where it changed nothing.
    pub revised_prompt: String,
    /// As it was asked for: `1024x1024`.
    pub size: String,
    /// What the model made, before it was brought to that size.
    pub native_size: String,
    #[serde(default)]
    pub remarks: Remarks,
}
