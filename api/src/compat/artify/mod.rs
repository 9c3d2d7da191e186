//! Artify: `/segments`, `/analytics/overview`, `/content/history`, `/costs/*`.
//!
//! Its things are named by integers; ids are taken too. What is anybody else's is not there.

mod costs;
mod history;
mod segments;
mod views;

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::{Json, Response};
use shared::domain::{Handle, ProjectId};
use shared::store::metrics;

use super::{OpenCaller, naming_ignored};
use crate::app::App;
use crate::parse::Lenient;
use crate::problem::Problem;
use crate::routes::Chapter;
use costs::{CostsView, JobsView};
use history::HistoryView;
use segments::{ArtifySegment, SegmentView, SegmentsView};
use views::{MessageView, OverviewView};

/// The paths that Artify documents.
pub struct ArtifyApi {
    app: Arc<App>,
}

impl ArtifyApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(tag = "Chapter::Artify")]
impl ArtifyApi {
    /// All segments, the oldest first
    #[oai(path = "/segments", method = "get")]
    async fn segments(&self, caller: OpenCaller) -> Result<Json<SegmentsView>, Problem> {
        Ok(Json(segments::list(&self.app, caller.user).await?))
    }

    /// Make a segment
    #[oai(path = "/segments", method = "post")]
    async fn make_segment(
        &self,
        caller: OpenCaller,
        body: Lenient<ArtifySegment>,
    ) -> Result<Response<Json<SegmentView>>, Problem> {
        let made = segments::make(&self.app, caller.user, &body.body.0).await?;
        Ok(naming_ignored(Json(made), &body.ignored))
    }

    /// Delete a segment
    #[oai(path = "/segments/:id", method = "delete")]
    async fn delete_segment(&self, caller: OpenCaller, id: Path<String>) -> Result<Json<MessageView>, Problem> {
        segments::delete(&self.app, caller.user, &id.0).await?;
        Ok(Json(MessageView { message: "Segment deleted successfully".to_owned() }))
    }

    /// What came of campaigns, over all time
    #[oai(path = "/analytics/overview", method = "get")]
    async fn overview(
        &self,
        caller: OpenCaller,
        /// The number or the id of a project.
        project_id: Query<Option<String>>,
    ) -> Result<Json<OverviewView>, Problem> {
        // What names no project has no figures.
        let nobodys = Handle::Number(0);
        let project = project_id.0.map(|text| text.parse::<Handle<ProjectId>>().unwrap_or(nobodys));
        Ok(Json(metrics::totals(self.app.store.pool(), caller.user, project).await?.into()))
    }

    /// What was generated, the newest first
    #[oai(path = "/content/history", method = "get")]
    async fn content(
        &self,
        caller: OpenCaller,
        /// 1 to 1,000; 50 when it is left out.
        limit: Query<Option<u32>>,
        /// `text` or `image`.
        content_type: Query<Option<String>>,
    ) -> Result<Json<HistoryView>, Problem> {
        Ok(Json(history::of(&self.app, caller.user, content_type.0.as_deref(), limit.0).await?))
    }

    /// What was spent, over all time
    #[oai(path = "/costs/summary", method = "get")]
    async fn costs(
        &self,
        caller: OpenCaller,
        /// Only what was asked for this user: the `user_id` that a request named, else the caller's own number.
        user_id: Query<Option<String>>,
    ) -> Result<Json<CostsView>, Problem> {
        Ok(Json(costs::summary(&self.app, caller.user, user_id.0.as_deref()).await?))
    }

    /// Every job, the newest first
    #[oai(path = "/costs/history", method = "get")]
    async fn jobs(
        &self,
        caller: OpenCaller,
        /// 1 to 1,000; 50 when it is left out.
        limit: Query<Option<u32>>,
        /// Only what was asked for this user: the `user_id` that a request named, else the caller's own number.
        user_id: Query<Option<String>>,
        /// `text` or `image`.
        job_type: Query<Option<String>>,
    ) -> Result<Json<JobsView>, Problem> {
        let (asked_for, job_type) = (user_id.0.as_deref(), job_type.0.as_deref());
        Ok(Json(costs::history(&self.app, caller.user, asked_for, job_type, limit.0).await?))
    }
}

/// How many rows a list shows.
fn rows(limit: Option<u32>) -> i64 {
    limit.unwrap_or(50).clamp(1, 1_000).into()
}
