//! Single posts, the posts of a batch, and what was tried for each.

mod view;

use std::sync::Arc;

use poem::http::StatusCode;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use shared::domain::{BatchId, PostId, ShownStatus};
use shared::store::{attempts, posts};
use uuid::Uuid;

pub use view::{AttemptView, ImageView, ModelTallyView, PostView, SummaryView};

use crate::app::App;
use crate::caller::Caller;
use crate::page::{Page, PageRequest};
use crate::problem::Problem;
use crate::routes::Chapter;

/// Operations on posts.
pub struct PostsApi {
    app: Arc<App>,
}

impl PostsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Posts")]
impl PostsApi {
    /// A batch's posts, in their order
    #[oai(path = "/batch-jobs/:id/posts", method = "get")]
    async fn of_batch(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        /// Only those that stand there: `pending`, `queued`, `processing`, `retrying`, `completed`, `failed`, `cancelled`.
        status: Query<Option<String>>,
        limit: Query<Option<u32>>,
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<PostView>>, Problem> {
        const LIST: &str = "posts";
        let batch = BatchId(id.0);
        let request = PageRequest::new(LIST, limit.0, cursor.0.as_deref())?;
        let status = status.0.as_deref().map(shown_status).transpose()?;
        let pool = self.app.store.pool();
        let rows = posts::page(pool, caller.user, batch, status, request.after, request.rows()).await?;
        if rows.is_empty() && self.app.board.read(caller.user, batch).await?.is_none() {
            return Err(Problem::not_found("batch"));
        }
        Ok(Json(request.page(LIST, rows, |post| post.position, |post| PostView::of(post, &self.app.links))))
    }

    /// One post
    #[oai(path = "/posts/:id", method = "get")]
    async fn post(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<PostView>, Problem> {
        let post = posts::read(self.app.store.pool(), caller.user, PostId(id.0)).await?;
        Ok(Json(PostView::of(post.ok_or_else(|| Problem::not_found("post"))?, &self.app.links)))
    }

    /// What was tried for a post, the first call first
    #[oai(path = "/posts/:id/attempts", method = "get")]
    async fn attempts(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        limit: Query<Option<u32>>,
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<AttemptView>>, Problem> {
        const LIST: &str = "attempts";
        let (post, pool) = (PostId(id.0), self.app.store.pool());
        let request = PageRequest::new(LIST, limit.0, cursor.0.as_deref())?;
        let rows = attempts::page(pool, caller.user, post, request.after, request.rows()).await?;
        if rows.is_empty() && posts::read(pool, caller.user, post).await?.is_none() {
            return Err(Problem::not_found("post"));
        }
        Ok(Json(request.page(LIST, rows, |attempt| attempt.call, AttemptView::from)))
    }

    /// All calls that were made for a batch, counted
    ///
    /// What the gateway met and survived: how many calls served, and how many failed in which way, in all and by model.
    #[oai(path = "/batch-jobs/:id/attempts/summary", method = "get")]
    async fn attempts_of_batch(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<SummaryView>, Problem> {
        let batch = BatchId(id.0);
        let tallies = attempts::summary(self.app.store.pool(), caller.user, batch).await?;
        if tallies.is_empty() && self.app.board.read(caller.user, batch).await?.is_none() {
            return Err(Problem::not_found("batch"));
        }
        Ok(Json(SummaryView::of(batch, tallies)))
    }
}

/// A status as callers write it in a query.
pub(crate) fn shown_status(name: &str) -> Result<ShownStatus, Problem> {
    name.parse().map_err(|_| {
        let names: Vec<&str> = ShownStatus::ALL.iter().map(|status| status.as_str()).collect();
        let detail = format!("`status` must be one of {}.", names.join(", "));
        Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail)
    })
}
