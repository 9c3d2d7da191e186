//! Budgets: what a campaign may cost over its whole life, and what a user may spend in a calendar month.
//!
//! A batch's own cap is set with the batch and changed there. A call is made only while every cap that its batch stands
//! under holds; the workers see to that. Here caps are read and set, and what fits again goes on.

mod body;
mod view;

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use shared::domain::Nanodollars;
use shared::store::budgets::{self, Scope};
use uuid::Uuid;

use crate::app::App;
use crate::batches::announce;
use crate::caller::Caller;
use crate::page::{Page, PageRequest};
use crate::parse::Body;
use crate::problem::Problem;
use crate::routes::Chapter;
use body::SetBudget;
pub(crate) use view::BudgetView;

use view::BudgetAnswer;

/// What cursors of the list are for.
const LIST: &str = "budgets";

/// Operations on budgets.
pub struct BudgetsApi {
    app: Arc<App>,
}

impl BudgetsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Budgets")]
impl BudgetsApi {
    /// List budgets
    ///
    /// The caller's own for this month first, if there is one, then those of campaigns. Only where a cap is set is there a
    /// budget; a batch shows its own.
    #[oai(path = "/budgets", method = "get")]
    async fn list(
        &self,
        caller: Caller,
        /// 1 to 200; 50 when it is left out.
        limit: Query<Option<u32>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<BudgetView>>, Problem> {
        let page: PageRequest<Uuid> = PageRequest::new(LIST, limit.0, cursor.0.as_deref())?;
        let rows = budgets::list(self.app.store.pool(), caller.user, page.after, page.rows()).await?;
        Ok(Json(page.page(LIST, rows, |row| row.scope_id, BudgetView::from)))
    }

    /// Set a budget, change it or take it away
    ///
    /// It counts from the first cent: what a campaign, or this month, has cost already is part of it. A cap below that
    /// is taken, and lets no further call through. Batches that run into it pause with `pause_reason` `budget`; they go on by
    /// themselves once what they were refused fits: when a cap is raised or taken away, or a new month begins.
    #[oai(path = "/budgets", method = "put")]
    async fn put(&self, caller: Caller, body: Body<SetBudget>) -> Result<BudgetAnswer, Problem> {
        set(&self.app, caller, body.0).await
    }
}

async fn set(app: &App, caller: Caller, SetBudget { scope, cap }: SetBudget) -> Result<BudgetAnswer, Problem> {
    let mut tx = app.store.pool().begin().await?;
    let answer = if let Some(cap) = cap {
        BudgetAnswer::Set(Json(budgets::set(&mut tx, caller.user, scope, cap).await?.into()))
    } else {
        budgets::remove(&mut tx, caller.user, scope).await?;
        BudgetAnswer::Removed
    };
    tx.commit().await?;
    let nanos = cap.map(|Nanodollars(nanos)| nanos);
    tracing::info!(user.id = %caller.user, scope = ?scope, cap_nanos = nanos, "a budget was set");
    let resumed = budgets::resume(app.store.pool(), Some(caller.user)).await?;
    announce(app, &resumed).await;
    Ok(answer)
}

/// The name of a scope, as callers write it.
const fn name(scope: Scope) -> &'static str {
    match scope {
        Scope::Campaign(_) => "campaign",
        Scope::UserMonth => "user",
    }
}
