//! What callers are told about segments.

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::{Map, Value};
use shared::store::segments::SegmentRow;
use uuid::Uuid;

use crate::time::rfc3339;

/// A segment.
#[derive(Object)]
#[oai(rename = "Segment")]
pub(crate) struct SegmentView {
    pub(super) id: Uuid,
    /// A short integer name for clients that cannot hold a UUID.
    number: i64,
    name: String,
    description: Option<String>,
    criteria: Any<Map<String, Value>>,
    created_at: String,
    updated_at: String,
}

impl From<SegmentRow> for SegmentView {
    fn from(row: SegmentRow) -> Self {
        Self {
            id: row.id.into(),
            number: row.number,
            name: row.name,
            description: row.description,
            criteria: Any(serde_json::from_str(&row.criteria).unwrap_or_default()),
            created_at: rfc3339(row.created_at),
            updated_at: rfc3339(row.updated_at),
        }
    }
}
