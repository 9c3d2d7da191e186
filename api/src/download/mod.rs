//! Passing images on, for front ends whose browser may not read them where they lie.
//!
//! One of our own signed links is checked and read from storage, without the network. Anything else is asked through
//! [`shared::outgoing`], under bounds of size, time and number, and only an image is given back: its bytes must begin as
//! one, whatever its server calls them.

mod answer;
mod fetch;

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use shared::domain::UserId;
use shared::media::{ImageFormat, MediaKey};

pub(crate) use answer::Download;
pub use fetch::{DownloadError, Downloads};

use self::fetch::Image;
use crate::app::App;
use crate::caller::Caller;
use crate::media::{self, Own};
use crate::problem::Problem;
use crate::routes::Chapter;

/// Operations that pass images on.
pub struct DownloadApi {
    app: Arc<App>,
}

impl DownloadApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Media")]
impl DownloadApi {
    /// Pass an image on
    ///
    /// PNG, JPEG or WebP, from a signed link of this service or from any public address; redirects are followed. It comes as
    /// an attachment. Counted per user; see `rate_limited`.
    #[oai(path = "/download", method = "get")]
    async fn download(
        &self,
        caller: Caller,
        /// Where the image lies.
        url: Query<String>,
    ) -> Result<Download, Problem> {
        download(&self.app, caller.user, &url.0).await
    }
}

/// The image at `address`.
pub(crate) async fn download(app: &App, user: UserId, address: &str) -> Result<Download, Problem> {
    match app.links.own(address) {
        Some(Own::Media(key, signature)) => {
            app.links.check_media(&key, &signature)?;
            stored(app, &key).await
        }
        Some(Own::Asset(asset, key, signature)) => {
            media::check_asset(app, asset, &key, &signature).await?;
            stored(app, &key).await
        }
        Some(Own::Other) => Err(Problem::not_found("image")),
        None => {
            app.downloads.limit.admit(&user)?;
            let path = address.split(['?', '#']).next().unwrap_or_default();
            Ok(Download::new(app.downloads.fetch(address).await?, path))
        }
    }
}

async fn stored(app: &App, key: &MediaKey) -> Result<Download, Problem> {
    let bytes = app.media.get(key).await?.bytes;
    let format = ImageFormat::sniff(&bytes).ok_or(DownloadError::NotAnImage)?;
    Ok(Download::new(Image { bytes, format }, key.as_str()))
}
