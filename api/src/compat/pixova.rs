//! Pixova: `/api/generate` and `/api/download`.

use std::sync::Arc;

use chrono::Utc;
use poem::Request;
use poem::http::StatusCode;
use poem_openapi::param::Query;
use poem_openapi::payload::{Json, Response};
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde_json::Value;
use shared::domain::PostStatus;
use shared::kinds::{DesignParameters, DesignQuality, DesignType, MOST_VARIATIONS, Style};
use shared::media::MediaKey;
use shared::store::generations::Part;

use super::made::{Made, external_user, made};
use super::{OpenCaller, naming_ignored};
use crate::app::App;
use crate::download::{self, Download};
use crate::generations::kinds::{self, IMAGE_PROMPT};
use crate::parse::{Fields, Lenient, ReadBody};
use crate::problem::Problem;
use crate::query::named;
use crate::routes::Chapter;
use crate::time::rfc3339;

/// The models that Pixova names, in its order.
const ROUTE: &str = "pixova";

/// A design to be made.
#[derive(Object)]
#[oai(rename = "PixovaNewDesign")]
struct DesignSchema {
    /// Kept as a reference of the client's.
    user_id: Option<Any<Value>>,
    prompt: String,
    /// `logo` when it is left out; also `banner`, `poster` and `social_card`.
    design_type: Option<String>,
    /// `modern` when it is left out; also `corporate`, `creative`, `minimalist`, `vibrant` and `elegant`.
    style: Option<String>,
    /// `standard` (1024) when it is left out; also `high` (1536) and `ultra` (2048).
    quality: Option<String>,
    /// 1 to 5; 1 when it is left out.
    num_variations: Option<u16>,
    /// Whether words that the prompt gives are drawn.
    include_text_in_ai: Option<bool>,
}

/// What a body says; what it leaves out may stand in the query.
struct DesignBody {
    external_user: Option<String>,
    prompt: String,
    design_type: Option<DesignType>,
    style: Option<Style>,
    quality: Option<DesignQuality>,
    num_variations: Option<u16>,
    include_text: bool,
}

impl ReadBody for DesignBody {
    type Schema = DesignSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let external_user = external_user(fields);
        let prompt = fields.text("prompt", 1..=IMAGE_PROMPT);
        let design_type = fields.choice("design_type", DesignType::ALL, DesignType::as_str);
        let style = fields.choice("style", Style::ALL, Style::as_str);
        let quality = fields.choice("quality", DesignQuality::ALL, DesignQuality::as_str);
        let num_variations = fields.whole("num_variations", 1..=u64::from(MOST_VARIATIONS));
        let num_variations = num_variations.map(|number| number as u16);
        let include_text = fields.flag("include_text_in_ai").unwrap_or(false);
        Some(Self { external_user, prompt: prompt?, design_type, style, quality, num_variations, include_text })
    }
}

/// One variation of a design.
#[derive(Object)]
#[oai(rename = "PixovaVariation")]
struct VariationView {
    variation_number: i32,
    success: bool,
    /// Needs no token, and expires.
    image_url: Option<String>,
    /// As it was sent.
    prompt: String,
    model_used: Option<String>,
    generation_time_ms: Option<i64>,
    #[oai(skip_serializing_if_is_none)]
    error: Option<String>,
}

