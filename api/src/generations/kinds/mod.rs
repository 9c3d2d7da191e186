//! What callers send for each kind, one file a kind, and what all of them may name.

mod text;

pub(crate) use text::TextBody;

use shared::domain::{CampaignId, Handle, Kind, ProjectId, SegmentId};

use super::asked::{Asked, Referred};
use crate::parse::Fields;

/// The longest prompt, in characters.
pub(crate) const PROMPT: usize = 10_000;
/// The longest name of a tone or an audience.
pub(crate) const SHORT: usize = 2_000;

/// Reads a request of a kind from its fields. `None` goes with at least one error.
pub(crate) fn read(kind: Kind, fields: &mut Fields<'_, '_>) -> Option<Asked> {
    match kind {
        Kind::Text => text::read(fields),
        _ => None,
    }
}

/// What every request may name: its project, its campaign, and what it may cost.
fn with_belongings(fields: &mut Fields<'_, '_>, asked: Option<Asked>) -> Option<Asked> {
    let project = fields.optional_id("project_id").map(ProjectId);
    let campaign = fields.optional_id("campaign_id").map(CampaignId);
    let cap = if fields.has("budget_usd") { fields.dollars("budget_usd").flatten() } else { None };
    let mut asked = asked?;
    asked.refers = Referred { project, campaign, ..asked.refers };
    asked.cap = cap;
    Some(asked)
}

/// A segment by its id, or by its number.
fn segment(fields: &mut Fields<'_, '_>) -> Option<Handle<SegmentId>> {
    let raw = fields.given("segment_id")?.get();
    let by_number = raw.parse::<i64>().ok().filter(|number| *number > 0).map(Handle::Number);
    let by_id = || serde_json::from_str::<String>(raw).ok()?.parse::<SegmentId>().ok().map(Handle::Id);
    by_number
        .or_else(by_id)
        .or_else(|| fields.wrong("segment_id", "invalid", "must be the id or the number of a segment"))
}
