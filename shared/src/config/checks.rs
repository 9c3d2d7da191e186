//! The checks on what was made.

use serde::Deserialize;

/// What is checked beyond what every post is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChecksSettings {
    pub moderation: ModerationPolicy,
    /// A file that replaces the built-in rules of the platforms; empty for the built-in ones.
    pub platforms: String,
}

/// Whose captions are shown to moderation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModerationPolicy {
    /// Those of posts that want an image, before it is paid for.
    Images,
    All,
    Off,
}

impl ModerationPolicy {
    /// Whether a caption is shown to moderation.
    pub const fn wants(self, has_image: bool) -> bool {
        match self {
            Self::Images => has_image,
            Self::All => true,
            Self::Off => false,
        }
    }
}
