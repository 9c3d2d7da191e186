//! Brand kits: how a project's brand speaks and looks. A batch takes its project's kit along when it is placed; prompts are
//! given it, and the checks hold captions to it.

mod body;
mod view;

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use shared::domain::{BrandKit, ProjectId};
use shared::store::brand_kits;
use uuid::Uuid;

use crate::answer::NoContent;
use crate::app::App;
use crate::caller::Caller;
use crate::parse::Body;
use crate::problem::Problem;
use crate::routes::Chapter;
use view::BrandKitView;

/// Operations on brand kits.
pub struct BrandKitsApi {
    app: Arc<App>,
}

impl BrandKitsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Projects")]
impl BrandKitsApi {
    /// Read a project's brand kit
    ///
    /// An empty one where none was written.
    #[oai(path = "/projects/:id/brand-kit", method = "get")]
    async fn read(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<BrandKitView>, Problem> {
        let project = ProjectId(id.0);
        let kept = brand_kits::read(self.app.store.pool(), caller.user, project).await?;
        let kept = kept.ok_or_else(|| Problem::not_found("project"))?;
        Ok(Json(BrandKitView::of(project, kept)))
    }

    /// Write a project's brand kit
    ///
    /// In the place of the one before: what is left out is empty. Batches that are placed from now on are made by it; those
    /// under way keep the kit that they were placed with. A caption that breaks it is asked for once more, with what was
    /// wrong; one that still does has the flag `banned_word` or `missing_word`. Words are matched as whole words, in any
    /// case and with or without accents.
    #[oai(path = "/projects/:id/brand-kit", method = "put")]
    async fn write(&self, caller: Caller, id: Path<Uuid>, body: Body<BrandKit>) -> Result<Json<BrandKitView>, Problem> {
        let project = ProjectId(id.0);
        let kept = brand_kits::write(self.app.store.pool(), caller.user, project, &body.0).await?;
        let kept = kept.ok_or_else(|| Problem::not_found("project"))?;
        Ok(Json(BrandKitView::of(project, kept)))
    }

    /// Take a project's brand kit away
    #[oai(path = "/projects/:id/brand-kit", method = "delete")]
    async fn remove(&self, caller: Caller, id: Path<Uuid>) -> Result<NoContent, Problem> {
        if brand_kits::remove(self.app.store.pool(), caller.user, ProjectId(id.0)).await? {
            Ok(NoContent)
        } else {
            Err(Problem::not_found("project"))
        }
    }
}
