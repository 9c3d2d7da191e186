//! The operations on what was generated.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use shared::domain::BatchId;
use uuid::Uuid;

use super::exports::{Export, export};
use super::place;
use super::view::GenerationView;
use super::waiting::Patience;
use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::routes::Chapter;

/// What was generated.
pub struct GenerationsApi {
    app: Arc<App>,
}

impl GenerationsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Generations")]
impl GenerationsApi {
    /// One generation
    ///
    /// `Prefer: wait=N` holds the answer for up to N seconds (120 at most) until it has ended.
    #[oai(path = "/content/generations/:id", method = "get")]
    async fn read(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
    ) -> Result<Json<GenerationView>, Problem> {
        let id = BatchId(id.0);
        let generation = place::held(&self.app, caller, id, Patience::asked(prefer.0.as_deref())).await?;
        Ok(Json(GenerationView::of(generation, &self.app.links)))
    }

    /// A generation as a file
    ///
    /// A page (`seo_content`) as `markdown` with front matter (what is given when nothing is asked for) or as `html`.
    #[oai(path = "/content/generations/:id/export", method = "get")]
    async fn export(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        /// `markdown` or `html`.
        format: Query<Option<String>>,
    ) -> Result<Export, Problem> {
        let generation = place::read(&self.app, caller.user, BatchId(id.0)).await?;
        export(&generation, format.0.as_deref())
    }
}
