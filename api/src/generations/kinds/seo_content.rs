//! The body of a request for a page.

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;
use shared::domain::{Kind, limits};
use shared::kinds::SeoContentParameters;

use super::{Belongings, SHORT, language, several};
use crate::generations::Asked;
use crate::parse::Fields;

const USUAL_WORDS: u64 = 600;
const WORDS: std::ops::RangeInclusive<u64> = 100..=3_000;
const MOST_KEYWORDS: usize = 15;
const KEYWORD: usize = 100;

/// A page to be written.
#[derive(Object)]
#[oai(rename = "NewSeoContent")]
pub(crate) struct Schema {
    /// What the page is about.
    #[oai(validator(min_length = 1, max_length = 500))]
    topic: String,
    /// What people search for, 1 to 15; the first one matters most.
    #[oai(validator(min_items = 1, max_items = 15))]
    keywords: Vec<String>,
    /// Whom it speaks to.
    #[oai(validator(max_length = 2_000))]
    audience: Option<String>,
    /// The id or the number of a segment that the page is to speak to.
    segment_id: Option<Any<Value>>,
    /// How many words the body has, 100 to 3,000; 600 when it is left out.
    words: Option<u32>,
    /// A BCP 47 tag; the topic's language when it is left out.
    #[oai(validator(max_length = 35))]
    language: Option<String>,
    #[oai(flatten)]
    belongings: Belongings,
}

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Asked> {
    let topic = fields.text("topic", 1..=limits::TOPIC);
    let keywords = several(fields, "keywords", MOST_KEYWORDS, KEYWORD);
    let audience = fields.optional_text("audience", SHORT);
    let words = fields.whole("words", WORDS).unwrap_or(USUAL_WORDS) as u32;
    let language = language(fields);
    let parameters = SeoContentParameters { topic: topic?, keywords: keywords?, audience, words, language };
    Some(Asked::new(Kind::SeoContent, &parameters, &parameters.topic))
}
