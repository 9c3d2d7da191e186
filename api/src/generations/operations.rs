//! The operations.

use std::sync::Arc;

use poem::http::HeaderMap;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path};
use poem_openapi::payload::Json;
use shared::domain::BatchId;
use uuid::Uuid;

use super::answer::Answered;
use super::asked::Asked;
use super::kinds::TextBody;
use super::place::{self, Placing, generate};
use super::view::GenerationView;
use super::waiting::Patience;
use crate::app::App;
use crate::caller::Caller;
use crate::parse::Body;
use crate::problem::Problem;
use crate::routes::Chapter;

/// Texts, images, designs and plans, one at a time.
///
/// Each answers 200 with what came of it when that comes within `Prefer: wait=N` (60 seconds when nobody says, 120 at
/// most), else 202 with where it will be found. `Prefer: respond-async` answers 202 at once.
pub struct GenerationsApi {
    app: Arc<App>,
}

impl GenerationsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    async fn make(&self, caller: Caller, asked: Asked, headers: &HeaderMap) -> Result<Answered, Problem> {
        generate(&self.app, caller, asked, Placing::of(headers)?).await
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Generations")]
impl GenerationsApi {
    /// Write a text
    #[oai(path = "/generate/text", method = "post")]
    async fn text(
        &self,
        caller: Caller,
        /// `wait=N` seconds, or `respond-async`.
        #[oai(name = "Prefer")]
        _prefer: Header<Option<String>>,
        /// The same key and body again give the first generation, for 24 hours.
        #[oai(name = "Idempotency-Key")]
        _key: Header<Option<String>>,
        headers: &HeaderMap,
        body: Body<TextBody>,
    ) -> Result<Answered, Problem> {
        self.make(caller, body.0.0, headers).await
    }

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
}
