//! The operations about segments.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use shared::domain::SegmentId;
use shared::store::segments::{self, NewSegment, SegmentChange};
use uuid::Uuid;

use super::keeping;
use super::views::SegmentView;
use crate::answer::{Created, NoContent};
use crate::app::App;
use crate::caller::Caller;
use crate::idempotency_key::GivenKey;
use crate::page::{Page, PageRequest};
use crate::parse::Body;
use crate::problem::Problem;
use crate::routes::Chapter;

/// What cursors of the list are for.
const LIST: &str = "segments";

/// Segments of the caller; anybody else's is not there.
pub struct SegmentsApi {
    app: Arc<App>,
}

impl SegmentsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Segments")]
impl SegmentsApi {
    /// Make a segment
    #[oai(path = "/segments", method = "post")]
    async fn create(
        &self,
        caller: Caller,
        /// The same key and body again give the first answer, for 24 hours.
        #[oai(name = "Idempotency-Key")]
        key: GivenKey,
        body: Body<NewSegment>,
    ) -> Result<Created<SegmentView>, Problem> {
        keeping::create(&self.app, caller.user, key.0, &body.0).await
    }

    /// List segments, the newest first
    #[oai(path = "/segments", method = "get")]
    async fn list(
        &self,
        caller: Caller,
        /// 1 to 200; 50 when it is left out.
        limit: Query<Option<u32>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<SegmentView>>, Problem> {
        let page = PageRequest::new(LIST, limit.0, cursor.0.as_deref())?;
        let rows = segments::list(self.app.store.pool(), caller.user, page.after, page.rows()).await?;
        Ok(Json(page.page(LIST, rows, |row| row.id, SegmentView::from)))
    }

    /// Read a segment
    #[oai(path = "/segments/:id", method = "get")]
    async fn read(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<SegmentView>, Problem> {
        Ok(Json(keeping::read(&self.app, caller.user, SegmentId(id.0)).await?.into()))
    }

    /// Change a segment
    ///
    /// What is left out stays as it is. Work that was placed before keeps the segment as it was then.
    #[oai(path = "/segments/:id", method = "put")]
    async fn change(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        body: Body<SegmentChange>,
    ) -> Result<Json<SegmentView>, Problem> {
        Ok(Json(keeping::change(&self.app, caller.user, SegmentId(id.0), &body.0).await?.into()))
    }

    /// Delete a segment
    ///
    /// Work that was placed before keeps it.
    #[oai(path = "/segments/:id", method = "delete")]
    async fn delete(&self, caller: Caller, id: Path<Uuid>) -> Result<NoContent, Problem> {
        keeping::delete(&self.app, caller.user, SegmentId(id.0)).await?;
        Ok(NoContent)
    }
}
