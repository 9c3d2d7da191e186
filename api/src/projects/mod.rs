//! Projects: what campaigns, generations and assets may belong to, and what all of it has cost.

mod bodies;
mod keeping;
mod view;

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use shared::domain::ProjectId;
use shared::store::projects::{self, NewProject, ProjectChange};
use uuid::Uuid;

pub(crate) use keeping::require_open;

use crate::answer::{Created, NoContent};
use crate::app::App;
use crate::caller::Caller;
use crate::idempotency_key::GivenKey;
use crate::page::{Page, PageRequest};
use crate::parse::Body;
use crate::problem::Problem;
use crate::routes::Chapter;
use view::ProjectView;

/// What cursors of the list are for.
const LIST: &str = "projects";

/// Projects of the caller; anybody else's is not there.
pub struct ProjectsApi {
    app: Arc<App>,
}

impl ProjectsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Projects")]
impl ProjectsApi {
    /// Make a project
    #[oai(path = "/projects", method = "post")]
    async fn create(
        &self,
        caller: Caller,
        /// The same key and body again give the first answer, for 24 hours.
        #[oai(name = "Idempotency-Key")]
        key: GivenKey,
        body: Body<NewProject>,
    ) -> Result<Created<ProjectView>, Problem> {
        keeping::create(&self.app, caller.user, key.0, &body.0).await
    }

    /// List projects, the newest first
    #[oai(path = "/projects", method = "get")]
    async fn list(
        &self,
        caller: Caller,
        /// 1 to 200; 50 when it is left out.
        limit: Query<Option<u32>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<ProjectView>>, Problem> {
        let page = PageRequest::new(LIST, limit.0, cursor.0.as_deref())?;
        let rows = projects::list(self.app.store.pool(), caller.user, page.after, page.rows()).await?;
        Ok(Json(page.page(LIST, rows, |row| row.id, ProjectView::from)))
    }

    /// Read a project
    #[oai(path = "/projects/:id", method = "get")]
    async fn read(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<ProjectView>, Problem> {
        Ok(Json(keeping::read(&self.app, caller.user, ProjectId(id.0)).await?))
    }

    /// Change a project
    ///
    /// What is left out stays as it is.
    #[oai(path = "/projects/:id", method = "put")]
    async fn change(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        body: Body<ProjectChange>,
    ) -> Result<Json<ProjectView>, Problem> {
        Ok(Json(keeping::change(&self.app, caller.user, ProjectId(id.0), &body.0).await?))
    }

    /// Delete a project
    ///
    /// It takes no new campaigns and generations then, and its assets are gone. Its campaigns stay, with their batches, its
    /// brand kit for them, and what they cost.
    #[oai(path = "/projects/:id", method = "delete")]
    async fn delete(&self, caller: Caller, id: Path<Uuid>) -> Result<NoContent, Problem> {
        if projects::delete(self.app.store.pool(), caller.user, ProjectId(id.0)).await? {
            Ok(NoContent)
        } else {
            Err(Problem::not_found("project"))
        }
    }
}
