//! Pixova: `/api/download`.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;

use super::OpenCaller;
use crate::app::App;
use crate::download::{self, Download};
use crate::problem::Problem;
use crate::routes::Chapter;

/// The paths that Pixova documents.
pub struct PixovaApi {
    app: Arc<App>,
}

impl PixovaApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api", tag = "Chapter::Pixova")]
impl PixovaApi {
    /// Pass an image on
    ///
    /// As `/api/v1/download`; pages of every origin may read the answer.
    #[oai(path = "/download", method = "get")]
    async fn download(&self, caller: OpenCaller, url: Query<String>) -> Result<Download, Problem> {
        Ok(download::download(&self.app, caller.user, &url.0).await?.for_all_pages())
    }
}
