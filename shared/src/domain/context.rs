//! What the prompts and checks of a batch need beside the inputs of each of its rows.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Kept with a batch as it was when the batch was placed, so that a brand kit that is changed later changes nothing that is
/// under way, and workers read one row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Context {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<BrandKit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
    /// The key of the stored image that the work is to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The route of models to ask in place of the step's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
}

impl Context {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a brand speaks and looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BrandKit {
    /// How the brand speaks, in a few sentences.
    pub voice: Option<String>,
    /// Words and phrases that every text has to hold.
    pub required_words: Vec<String>,
    /// Words and phrases that no text may hold.
    pub banned_words: Vec<String>,
    /// `#RRGGBB`, the most important first.
    pub colours: Vec<String>,
    /// With their sign.
    pub hashtags: Vec<String>,
}

/// Whom a text speaks to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Segment {
    pub name: String,
    pub description: Option<String>,
    /// Whatever its author knows of these people, by name: `{"age_range": "20-30"}`.
    pub criteria: Map<String, Value>,
}
