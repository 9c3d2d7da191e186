//! What a call asks for.

use serde::{Deserialize, Serialize};

/// What a call asks for. A chat completion that draws (image output through `modalities`) is an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Chat,
    Image,
    Moderation,
    /// The creation of a batch, and the batch as a whole. Its lines are chats.
    Batch,
    /// Any other call of files and batches.
    File,
}
