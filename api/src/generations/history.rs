//! What was generated: the list that is looked through.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use shared::domain::{BatchStatus, CampaignId, Kind, ProjectId};
use shared::store::generations::{self, Filter};
use uuid::Uuid;

use super::view::GenerationView;
use crate::app::App;
use crate::caller::Caller;
use crate::owned;
use crate::page::{Page, PageRequest};
use crate::period::Period;
use crate::problem::Problem;
use crate::query::{named, text};
use crate::routes::Chapter;

/// What cursors of the list are for.
const LIST: &str = "generations";

/// The list of what was generated.
pub struct HistoryApi {
    app: Arc<App>,
}

impl HistoryApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Generations")]
impl HistoryApi {
    /// What was generated, the newest first
    ///
    /// Everything that was asked for one at a time; posts are found in their batches.
    #[oai(path = "/content/generations", method = "get")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
    async fn list(
        &self,
        caller: Caller,
        /// `text`, `image`, `text_to_image`, `product_render`, `seo_content`, `content_plan`, `marketing_plan`, `design` or
        /// `email_subject`.
        kind: Query<Option<String>>,
        /// `pending`, `processing`, `completed`, `failed`, `cancelling` or `cancelled`.
        status: Query<Option<String>>,
        /// Only of this project; a deleted one stays readable.
        project_id: Query<Option<Uuid>>,
        /// Only of this campaign; a deleted one stays readable.
        campaign_id: Query<Option<Uuid>>,
        /// The first day (UTC) such as `2026-11-01`, or a moment.
        from: Query<Option<String>>,
        /// The last day (UTC), or the moment that follows the period.
        to: Query<Option<String>>,
        /// What the prompt or a text of the result holds, in any case.
        q: Query<Option<String>>,
        /// 1 to 200; 50 when it is left out.
        limit: Query<Option<u32>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<GenerationView>>, Problem> {
        let page = PageRequest::new(LIST, limit.0, cursor.0.as_deref())?;
        let Period { from, to } = Period::read(from.0.as_deref(), to.0.as_deref())?;
        let filter = Filter {
            kinds: named::<Kind>("kind", kind.0.as_deref())?.into_iter().collect(),
            status: named::<BatchStatus>("status", status.0.as_deref())?,
            project: project_id.0.map(ProjectId),
            campaign: campaign_id.0.map(CampaignId),
            from,
            to,
            words: text("q", q.0.as_deref())?.map(str::to_owned),
        };
        owned::check(&self.app, caller.user, filter.project, filter.campaign).await?;
        let rows = generations::list(self.app.store.pool(), caller.user, &filter, page.after, page.rows()).await?;
        Ok(Json(page.page(LIST, rows, |row| row.id, |row| GenerationView::of(row, &self.app.links))))
    }
}
