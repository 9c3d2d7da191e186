//! Images, generated and uploaded ones, read through signed links.

mod links;

use std::sync::Arc;

use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::{Binary, Payload};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::{ApiResponse, OpenApi};
use shared::domain::AssetId;
use shared::media::MediaKey;
use shared::store::assets;
use uuid::Uuid;

pub use links::{LinkRefusal, Links, Own, Signature};

use crate::app::App;
use crate::problem::Problem;
use crate::routes::Chapter;

/// Operations on images.
pub struct MediaApi {
    app: Arc<App>,
}

impl MediaApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Media")]
impl MediaApi {
    /// An image of a post
    ///
    /// By the link that the post's view holds; the link needs no token, and works until it expires.
    #[oai(path = "/media/posts/:post/:file", method = "get")]
    async fn image(
        &self,
        post: Path<String>,
        file: Path<String>,
        expires: Query<u64>,
        kid: Query<String>,
        sig: Query<String>,
        /// The `ETag` of a copy that the caller has.
        #[oai(name = "If-None-Match")]
        if_none_match: Header<Option<String>>,
    ) -> Result<ImageAnswer, Problem> {
        let key = key(&format!("posts/{}/{}", post.0, file.0))?;
        let signature = Signature { expires: expires.0, kid: kid.0, sig: sig.0 };
        self.app.links.check_media(&key, &signature)?;
        let cache = format!("private, max-age={}, immutable", signature.remaining().as_secs());
        self.answer(&key, if_none_match.0.as_deref(), cache).await
    }

    /// An image that was uploaded
    ///
    /// By the link that the asset's view holds; the link needs no token, and works until it expires or the asset is deleted.
    #[oai(path = "/media/assets/:file", method = "get")]
    async fn asset(
        &self,
        file: Path<String>,
        /// The asset that the link is for.
        asset: Query<Uuid>,
        expires: Query<u64>,
        kid: Query<String>,
        sig: Query<String>,
        /// The `ETag` of a copy that the caller has.
        #[oai(name = "If-None-Match")]
        if_none_match: Header<Option<String>>,
    ) -> Result<ImageAnswer, Problem> {
        let key = key(&format!("assets/{}", file.0))?;
        let signature = Signature { expires: expires.0, kid: kid.0, sig: sig.0 };
        check_asset(&self.app, AssetId(asset.0), &key, &signature).await?;
        // A copy is shown again only after asking: the asset may be deleted by then.
        self.answer(&key, if_none_match.0.as_deref(), "private, no-cache".to_owned()).await
    }
}

/// Checks a link to an image of an asset: signed by us, not expired, and the asset is there.
pub(crate) async fn check_asset(
    app: &App,
    asset: AssetId,
    key: &MediaKey,
    signature: &Signature,
) -> Result<(), Problem> {
    app.links.check_asset(asset, key, signature)?;
    if assets::shows(app.store.pool(), asset, key).await? { Ok(()) } else { Err(Problem::not_found("image")) }
}

fn key(text: &str) -> Result<MediaKey, Problem> {
    text.parse().map_err(|_| Problem::not_found("image"))
}

impl MediaApi {
    async fn answer(&self, key: &MediaKey, known: Option<&str>, cache: String) -> Result<ImageAnswer, Problem> {
        // An image never changes under its key, so the key is tag enough.
        let tag = format!("\"{}\"", key.as_str().replace('/', "."));
        let known = known.is_some_and(|tags| tags.split(',').any(|one| one.trim() == tag));
        let mut response = if known {
            Response::builder().status(StatusCode::NOT_MODIFIED).finish()
        } else {
            let media = self.app.media.get(key).await?;
            Response::builder()
                .content_type(media.content_type)
                .header(header::CONTENT_DISPOSITION, format!("inline; filename=\"{}\"", file_name(key)))
                .body(media.bytes)
        };
        let headers = response.headers_mut();
        for (name, value) in [(header::CACHE_CONTROL, cache), (header::ETAG, tag)] {
            headers.insert(name, HeaderValue::try_from(value).map_err(|error| Problem::internal(&error))?);
        }
        Ok(ImageAnswer(response))
    }
}

/// A name to save an image under that tells it from others: the post, then what the file is called.
fn file_name(key: &MediaKey) -> String {
    key.as_str().trim_start_matches("posts/").replace('/', "-")
}

/// An image, or the news that the caller's copy is still good.
struct ImageAnswer(Response);

impl IntoResponse for ImageAnswer {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for ImageAnswer {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: "image/png", schema: Binary::<Vec<u8>>::schema_ref() }];
        let response = |status, description, content| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content,
            headers: vec![],
        };
        MetaResponses {
            responses: vec![
                response(200, "The image", content),
                response(304, "The caller's copy is still good", vec![]),
            ],
        }
    }

    fn register(_: &mut Registry) {}
}
