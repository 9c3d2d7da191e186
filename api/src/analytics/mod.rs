//! Analytics: figures that were counted elsewhere come in, and are summed by project, campaign and day.

mod body;
pub(crate) mod overview;
mod recording;
mod views;

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use shared::domain::{CampaignId, ProjectId};
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::idempotency_key::GivenKey;
use crate::parse::Body;
use crate::period::Period;
use crate::problem::Problem;
use crate::routes::Chapter;
use body::Metrics;
use views::{OverviewView, RecordedAnswer};

/// The operations on analytics.
pub struct AnalyticsApi {
    app: Arc<App>,
}

impl AnalyticsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Analytics")]
impl AnalyticsApi {
    /// Record figures
    ///
    /// One, or up to 1,000 under `metrics`; all are taken or none. One with an `external_id` is counted once however often it
    /// comes; another figure under the same one is 409. A figure of a post counts for its campaign, and one of a campaign for
    /// the project that the campaign belongs to then.
    #[oai(path = "/analytics/metrics", method = "post")]
    async fn record(
        &self,
        caller: Caller,
        /// The same key and body again give the first answer, for 24 hours.
        #[oai(name = "Idempotency-Key")]
        key: GivenKey,
        body: Body<Metrics>,
    ) -> Result<RecordedAnswer, Problem> {
        recording::record(&self.app, caller.user, key.0, body.0).await
    }

    /// What came of content: totals, rates and a series by day
    ///
    /// Of the last 30 days when neither `from` nor `to` is given. A range has 366 days at most.
    #[oai(path = "/analytics/overview", method = "get")]
    async fn overview(
        &self,
        caller: Caller,
        /// Only of this project; a deleted one stays readable.
        project_id: Query<Option<Uuid>>,
        /// Only of this campaign; a deleted one stays readable.
        campaign_id: Query<Option<Uuid>>,
        /// The first day (UTC) such as `2026-11-01`, or a moment.
        from: Query<Option<String>>,
        /// The last day (UTC), today when it is left out; or the moment that follows the range.
        to: Query<Option<String>>,
    ) -> Result<Json<OverviewView>, Problem> {
        let period = Period::read(from.0.as_deref(), to.0.as_deref())?;
        let (project, campaign) = (project_id.0.map(ProjectId), campaign_id.0.map(CampaignId));
        Ok(Json(overview::of(&self.app, caller.user, project, campaign, period).await?))
    }
}
