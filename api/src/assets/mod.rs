//! Assets: images that are uploaded to a project, for product renders and everything that needs to show the real thing.
//!
//! An upload is read and counted ([`upload`]), looked at and freed of its metadata ([`picture`]), and stored under the hash of
//! its bytes, so that the same image is stored once. Like every image it is read through signed links.

mod keeping;
mod picture;
mod upload;
mod view;

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use shared::domain::{AssetId, ProjectId};
use shared::store::{assets, projects};
use uuid::Uuid;

pub use picture::Intake;

use crate::answer::{Created, NoContent};
use crate::app::App;
use crate::caller::Caller;
use crate::idempotency_key::GivenKey;
use crate::page::{Page, PageRequest};
use crate::problem::Problem;
use crate::routes::Chapter;
use upload::Upload;
use view::AssetView;

/// What cursors of the list are for.
const LIST: &str = "assets";

/// Operations on assets.
pub struct AssetsApi {
    app: Arc<App>,
}

impl AssetsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

/// Where the bytes of an asset are.
#[derive(ApiResponse)]
enum Content {
    /// A link that needs no token and expires
    #[oai(status = 307)]
    Lies(#[oai(header = "Location")] String),
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Projects")]
impl AssetsApi {
    /// Upload an image to a project
    ///
    /// A PNG, JPEG or WebP, whatever it is called: 12 MiB at most, sides of 64 to 8,192 pixels, 40 megapixels. What does not
    /// show is left out, such as where it was taken; an image that lies on its side by its metadata is stored upright.
    #[oai(path = "/projects/:id/assets", method = "post")]
    async fn upload(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        /// The same key and upload again give the first asset, for 24 hours.
        #[oai(name = "Idempotency-Key")]
        key: GivenKey,
        upload: Upload,
    ) -> Result<Created<AssetView>, Problem> {
        keeping::upload(&self.app, caller.user, ProjectId(id.0), key.0, upload).await
    }

    /// List the assets of a project, the newest first
    #[oai(path = "/projects/:id/assets", method = "get")]
    async fn list(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        /// 1 to 200; 50 when it is left out.
        limit: Query<Option<u32>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<AssetView>>, Problem> {
        let (pool, project) = (self.app.store.pool(), ProjectId(id.0));
        let page = PageRequest::new(LIST, limit.0, cursor.0.as_deref())?;
        let rows = assets::list(pool, caller.user, project, page.after, page.rows()).await?;
        if rows.is_empty() && !projects::takes(pool, caller.user, project).await? {
            return Err(Problem::not_found("project"));
        }
        Ok(Json(page.page(LIST, rows, |row| row.id, |row| AssetView::of(row, &self.app.links))))
    }

    /// Read an asset
    #[oai(path = "/assets/:id", method = "get")]
    async fn read(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<AssetView>, Problem> {
        let asset = keeping::read(&self.app, caller.user, AssetId(id.0)).await?;
        Ok(Json(AssetView::of(asset, &self.app.links)))
    }

    /// The bytes of an asset
    ///
    /// Leads to the link that its view has as `url`.
    #[oai(path = "/assets/:id/content", method = "get")]
    async fn content(&self, caller: Caller, id: Path<Uuid>) -> Result<Content, Problem> {
        let asset = keeping::read(&self.app, caller.user, AssetId(id.0)).await?;
        Ok(Content::Lies(self.app.links.asset(asset.id, &asset.media_key)))
    }

    /// Delete an asset
    ///
    /// Links to it end at once. Its bytes leave the store within hours, unless another asset has the same.
    #[oai(path = "/assets/:id", method = "delete")]
    async fn delete(&self, caller: Caller, id: Path<Uuid>) -> Result<NoContent, Problem> {
        if assets::delete(self.app.store.pool(), caller.user, AssetId(id.0)).await? {
            Ok(NoContent)
        } else {
            Err(Problem::not_found("asset"))
        }
    }
}
