//! The body of a request for a text.

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;
use shared::domain::Kind;
use shared::kinds::TextParameters;

use super::{Belongings, PROMPT, SHORT, language};
use crate::generations::Asked;
use crate::parse::Fields;

/// Tokens of an answer when nobody says, and at most.
const USUAL_TOKENS: u64 = 150;
const MOST_TOKENS: u64 = 4_000;
const MOST_KEYWORDS: usize = 30;
const KEYWORD: usize = 100;

/// A text to be written.
#[derive(Object)]
#[oai(rename = "NewText")]
pub(crate) struct Schema {
    /// What text is wanted.
    #[oai(validator(max_length = 10_000))]
    prompt: String,
    /// The id or the number of a segment that the text is to speak to.
    segment_id: Option<Any<Value>>,
    #[oai(validator(max_length = 2_000))]
    tone: Option<String>,
    /// Words that the text should hold.
    #[oai(validator(max_items = 30))]
    keywords: Option<Vec<String>>,
    /// A BCP 47 tag; the prompt's language when it is left out.
    #[oai(validator(max_length = 35))]
    language: Option<String>,
    /// 1 to 4,000; 150 when it is left out.
    max_tokens: Option<u32>,
    #[oai(flatten)]
    belongings: Belongings,
}

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Asked> {
    let prompt = fields.text("prompt", 1..=PROMPT);
    let tone = fields.optional_text("tone", SHORT);
    let keywords = fields.texts("keywords", MOST_KEYWORDS, KEYWORD);
    let language = language(fields);
    let max_tokens = fields.whole("max_tokens", 1..=MOST_TOKENS).unwrap_or(USUAL_TOKENS) as u32;
    let parameters =
        TextParameters { prompt: prompt?, tone, keywords: keywords.unwrap_or_default(), language, max_tokens };
    Some(Asked::new(Kind::Text, &parameters, &parameters.prompt))
}
