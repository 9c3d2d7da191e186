//! What calls have cost: sums by kind, model, campaign, key or day, every call by itself, and one's own month.

mod query;
mod usage;
mod views;

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use shared::domain::CallId;
use shared::store::costs::{self, Grouping};
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::page::{Page, PageRequest};
use crate::problem::Problem;
use crate::query::named;
use crate::routes::Chapter;
use query::Asked;
use usage::UsageView;
use views::{CallView, SummaryView};

/// What cursors of the list are for.
const LIST: &str = "costs";
/// How many groups a summary lists.
const GROUPS: usize = 1_000;

/// The operations on costs.
pub struct CostsApi {
    app: Arc<App>,
}

impl CostsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Costs")]
impl CostsApi {
    /// What was spent, by group and in all
    ///
    /// From the ledger, exact to the nano-dollar: every call counts, those that came to nothing too. A call belongs to the
    /// moment at which it began, and to the campaign and the project that its batch was placed for; what was deleted since
    /// stays. The 1,000 dearest groups are listed; days and months in their order.
    #[oai(path = "/costs/summary", method = "get")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
    async fn summary(
        &self,
        caller: Caller,
        /// `kind` (when it is left out), `step`, `model`, `provider`, `key`, `campaign`, `project`, `day` or `month`, both in UTC.
        group: Query<Option<String>>,
        /// The first day (UTC) such as `2026-11-01`, or a moment.
        from: Query<Option<String>>,
        /// The last day (UTC), or the moment that follows the period.
        to: Query<Option<String>>,
        project_id: Query<Option<Uuid>>,
        campaign_id: Query<Option<Uuid>>,
        /// `post`, or a kind of generation: `text`, `image`, `design`, …
        kind: Query<Option<String>>,
        model: Query<Option<String>>,
    ) -> Result<Json<SummaryView>, Problem> {
        let asked = Asked {
            from: from.0,
            to: to.0,
            project: project_id.0,
            campaign: campaign_id.0,
            kind: kind.0,
            model: model.0,
        };
        let grouping = named("group", group.0.as_deref())?.unwrap_or(Grouping::Kind);
        let filter = asked.filter(&self.app, caller.user).await?;
        let summary = costs::summary(self.app.store.pool(), caller.user, &filter, grouping, GROUPS).await?;
        Ok(Json(SummaryView::of(&filter, grouping, summary)))
    }

    /// Every call to a provider, the newest first
    #[oai(path = "/costs/history", method = "get")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
    async fn history(
        &self,
        caller: Caller,
        /// The first day (UTC) such as `2026-11-01`, or a moment.
        from: Query<Option<String>>,
        /// The last day (UTC), or the moment that follows the period.
        to: Query<Option<String>>,
        project_id: Query<Option<Uuid>>,
        campaign_id: Query<Option<Uuid>>,
        /// `post`, or a kind of generation: `text`, `image`, `design`, …
        kind: Query<Option<String>>,
        model: Query<Option<String>>,
        /// 1 to 200; 50 when it is left out.
        limit: Query<Option<u32>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<CallView>>, Problem> {
        let page: PageRequest<CallId> = PageRequest::new(LIST, limit.0, cursor.0.as_deref())?;
        let asked = Asked {
            from: from.0,
            to: to.0,
            project: project_id.0,
            campaign: campaign_id.0,
            kind: kind.0,
            model: model.0,
        };
        let filter = asked.filter(&self.app, caller.user).await?;
        let rows = costs::history(self.app.store.pool(), caller.user, &filter, page.after, page.rows()).await?;
        Ok(Json(page.page(LIST, rows, |row| row.attempt.call, CallView::from)))
    }

    /// The caller's own month
    ///
    /// What was made and what it has cost since the first of this month (UTC), and what the budget leaves.
    #[oai(path = "/users/me/usage", method = "get")]
    async fn usage(&self, caller: Caller) -> Result<Json<UsageView>, Problem> {
        Ok(Json(usage::of(&self.app, caller.user).await?))
    }
}
