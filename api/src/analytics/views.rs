//! What callers are told about figures.

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};
use shared::store::metrics::{Counted, Day, Figures, Recorded};

use crate::time::rfc3339;

/// What came of recording.
#[derive(Object)]
#[oai(rename = "RecordedMetrics")]
pub(super) struct RecordedView {
    /// How many figures were new.
    recorded: usize,
    /// How many were known already, by their `external_id`.
    duplicates: usize,
}

impl From<Recorded> for RecordedView {
    fn from(Recorded { recorded, known }: Recorded) -> Self {
        Self { recorded, duplicates: known }
    }
}

/// The answer to recorded figures.
#[derive(ApiResponse)]
pub(super) enum RecordedAnswer {
    /// Recorded
    #[oai(status = 201)]
    New(Json<RecordedView>),
    /// All were known already
    #[oai(status = 200)]
    Known(Json<RecordedView>),
}

impl RecordedAnswer {
    pub(super) fn of(view: RecordedView) -> Self {
        if view.recorded == 0 { Self::Known(Json(view)) } else { Self::New(Json(view)) }
    }
}

/// Sums and rates.
#[derive(Default, Object)]
#[oai(rename = "Figures", read_only_all)]
pub(super) struct FiguresView {
    impressions: i64,
    clicks: i64,
    conversions: i64,
    /// Clicks of impressions, in percent; 0 when there are none.
    ctr: f64,
    /// Conversions of clicks, in percent; 0 when there are none.
    conversion_rate: f64,
}

impl From<Figures> for FiguresView {
    fn from(figures: Figures) -> Self {
        let Figures { impressions, clicks, conversions } = figures;
        let (ctr, conversion_rate) = (figures.click_rate(), figures.conversion_rate());
        Self { impressions, clicks, conversions, ctr, conversion_rate }
    }
}

/// The figures of one day.
#[derive(Default, Object)]
#[oai(rename = "FiguresOfDay", read_only_all)]
pub(super) struct DayView {
    /// In UTC: `2026-11-30`.
    day: String,
    #[oai(flatten)]
    figures: FiguresView,
}

/// What came of content.
#[derive(Object)]
#[oai(rename = "AnalyticsOverview", read_only_all)]
pub(super) struct OverviewView {
    from: String,
    /// The moment that follows the range.
    to: String,
    totals: FiguresView,
    /// Every day that the range touches, the first one first; of a day that it touches in part, that part.
    days: Vec<DayView>,
}

impl OverviewView {
    pub(super) fn of(counted: &Counted, totals: Figures, days: impl Iterator<Item = Day>) -> Self {
        Self {
            from: rfc3339(counted.from),
            to: rfc3339(counted.to),
            totals: totals.into(),
            days: days.map(|day| DayView { day: day.day.to_string(), figures: day.figures.into() }).collect(),
        }
    }
}
