//! What happens to segments.

use shared::domain::{Handle, SegmentId, UserId};
use shared::store::segments::{self, NewSegment, SegmentChange, SegmentRow};

use super::views::SegmentView;
use crate::answer::Created;
use crate::app::App;
use crate::creation::{Begun, Creation};
use crate::idempotency_key::IdempotencyKey;
use crate::problem::Problem;

/// Makes a segment, once for each key.
pub(super) async fn create(
    app: &App,
    user: UserId,
    key: Option<IdempotencyKey>,
    new: &NewSegment,
) -> Result<Created<SegmentView>, Problem> {
    let mut creation = match Creation::begin(app, user, key, "POST /segments", new).await? {
        Begun::New(creation) => creation,
        Begun::Before(before) => return Ok(Created { replay: true, ..created(before.answer()?) }),
    };
    let view = SegmentView::from(segments::insert(creation.tx(), user, new).await?);
    creation.keep(view.id, &view).await?;
    Ok(created(view))
}

fn created(view: SegmentView) -> Created<SegmentView> {
    Created::new(format!("/api/v1/segments/{}", view.id), view)
}

/// One segment.
pub(super) async fn read(app: &App, user: UserId, segment: SegmentId) -> Result<SegmentRow, Problem> {
    segments::find(app.store.pool(), user, Handle::Id(segment)).await?.ok_or_else(missing)
}

/// Changes a segment.
pub(super) async fn change(
    app: &App,
    user: UserId,
    segment: SegmentId,
    change: &SegmentChange,
) -> Result<SegmentRow, Problem> {
    segments::update(app.store.pool(), user, segment, change).await?.ok_or_else(missing)
}

/// Deletes a segment.
pub(super) async fn delete(app: &App, user: UserId, segment: SegmentId) -> Result<(), Problem> {
    let there = segments::delete(app.store.pool(), user, Handle::Id(segment)).await?;
    if there { Ok(()) } else { Err(missing()) }
}

fn missing() -> Problem {
    Problem::not_found("segment")
}
