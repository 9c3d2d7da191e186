//! Artify's segments: criteria go in as an object and come out as text.

use poem::http::StatusCode;
use poem_openapi::Object;
use shared::domain::UserId;
use shared::store::segments::{self, NewSegment, SegmentRow};

use crate::app::App;
use crate::parse::{Fields, ReadBody};
use crate::problem::Problem;
use crate::segments::bodies::{self, NewSegmentSchema};
use crate::segments::criteria;
use crate::time::rfc3339;

/// Artify knows no pages.
const MOST: i64 = 10_000;

/// A segment to be made.
pub(super) struct ArtifySegment(pub(super) NewSegment);

impl ReadBody for ArtifySegment {
    type Schema = NewSegmentSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        bodies::read(fields, criteria::read_object_or_text).map(Self)
    }
}

/// A segment.
#[derive(Object)]
#[oai(rename = "ArtifySegment", read_only_all)]
pub(super) struct SegmentView {
    id: i64,
    name: String,
    description: Option<String>,
    /// A JSON object, as text.
    criteria: String,
    created_at: String,
    updated_at: String,
}

impl From<SegmentRow> for SegmentView {
    fn from(row: SegmentRow) -> Self {
        Self {
            id: row.number,
            name: row.name,
            description: row.description,
            criteria: criteria::as_python_writes(&row.criteria),
            created_at: rfc3339(row.created_at),
            updated_at: rfc3339(row.updated_at),
        }
    }
}

/// All segments.
#[derive(Object)]
#[oai(rename = "ArtifySegments", read_only_all)]
pub(super) struct SegmentsView {
    segments: Vec<SegmentView>,
}

pub(super) async fn list(app: &App, user: UserId) -> Result<SegmentsView, Problem> {
    let rows = segments::list_all(app.store.pool(), user, MOST).await?;
    Ok(SegmentsView { segments: rows.into_iter().map(SegmentView::from).collect() })
}

pub(super) async fn make(app: &App, user: UserId, new: &NewSegment) -> Result<SegmentView, Problem> {
    Ok(segments::insert(app.store.pool(), user, new).await?.into())
}

pub(super) async fn delete(app: &App, user: UserId, id: &str) -> Result<(), Problem> {
    let missing = || Problem::new(StatusCode::NOT_FOUND, "not_found", "Segment not found");
    let segment = id.parse().map_err(|_| missing())?;
    let there = segments::delete(app.store.pool(), user, segment).await?;
    if there { Ok(()) } else { Err(missing()) }
}
