//! The service itself: what it is, whether it lives, its documentation.

mod documents;

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::payload::PlainText;

use crate::app::App;
use crate::routes::Chapter;

pub use documents::documents;

/// Operations about the service.
pub struct ServiceApi {
    app: Arc<App>,
}

impl ServiceApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(tag = "Chapter::Service")]
impl ServiceApi {
    /// Whether the process lives.
    #[oai(path = "/livez", method = "get")]
    async fn livez(&self) -> PlainText<&'static str> {
        let _ = &self.app;
        PlainText("ok\n")
    }
}
