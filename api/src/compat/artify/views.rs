//! What Artify's front ends are told.

use poem_openapi::Object;
use shared::store::metrics::Totals;

/// A sentence about what was done.
#[derive(Object)]
#[oai(rename = "ArtifyMessage", read_only_all)]
pub(super) struct MessageView {
    pub(super) message: String,
}

/// What came of campaigns.
#[derive(Object)]
#[oai(rename = "ArtifyOverview", read_only_all)]
pub(super) struct OverviewView {
    total_campaigns: i64,
    total_impressions: i64,
    total_clicks: i64,
    total_conversions: i64,
    /// Clicks of impressions, in percent.
    avg_ctr: f64,
    /// Conversions of clicks, in percent.
    avg_conversion_rate: f64,
}

impl From<Totals> for OverviewView {
    fn from(Totals { campaigns, figures }: Totals) -> Self {
        Self {
            total_campaigns: campaigns,
            total_impressions: figures.impressions,
            total_clicks: figures.clicks,
            total_conversions: figures.conversions,
            avg_ctr: figures.click_rate(),
            avg_conversion_rate: figures.conversion_rate(),
        }
    }
}