/// A design, with all its variations.
#[derive(Object)]
#[oai(rename = "PixovaDesign")]
struct DesignView {
    /// Whether any variation was made.
    success: bool,
    /// The generation's id.
    request_id: String,
    design_type: String,
    prompt: String,
    num_generated: usize,
    variations: Vec<VariationView>,
    total_time_ms: i64,
    /// When none was made: why, as in every error.
    #[oai(skip_serializing_if_is_none)]
    detail: Option<String>,
    #[oai(skip_serializing_if_is_none)]
    status_code: Option<u16>,
    #[oai(skip_serializing_if_is_none)]
    timestamp: Option<String>,
}

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
    /// Make a design in one or several variations
    ///
    /// Answers when all variations have ended: 200 when any was made, 500 when none was. Options that the body leaves out
    /// may stand in the query.
    #[oai(path = "/generate", method = "post")]
    #[expect(clippy::too_many_arguments, reason = "options may stand in the query, each as a parameter")]
    async fn generate(
        &self,
        caller: OpenCaller,
        request: &Request,
        design_type: Query<Option<String>>,
        style: Query<Option<String>>,
        quality: Query<Option<String>>,
        num_variations: Query<Option<u16>>,
        body: Lenient<DesignBody>,
    ) -> Result<Response<Json<DesignView>>, Problem> {
        let Lenient { body, ignored } = body;
        let design_type =
            body.design_type.map_or_else(|| named("design_type", design_type.0.as_deref()), |given| Ok(Some(given)))?;
        let style = body.style.map_or_else(|| named("style", style.0.as_deref()), |given| Ok(Some(given)))?;
        let quality = body.quality.map_or_else(|| named("quality", quality.0.as_deref()), |given| Ok(Some(given)))?;
        let num_variations = body.num_variations.or(num_variations.0).unwrap_or(1);
        if !(1..=MOST_VARIATIONS).contains(&num_variations) {
            return Err(Problem::bad_parameter("num_variations", &num_variations.to_string()));
        }
        let design_type = design_type.unwrap_or(DesignType::Logo);
        let mut asked = kinds::design::asked(&DesignParameters {
            prompt: body.prompt,
            design_type,
            style: style.unwrap_or(Style::Modern),
            quality: quality.unwrap_or(DesignQuality::Standard),
            num_variations,
            include_text: body.include_text,
            shape: design_type.usual_shape(),
        });
        asked.external_user = body.external_user;
        asked.route = Some(ROUTE);
        let made = made(&self.app, caller, request, asked).await?;
        let view = self.view(design_type, &made);
        let status = if view.success { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
        Ok(made.telling(naming_ignored(Json(view), &ignored).status(status)))
    }

    /// Pass an image on
    ///
    /// As `/api/v1/download`; pages of every origin may read the answer.
    #[oai(path = "/download", method = "get")]
    async fn download(&self, caller: OpenCaller, url: Query<String>) -> Result<Download, Problem> {
        Ok(download::download(&self.app, caller.user, &url.0).await?.for_all_pages())
    }
}

impl PixovaApi {
    fn view(&self, design_type: DesignType, made: &Made) -> DesignView {
        let generation = &made.generation;
        let variations: Vec<_> = generation.parts.iter().map(|part| self.variation(part, &generation.prompt)).collect();
        let num_generated = variations.iter().filter(|variation| variation.success).count();
        let failed = num_generated == 0;
        let reason = made.failure().unwrap_or("nothing was made");
        DesignView {
            success: !failed,
            request_id: generation.id.to_string(),
            design_type: design_type.as_str().to_owned(),
            prompt: generation.prompt.clone(),
            num_generated,
            variations,
            total_time_ms: generation.duration_ms().unwrap_or_default(),
            detail: failed.then(|| format!("Failed to generate design: {reason}")),
            status_code: failed.then_some(500),
            timestamp: failed.then(|| rfc3339(Utc::now())),
        }
    }

    fn variation(&self, part: &Part, prompt: &str) -> VariationView {
        let success = part.status == PostStatus::Completed;
        let key = part.image.as_deref().and_then(|key| key.parse::<MediaKey>().ok()).filter(|_| success);
        let sent = part.result.as_ref().and_then(|result| result["prompt"].as_str());
        VariationView {
            variation_number: part.position + 1,
            success,
            image_url: key.map(|key| self.app.links.media(&key)),
            prompt: sent.unwrap_or(prompt).to_owned(),
            model_used: part.model.clone(),
            generation_time_ms: part.duration_ms,
            error: (!success).then(|| part.error_message.clone().unwrap_or_else(|| "it was cancelled".to_owned())),
        }
    }
}
