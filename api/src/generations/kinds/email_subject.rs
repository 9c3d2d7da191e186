//! The body of a request for subject lines.

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;
use shared::domain::{Kind, limits};
use shared::kinds::EmailSubjectParameters;

use super::{Belongings, SHORT, language};
use crate::generations::Asked;
use crate::parse::Fields;

const USUAL_COUNT: u64 = 5;
const MOST: u64 = 10;

/// Subject lines to be written.
#[derive(Object)]
#[oai(rename = "NewEmailSubject")]
pub(crate) struct Schema {
    /// What the mailing is about.
    #[oai(validator(min_length = 1, max_length = 500))]
    topic: String,
    /// Whom it goes to.
    #[oai(validator(max_length = 2_000))]
    audience: Option<String>,
    /// The id or the number of a segment that it goes to.
    segment_id: Option<Any<Value>>,
    #[oai(validator(max_length = 2_000))]
    tone: Option<String>,
    /// How many to choose from, 1 to 10; 5 when it is left out.
    count: Option<u32>,
    /// A BCP 47 tag; the topic's language when it is left out.
    #[oai(validator(max_length = 35))]
    language: Option<String>,
    #[oai(flatten)]
    belongings: Belongings,
}

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Asked> {
    let topic = fields.text("topic", 1..=limits::TOPIC);
    let audience = fields.optional_text("audience", SHORT);
    let tone = fields.optional_text("tone", SHORT);
    let count = fields.whole("count", 1..=MOST).unwrap_or(USUAL_COUNT) as u8;
    let language = language(fields);
    let parameters = EmailSubjectParameters { topic: topic?, audience, tone, count, language };
    Some(Asked::new(Kind::EmailSubject, &parameters, &parameters.topic))
}
