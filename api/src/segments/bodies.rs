//! What callers send about segments.

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::{Map, Value};
use shared::store::segments::{NewSegment, SegmentChange};

use super::criteria;
use crate::parse::{Fields, ReadBody};

const NAME: usize = 255;
const DESCRIPTION: usize = 10_000;

/// A segment to be made.
#[derive(Object)]
#[oai(rename = "NewSegment")]
pub struct NewSegmentSchema {
    #[oai(validator(max_length = 255))]
    name: String,
    #[oai(validator(max_length = 10_000))]
    description: Option<String>,
    /// What is known of these people, under names of your own: `{"age_range": "20-30", "interests": ["coffee"]}`. 16 KiB and 6
    /// levels at most. It becomes lines of prompts.
    criteria: Option<Any<Map<String, Value>>>,
}

impl ReadBody for NewSegment {
    type Schema = NewSegmentSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        read(fields, criteria::read)
    }
}

/// Reads a segment whose criteria are read like that.
pub(crate) fn read(
    fields: &mut Fields<'_, '_>,
    criteria: impl Fn(&mut Fields<'_, '_>, &'static str) -> Option<String>,
) -> Option<NewSegment> {
    let name = fields.text("name", 1..=NAME);
    let description = fields.optional_text("description", DESCRIPTION);
    let criteria = criteria(fields, "criteria").unwrap_or_else(|| "{}".to_owned());
    Some(NewSegment { name: name?, description, criteria })
}

/// What changes of a segment; what is left out stays.
#[derive(Object)]
#[oai(rename = "SegmentChange")]
pub struct SegmentChangeSchema {
    #[oai(validator(max_length = 255))]
    name: Option<String>,
    /// Null takes it away.
    #[oai(validator(max_length = 10_000))]
    description: Option<String>,
    /// Takes the place of the whole object; null empties it.
    criteria: Option<Any<Map<String, Value>>>,
}

impl ReadBody for SegmentChange {
    type Schema = SegmentChangeSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let emptied = fields.has("criteria").then(|| "{}".to_owned());
        Some(Self {
            name: fields.replaced_text("name", NAME),
            description: fields.changed_text("description", DESCRIPTION),
            criteria: criteria::read(fields, "criteria").or(emptied),
        })
    }
}
