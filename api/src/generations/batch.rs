//! A content plan as a batch: each entry becomes a post of a campaign.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::{Value, json};
use shared::domain::{
    BatchId, BatchStatus, CampaignId, Image, ImageQuality, ImageSize, Kind, Mode, Nanodollars, NewBatch, NewPost,
    Platform, Priority, limits,
};
use shared::kinds::{ContentPlanParameters, ContentPlanResult, PlanEntry};
use shared::store::campaigns;
use shared::store::idempotency::KeyedRequest;
use uuid::Uuid;

use super::{place, plan};
use crate::app::App;
use crate::batches::{Submitted, refuse_without_providers, submit_parsed};
use crate::caller::Caller;
use crate::idempotency_key::IdempotencyKey;
use crate::parse::{Fields, ReadBody};
use crate::problem::{FieldError, Problem};

/// How posts sound when nobody says.
const USUAL_TONE: &str = "friendly";
const MOST_MAPPED: usize = 50;

/// The batch that a plan becomes.
#[derive(Object)]
#[oai(rename = "PlanBatch")]
pub(super) struct PlanBatchSchema {
    campaign_id: Uuid,
    /// What the batch is called; the plan's topic when it is left out.
    #[oai(validator(max_length = 255))]
    name: Option<String>,
    /// How the posts sound; `friendly` when it is left out.
    #[oai(validator(max_length = 100))]
    tone: Option<String>,
    /// `{size, quality}` for every post, or `false` for captions only, as in a submit.
    image: Option<Any<Value>>,
    /// `low`, `normal` (the default) or `high`.
    priority: Option<String>,
    /// What the batch may cost at most.
    budget_usd: Option<f64>,
    /// The platforms of channels that are not called like one: `{"insta": "instagram"}`.
    platforms: Option<BTreeMap<String, String>>,
}

/// The same, read.
pub(super) struct PlanBatch {
    campaign: CampaignId,
    name: Option<String>,
    tone: String,
    image: Option<Image>,
    priority: Priority,
    cap: Option<Nanodollars>,
    /// By the channel's name in lower case.
    platforms: BTreeMap<String, Platform>,
}

impl ReadBody for PlanBatch {
    type Schema = PlanBatchSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let before = fields.errors().len();
        let campaign = match fields.optional_id("campaign_id").map(CampaignId) {
            None if fields.errors().len() == before => fields.wrong("campaign_id", "required", "is required"),
            campaign => campaign,
        };
        let name = fields.optional_text("name", limits::NAME);
        let tone = fields.optional_text("tone", limits::TONE).unwrap_or_else(|| USUAL_TONE.to_owned());
        let image = image(fields);
        let priority = fields.choice("priority", Priority::ALL, Priority::as_str).unwrap_or(Priority::Normal);
        let cap = fields.optional_dollars("budget_usd");
        let platforms = platforms(fields);
        Some(Self { campaign: campaign?, name, tone, image, priority, cap, platforms: platforms? })
    }
}

/// The image of every post; none where it is `false`, or where it is wrong and that was noted.
fn image(fields: &mut Fields<'_, '_>) -> Option<Image> {
    let Some(raw) = fields.given("image") else { return Some(Image::default()) };
    if raw.get() == "false" {
        return None;
    }
    if !raw.get().starts_with('{') {
        return fields.wrong("image", "wrong_type", "must be an object or false");
    }
    let pointer = fields.pointer_to("image");
    let mut parts = Fields::of(raw, pointer, fields.errors())?;
    let size = parts.choice("size", ImageSize::ALL, ImageSize::as_str);
    let quality = parts.choice("quality", ImageQuality::ALL, ImageQuality::as_str);
    parts.refuse_the_rest();
    let usual = Image::default();
    Some(Image { size: size.unwrap_or(usual.size), quality: quality.unwrap_or(usual.quality) })
}

