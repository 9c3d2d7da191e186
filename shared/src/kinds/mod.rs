//! What each kind of work is asked for and what it gives, as both programs read and write it; one file a kind.

pub mod content_plan;
mod design;
pub mod email_subject;
mod image;
pub mod marketing_plan;
mod product_render;
pub mod seo_content;
mod text;

pub use content_plan::{ContentPlanParameters, ContentPlanPart, ContentPlanResult, PlanEntry};
pub use design::{DesignParameters, DesignQuality, DesignType, MOST_VARIATIONS, Shape};
pub use email_subject::{EmailSubjectParameters, EmailSubjectResult};
pub use image::{ImageParameters, ImageResult, Style};
pub use marketing_plan::{MarketingPlanParameters, MarketingPlanResult};
pub use product_render::{RenderParameters, Scene};
pub use seo_content::{SeoContentParameters, SeoContentResult};
pub use text::{TextParameters, TextResult};

use serde::{Deserialize, Serialize};

/// Parameters of a kind that cannot be read; only another version writes such.
#[derive(Debug, thiserror::Error)]
#[error("the parameters of a {kind} cannot be read: {source}")]
pub struct Unreadable {
    pub kind: crate::domain::Kind,
    pub source: serde_json::Error,
}

/// What a person is told of a text besides the text: what is odd about it, though it is good enough.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Remarks(pub Vec<String>);
