//! Artify's generation: `/generate/text` and `/generate/image`.

use std::sync::Arc;

use poem::Request;
use poem::http::StatusCode;
use poem_openapi::payload::{Json, Response};
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde_json::Value;
use shared::domain::Kind;
use shared::media::MediaKey;

use super::made::{Made, external_user, made};
use super::{OpenCaller, naming_ignored};
use crate::app::App;
use crate::generations::{Asked, UsageView, kinds};
use crate::parse::{Fields, Lenient, ReadBody};
use crate::problem::Problem;
use crate::routes::Chapter;

/// The models that Artify names first. They are shut down by now; what answers in their place is told.
const TEXT_ROUTE: &str = "seed-openai-text";
const IMAGE_ROUTE: &str = "seed-openai-image";

/// A text to be written.
#[derive(Object)]
#[oai(rename = "ArtifyNewText")]
struct TextSchema {
    prompt: String,
    /// The number or the id of a segment.
    segment_id: Option<Any<Value>>,
    tone: Option<String>,
    keywords: Option<Vec<String>>,
    /// 150 when it is left out.
    max_tokens: Option<u32>,
    /// Kept as a reference of the client's.
    user_id: Option<Any<Value>>,
}

/// An image to be made.
#[derive(Object)]
#[oai(rename = "ArtifyNewImage")]
struct ImageSchema {
    prompt: String,
    /// `1024x1024` when it is left out; also `1024x1792` and `1792x1024`.
    size: Option<String>,
    /// `standard` when it is left out, or `hd`.
    quality: Option<String>,
    /// Kept as a reference of the client's.
    user_id: Option<Any<Value>>,
}

struct TextBody(Asked);
struct ImageBody(Asked);

impl ReadBody for TextBody {
    type Schema = TextSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        read(Kind::Text, TEXT_ROUTE, fields).map(Self)
    }
}

impl ReadBody for ImageBody {
    type Schema = ImageSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        read(Kind::Image, IMAGE_ROUTE, fields).map(Self)
    }
}

fn read(kind: Kind, route: &'static str, fields: &mut Fields<'_, '_>) -> Option<Asked> {
    let external_user = external_user(fields);
    let asked = kinds::read(kind, fields)?;
    Some(Asked { external_user, route: Some(route), ..asked })
}

/// A text that was written.
#[derive(Object)]
#[oai(rename = "ArtifyText")]
struct TextView {
    success: bool,
    text: String,
    usage: Option<UsageView>,
    /// In dollars.
    cost: f64,
    /// The one that wrote it.
    model: Option<String>,
}

/// An image that was made.
#[derive(Object)]
#[oai(rename = "ArtifyImage")]
struct ImageView {
    success: bool,
    /// Needs no token, and expires.
    image_url: String,
    /// The prompt as the model changed it, or as it was sent.
    revised_prompt: String,
    /// In dollars.
    cost: f64,
    /// The one that made it.
    model: Option<String>,
    size: String,
}

/// The paths of Artify that generate.
pub struct ArtifyGenerateApi {
    app: Arc<App>,
}

impl ArtifyGenerateApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/generate", tag = "Chapter::Artify")]
impl ArtifyGenerateApi {
    /// Write a text
    #[oai(path = "/text", method = "post")]
    async fn text(
        &self,
        caller: OpenCaller,
        request: &Request,
        body: Lenient<TextBody>,
    ) -> Result<Response<Json<TextView>>, Problem> {
        let made = self.made(caller, request, body.body.0, "text").await?;
        let generation = &made.generation;
        let view = TextView {
            success: true,
            text: said(&made, "text"),
            usage: UsageView::of(generation),
            cost: generation.cost.to_usd(),
            model: model(&made),
        };
        Ok(made.telling(naming_ignored(Json(view), &body.ignored)))
    }

    /// Make an image
    #[oai(path = "/image", method = "post")]
    async fn image(
        &self,
        caller: OpenCaller,
        request: &Request,
        body: Lenient<ImageBody>,
    ) -> Result<Response<Json<ImageView>>, Problem> {
        let made = self.made(caller, request, body.body.0, "image").await?;
        let key = made.generation.parts.iter().find_map(|part| part.image.as_deref()?.parse::<MediaKey>().ok());
        let view = ImageView {
            success: true,
            image_url: key.map(|key| self.app.links.media(&key)).unwrap_or_default(),
            revised_prompt: said(&made, "revised_prompt"),
            cost: made.generation.cost.to_usd(),
            model: model(&made),
            size: said(&made, "size"),
        };
        Ok(made.telling(naming_ignored(Json(view), &body.ignored)))
    }
}

impl ArtifyGenerateApi {
    async fn made(
        &self,
        caller: OpenCaller,
        request: &Request,
        asked: Asked,
        what: &'static str,
    ) -> Result<Made, Problem> {
        if self.app.refuses_generation() {
            let detail = "OpenAI API key not configured. Please set OPENAI_API_KEY.";
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "generation_unavailable", detail));
        }
        let made = made(&self.app, caller, request, asked).await?;
        match made.failure() {
            None => Ok(made),
            Some(reason) => Err(Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "generation_failed",
                format!("Failed to generate {what}: {reason}"),
            )),
        }
    }
}

/// A text of the result.
fn said(made: &Made, field: &str) -> String {
    let result = made.generation.parts.iter().find_map(|part| part.result.as_ref());
    result.and_then(|result| result[field].as_str()).unwrap_or_default().to_owned()
}

fn model(made: &Made) -> Option<String> {
    made.generation.parts.iter().find_map(|part| part.model.clone())
}
