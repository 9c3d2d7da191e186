//! A page that search engines find: title, description, headings, text.

use serde::{Deserialize, Serialize};

use super::Remarks;

/// The longest title that search engines show whole, in characters.
pub const TITLE: usize = 60;
/// How long the description under it should be, in characters.
pub const META_DESCRIPTION: std::ops::RangeInclusive<usize> = 50..=160;

/// What a page is to be about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeoContentParameters {
    pub topic: String,
    /// What people search for; the first one matters most.
    pub keywords: Vec<String>,
    pub audience: Option<String>,
    /// Words of the body.
    pub words: u32,
    /// A BCP 47 tag; the topic's language when absent.
    pub language: Option<String>,
}

/// A page that was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeoContentResult {
    pub title: String,
    pub meta_description: String,
    /// Lower-case ASCII words with hyphens between them.
    pub slug: String,
    /// The headings of the body, in their order.
    pub outline: Vec<Heading>,
    /// Markdown, without the title.
    pub body: String,
    /// The asked keywords, as they stand in the body.
    pub keywords: Vec<KeywordUse>,
    /// Words of the body.
    pub word_count: usize,
    #[serde(default)]
    pub remarks: Remarks,
}

/// A heading of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// 2 for a section, 3 for a part of it, ….
    pub level: u8,
    pub heading: String,
}

/// How often a keyword stands in the body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeywordUse {
    pub keyword: String,
    pub count: usize,
    /// Of a hundred words of the body, how many times.
    pub density: f64,
}
