//! A generation as callers see it.

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::{Map, Value, json};
use shared::domain::{Kind, Nanodollars, Output, PostStatus};
use shared::media::MediaKey;
use shared::store::generations::{Generation, Part};
use uuid::Uuid;

use super::plan;
use crate::media::Links;
use crate::time::rfc3339;

/// Tokens over all calls of a generation.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Usage", read_only_all)]
pub struct UsageView {
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub total_tokens: i64,
}

impl UsageView {
    pub(crate) fn of(generation: &Generation) -> Option<Self> {
        let (prompt, completion) = generation.prompt_tokens.zip(generation.completion_tokens)?;
        Some(Self { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion })
    }
}

/// What was asked for, how it stands, and what came of it.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Generation")]
pub struct GenerationView {
    pub id: Uuid,
    /// A short integer name.
    pub number: i64,
    /// `text`, `image`, `text_to_image`, `product_render`, `seo_content`, `content_plan`, `marketing_plan`, `design`,
    /// `email_subject`.
    pub kind: String,
    /// `pending`, `processing`, `completed`, `failed`, `cancelling` or `cancelled`.
    pub status: String,
    pub project_id: Option<Uuid>,
    pub campaign_id: Option<Uuid>,
    pub parameters: Any<Value>,
    /// Null until it is completed. Of an image: `image` with its link, format and pixels, and the prompt that was sent. Of a
    /// design: its `variations`, each with its own success.
    pub result: Option<Any<Value>>,
    /// What the checks say of the result, from 0 to 1 by name; of a design, of its first successful variation.
    pub scores: Option<Any<Value>>,
    /// The model that made it.
    pub model: Option<String>,
    pub usage: Option<UsageView>,
    /// What it has cost, in nano-dollars (10⁻⁹ US dollars): every call, those whose answer was of no use too.
    pub cost_nanos: i64,
    pub cost_usd: f64,
    /// Where the result is found: of an image, a link that needs no token and expires.
    pub result_url: Option<String>,
    /// Why it failed: `budget_exceeded`, `content_policy`, `provider_unavailable`, `quality`, …
    pub error_class: Option<String>,
    pub error_message: Option<String>,
    /// From the request to the end.
    pub duration_ms: Option<i64>,
    pub created_at: String,
    pub completed_at: Option<String>,
}

impl GenerationView {
    pub fn of(generation: Generation, links: &Links) -> Self {
        let first = generation.parts.iter().find(|part| part.status == PostStatus::Completed);
        let failed = generation.parts.iter().find(|part| part.status == PostStatus::Failed).filter(|_| first.is_none());
        let result = first.is_some().then(|| result(&generation, links));
        Self {
            id: generation.id.0,
            number: generation.number,
            kind: generation.kind.as_str().to_owned(),
            status: generation.status.as_str().to_owned(),
            project_id: generation.project_id.map(|id| id.0),
            campaign_id: generation.campaign_id.map(|id| id.0),
            result_url: first.map(|part| result_url(&generation, part, links)),
            scores: scores(&generation, first).map(Any),
            model: first.and_then(|part| part.model.clone()),
            usage: UsageView::of(&generation),
            cost_nanos: generation.cost.0,
            cost_usd: generation.cost.to_usd(),
            error_class: failed.and_then(|part| part.error_class.clone()),
            error_message: failed.and_then(|part| part.error_message.clone()),
            duration_ms: generation.duration_ms(),
            created_at: rfc3339(generation.created_at),
            completed_at: generation.finished_at.map(rfc3339),
            result: result.map(Any),
            parameters: Any(generation.parameters),
        }
    }
}

/// What was made, as the kind writes it, with what is known of its image.
fn result(generation: &Generation, links: &Links) -> Value {
    if generation.kind == Kind::Design {
        let variations: Vec<Value> = generation.parts.iter().map(|part| variation(part, links)).collect();
        return json!({ "num_generated": completed(generation), "variations": variations });
    }
    if generation.kind == Kind::ContentPlan {
        return plan::merged(generation).map_or(Value::Null, |plan| json!(plan));
    }
    generation.parts.first().map_or(Value::Null, |part| made(part, links))
}

/// What the checks say: of a plan that was made in parts, of all of them.
fn scores(generation: &Generation, first: Option<&Part>) -> Option<Value> {
    if generation.kind == Kind::ContentPlan { plan::scores(generation) } else { first?.scores.clone() }
}

fn completed(generation: &Generation) -> usize {
    generation.parts.iter().filter(|part| part.status == PostStatus::Completed).count()
}

/// One variation of a design: as it was made, or why it was not.
fn variation(part: &Part, links: &Links) -> Value {
    let mut variation = json!({
        "variation_number": part.position + 1,
        "status": part.status.as_str(),
        "success": part.status == PostStatus::Completed,
        "model": part.model,
        "generation_time_ms": part.duration_ms,
        "cost_nanos": part.cost_nanos,
        "cost_usd": Nanodollars(part.cost_nanos).to_usd(),
        "scores": part.scores,
        "error": part.error_message,
    });
    if let (Value::Object(variation), Value::Object(made)) = (&mut variation, made(part, links)) {
        variation.extend(made);
    }
    variation
}

fn made(part: &Part, links: &Links) -> Value {
    let mut made = match &part.result {
        Some(Value::Object(made)) => made.clone(),
        _ => Map::new(),
    };
    if let Some(url) = image_url(part, links) {
        let native_size = made.remove("native_size");
        let image = json!({
            "url": url,
            "width": part.image_width,
            "height": part.image_height,
            // As the model made it, before it was brought to the asked size.
            "native_size": native_size,
            "bytes": part.image_bytes,
            "format": part.image_format,
            "thumbhash": part.image_thumbhash.as_deref().map(|hash| hash.replace('\n', "")),
            "flags": part.flags,
        });
        made.insert("image".to_owned(), image);
    }
    Value::Object(made)
}

/// A signed link to the image of a part.
fn image_url(part: &Part, links: &Links) -> Option<String> {
    part.image.as_deref()?.parse::<MediaKey>().ok().map(|key| links.media(&key))
}

fn result_url(generation: &Generation, part: &Part, links: &Links) -> String {
    let image = if generation.kind.output() == Output::Image { image_url(part, links) } else { None };
    image.unwrap_or_else(|| links.absolute(&format!("/api/v1/content/generations/{}", generation.id)))
}
