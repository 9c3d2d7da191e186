//! What callers are told about brand kits.

use poem_openapi::Object;
use shared::domain::ProjectId;
use shared::store::brand_kits::KeptKit;
use uuid::Uuid;

use crate::time::rfc3339;

/// How a brand speaks and looks.
#[derive(Object)]
#[oai(rename = "BrandKit")]
pub(crate) struct BrandKitView {
    project_id: Uuid,
    voice: Option<String>,
    required_words: Vec<String>,
    banned_words: Vec<String>,
    /// `#RRGGBB`, the most important first.
    colours: Vec<String>,
    /// With their sign.
    hashtags: Vec<String>,
    /// Null where none was written.
    updated_at: Option<String>,
}

impl BrandKitView {
    pub(super) fn of(project: ProjectId, kept: KeptKit) -> Self {
        let kit = kept.kit;
        Self {
            project_id: project.into(),
            voice: kit.voice,
            required_words: kit.required_words,
            banned_words: kit.banned_words,
            colours: kit.colours,
            hashtags: kit.hashtags,
            updated_at: kept.updated_at.map(rfc3339),
        }
    }
}
