//! A text: a slogan, a product description, an answer to a comment.

use serde::{Deserialize, Serialize};

use super::Remarks;

/// What a text is to be about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextParameters {
    pub prompt: String,
    #[serde(default)]
    pub tone: Option<String>,
    /// Words that it should hold.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// A BCP 47 tag; the prompt's language when absent.
    #[serde(default)]
    pub language: Option<String>,
    pub max_tokens: u32,
}

/// A text that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextResult {
    pub text: String,
    #[serde(default)]
    pub remarks: Remarks,
}
