//! What a call asks for.

use serde::{Deserialize, Serialize};

/// What a call asks for. A chat completion that draws (image output through `modalities`) is an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Chat,
    Image,
    Moderation,
}
