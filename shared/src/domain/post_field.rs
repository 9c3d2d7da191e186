//! The fields of a post that its author fills in.

use super::state::state;

state!(
    /// One input of a post, as columns of imports and texts of templates call it. A post's image is said in three of them:
    /// whether one is wanted, its size and its quality.
    PostField {
        BrandName = "brand_name",
        Topic = "topic",
        Tone = "tone",
        Brief = "brief",
        TargetAudience = "target_audience",
        Platform = "platform",
        Language = "language",
        Image = "image",
        ImageSize = "image_size",
        ImageQuality = "image_quality",
        ExternalId = "external_id",
    }
);

impl PostField {
    pub const COUNT: usize = Self::ALL.len();

    /// Whether no post goes without it.
    pub const fn is_required(self) -> bool {
        matches!(self, Self::BrandName | Self::Tone)
    }
}