fn platforms(fields: &mut Fields<'_, '_>) -> Option<BTreeMap<String, Platform>> {
    let Some(raw) = fields.given("platforms") else { return Some(BTreeMap::new()) };
    let Ok(by_channel) = serde_json::from_str::<BTreeMap<String, String>>(raw.get()) else {
        return fields.wrong("platforms", "wrong_type", "must be an object of texts");
    };
    if by_channel.len() > MOST_MAPPED {
        return fields.wrong("platforms", "too_many", format!("must have at most {MOST_MAPPED} entries"));
    }
    let mut platforms = BTreeMap::new();
    for (channel, name) in by_channel {
        if let Some(platform) = Platform::called(&name) {
            platforms.insert(channel.trim().to_lowercase(), platform);
            continue;
        }
        let pointer = format!("{}/{}", fields.pointer_to("platforms"), channel.replace('~', "~0").replace('/', "~1"));
        let known: Vec<&str> = Platform::ALL.iter().map(|platform| platform.as_str()).collect();
        let detail = format!("must be one of {}", known.join(", "));
        fields.errors().push(FieldError::new(pointer, "invalid", detail));
    }
    Some(platforms)
}

/// Places a completed plan as a batch.
pub(super) async fn batch(
    app: &Arc<App>,
    caller: Caller,
    id: BatchId,
    asked: PlanBatch,
    key: Option<IdempotencyKey>,
) -> Result<Submitted, Problem> {
    refuse_without_providers(app)?;
    let generation = place::read(app, caller.user, id).await?;
    if generation.kind != Kind::ContentPlan || generation.status != BatchStatus::Completed {
        return Err(Problem::conflict("wrong_state", "Only a content plan that is completed becomes a batch."));
    }
    let parameters: ContentPlanParameters =
        serde_json::from_value(generation.parameters.clone()).map_err(|error| Problem::internal(&error))?;
    let plan = plan::merged(&generation).ok_or_else(|| Problem::internal(&"a plan without its parts"))?;
    let campaign = campaigns::find(app.store.orm(), caller.user, asked.campaign)
        .await?
        .ok_or_else(|| Problem::not_found("campaign"))?;
    let said = json!([
        asked.campaign,
        asked.name,
        asked.tone,
        asked.image.map(|image| [image.size.as_str(), image.quality.as_str()]),
        asked.priority,
        asked.cap,
        asked.platforms,
    ]);
    let what = format!("POST /content/generations/{id}/batch");
    let keyed = key.map(|key| KeyedRequest::new(caller.user, key.as_str(), &what, said.to_string().as_bytes()));
    let brand = parameters.brand_name.clone().unwrap_or(campaign.brand_name);
    let new = new_batch(&asked, &parameters, &plan, &brand);
    submit_parsed(app, caller, asked.campaign, new, keyed, |_| {}).await
}

fn new_batch(
    asked: &PlanBatch,
    parameters: &ContentPlanParameters,
    plan: &ContentPlanResult,
    brand: &str,
) -> NewBatch<'static> {
    let owned = |text: &str| Cow::Owned(text.to_owned());
    let name = asked.name.clone().unwrap_or_else(|| parameters.topic.chars().take(limits::NAME).collect());
    let post = |entry: &PlanEntry| NewPost {
        brand_name: owned(brand),
        topic: Some(entry.title.chars().take(limits::TOPIC).collect()),
        tone: owned(&asked.tone),
        brief: Some(brief(entry).chars().take(limits::BRIEF).collect()),
        target_audience: parameters.audience.as_deref().map(owned),
        platform: asked
            .platforms
            .get(&entry.channel.to_lowercase())
            .copied()
            .or_else(|| Platform::called(&entry.channel)),
        language: parameters.language.as_deref().map(owned),
        image: asked.image,
        external_id: Some(owned(&entry.id)),
    };
    NewBatch {
        name: Cow::Owned(name),
        priority: asked.priority,
        cap: asked.cap,
        mode: Mode::Live,
        posts: plan.entries.iter().map(post).collect(),
    }
}

/// What the post's author has to know of an entry.
fn brief(entry: &PlanEntry) -> String {
    let mut lines = vec![entry.idea.clone()];
    let more = [
        ("For", format!("{} on {}", entry.channel, entry.date)),
        ("Format", entry.format.clone()),
        ("Call to action", entry.call_to_action.clone()),
        ("Hashtags", entry.hashtags.join(" ")),
    ];
    lines.extend(
        more.into_iter().filter(|(_, value)| !value.is_empty()).map(|(label, value)| format!("{label}: {value}")),
    );
    lines.join("\n")
}
