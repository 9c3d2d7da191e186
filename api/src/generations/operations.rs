//! The operations on what was generated.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use shared::domain::BatchId;
use uuid::Uuid;

use super::batch::{PlanBatch, batch};
use super::exports::{Export, export};
use super::place;
use super::view::GenerationView;
use super::waiting::Patience;
use crate::app::App;
use crate::batches::Submitted;
use crate::caller::Caller;
use crate::idempotency_key::GivenKey;
use crate::parse::Body;
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
    /// A page (`seo_content`) as `markdown` with front matter or as `html`, a content plan as `csv` or as a calendar (`ics`),
    /// a marketing plan as `markdown`. The first is given when nothing is asked for. In CSV, a cell that a spreadsheet could
    /// take for a formula has an apostrophe before it.
    #[oai(path = "/content/generations/:id/export", method = "get")]
    async fn export(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        /// `markdown`, `html`, `csv` or `ics`.
        format: Query<Option<String>>,
    ) -> Result<Export, Problem> {
        let generation = place::read(&self.app, caller.user, BatchId(id.0)).await?;
        export(&generation, format.0.as_deref())
    }

    /// Turn a content plan into a batch
    ///
    /// Each entry becomes a post of the campaign: its title is the topic, its idea the brief, its channel the platform where it
    /// is one, and its id the `external_id`.
    #[oai(path = "/content/generations/:id/batch", method = "post")]
    async fn batch(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        /// The same key and body again give the first batch, for 24 hours.
        #[oai(name = "Idempotency-Key")]
        key: GivenKey,
        body: Body<PlanBatch>,
    ) -> Result<Submitted, Problem> {
        batch(&self.app, caller, BatchId(id.0), body.0, key.0).await
    }
}
