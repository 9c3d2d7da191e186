//! A post, and what was tried for it, as callers see them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;
use shared::domain::{BatchId, Nanodollars};
use shared::media::MediaKey;
use shared::store::attempts::{Attempt, Tally};
use shared::store::posts::Post;
use uuid::Uuid;

use crate::media::Links;
use crate::time::rfc3339;

/// The image that a post wants.
#[derive(Clone, Debug, Object)]
#[oai(rename = "PostImage", read_only_all)]
pub struct ImageView {
    pub size: String,
    pub quality: String,
}

/// The image that was made.
#[derive(Clone, Debug, Object)]
#[oai(rename = "GeneratedImage", read_only_all)]
pub struct GeneratedImageView {
    /// In pixels; the nearest that the model offers to what was asked for.
    pub width: i32,
    pub height: i32,
    pub bytes: i32,
    /// `png`, `jpeg` or `webp`.
    pub format: String,
    /// A preview in about 25 bytes, in base64: see <https://evanw.github.io/thumbhash/>.
    pub thumbhash: String,
}

/// A post: what was asked for, and what was made.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Post", read_only_all)]
pub struct PostView {
    pub id: Uuid,
    pub batch_job_id: Uuid,
    pub campaign_id: Uuid,
    /// Its place in the batch, from 0.
    pub position: i32,
    pub external_id: Option<String>,
    pub brand_name: String,
    pub topic: Option<String>,
    pub tone: String,
    pub brief: Option<String>,
    pub target_audience: Option<String>,
    pub platform: Option<String>,
    pub language: Option<String>,
    /// Null when no image is wanted.
    pub image: Option<ImageView>,
    /// `pending`, `queued`, `processing`, `retrying`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// When a post that waits is tried again.
    pub next_attempt_at: Option<String>,
    /// How often it has waited to be tried again.
    pub retries: i16,
    /// Which content this is: 1, and one more for each regeneration.
    pub revision: i32,
    /// The text of the post. Its platform's limit holds for the caption, an empty line and the hashtags together.
    pub generated_caption: Option<String>,
    pub hashtags: Option<Vec<String>>,
    /// What the image was asked for with.
    pub image_prompt: Option<String>,
    pub alt_text: Option<String>,
    /// A link to the image that needs no token and expires; read the post again for a new one.
    pub generated_image_url: Option<String>,
    pub generated_image: Option<GeneratedImageView>,
    /// What moderation said of the caption: `passed`, `flagged`, or `skipped` where nobody was asked.
    pub moderation: Option<String>,
    /// What was done to the content or is odd about it: `trimmed`, `hashtags_dropped`, `near_duplicate`,
    /// `image_converted`, `image_aspect`, `image_resampled`, `image_too_big`, `banned_word`, `missing_word`. Near-duplicates are
    /// looked for when the batch has ended.
    pub flags: Vec<String>,
    /// The post that has almost the same caption.
    pub near_duplicate_of: Option<Uuid>,
    /// What it has cost, in nano-dollars (10⁻⁹ US dollars).
    pub cost_nanos: i64,
    pub cost_usd: f64,
    pub error_class: Option<String>,
    pub error_message: Option<String>,
    pub created_at: String,
    pub updated_at: String,
    pub finalized_at: Option<String>,
}

impl PostView {
    pub fn of(post: Post, links: &Links) -> Self {
        let generated_image = generated_image(&post);
        let key: Option<MediaKey> = post.generated_image_url.and_then(|key| key.parse().ok());
        Self {
            id: post.id.0,
            batch_job_id: post.batch_job_id.0,
            campaign_id: post.campaign_id.0,
            position: post.position,
            external_id: post.external_id,
            brand_name: post.brand_name,
            topic: post.topic,
            tone: post.tone,
            brief: post.brief,
            target_audience: post.target_audience,
            platform: post.platform,
            language: post.language,
            image: post.image_size.zip(post.image_quality).map(|(size, quality)| ImageView { size, quality }),
            status: post.status.to_string(),
            next_attempt_at: post.wake_at.map(rfc3339),
            retries: post.retries,
            revision: post.revision,
            generated_caption: post.generated_caption,
            hashtags: post.hashtags,
            image_prompt: post.image_prompt,
            alt_text: post.alt_text,
            generated_image_url: key.map(|key| links.media(&key)),
            generated_image,
            moderation: post.moderation,
            flags: post.flags,
            near_duplicate_of: post.near_duplicate_of.map(|other| other.0),
            cost_nanos: post.cost.0,
            cost_usd: post.cost.to_usd(),
            error_class: post.error_class,
            error_message: post.error_message,
            created_at: rfc3339(post.created_at),
            updated_at: rfc3339(post.updated_at),
            finalized_at: post.finalized_at.map(rfc3339),
        }
    }
}

/// `None` also for an image that was made before these were kept.
fn generated_image(post: &Post) -> Option<GeneratedImageView> {
    Some(GeneratedImageView {
        width: post.image_width?,
        height: post.image_height?,
        bytes: post.image_bytes?,
        format: post.image_format.clone()?,
        thumbhash: STANDARD.encode(post.image_thumbhash.as_deref()?),
    })
}

/// One call to a provider.
#[derive(Clone, Debug, Default, Object)]
#[oai(rename = "Attempt", read_only_all)]
pub struct AttemptView {
    /// What the provider knows the call by.
    pub call_id: Uuid,
    /// `moderation`, `caption`, `image` or `text`.
    pub step: String,
    /// Counts the calls at this step, from 1.
    pub ordinal: i16,
    pub revision: i32,
    pub provider: String,
    pub pool: String,
    /// The label of the key, never the key.
    pub key: String,
    pub model: String,
    /// Where its money stands: `reserved`, `sent`, `settled` (billed), `failed` (not billed) or `unknown`.
    pub state: String,
    /// What came of it: `ok`, `rejected` (billed but useless) or `error`.
    pub outcome: Option<String>,
    /// Why another was made.
    pub verdict: Option<String>,
    pub provider_request_id: Option<String>,
    pub usage: Option<Any<Value>>,
    pub cost_nanos: i64,
    pub cost_usd: f64,
    /// The most that it could cost: what stays held of a call whose state is `unknown`.
    pub reserved_nanos: i64,
    pub reserved_usd: f64,
    /// Who said what it cost: `prices` (our table), `provider` or `none`.
    pub cost_source: Option<String>,
    pub started_at: String,
    pub duration_ms: Option<i32>,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            call_id: attempt.call.0,
            step: attempt.step.to_string(),
            ordinal: attempt.ordinal,
            revision: attempt.revision,
            provider: attempt.provider,
            pool: attempt.pool,
            key: attempt.key_label,
            model: attempt.model,
            state: attempt.state.to_string(),
            outcome: attempt.outcome,
            verdict: attempt.verdict,
            provider_request_id: attempt.provider_request_id,
            usage: attempt.usage.map(Any),
            cost_nanos: attempt.cost.0,
            cost_usd: attempt.cost.to_usd(),
            reserved_nanos: attempt.reserved.0,
            reserved_usd: attempt.reserved.to_usd(),
            cost_source: attempt.cost_source,
            started_at: rfc3339(attempt.started_at),
            duration_ms: attempt.duration_ms,
        }
    }
}

/// Calls to one model for one step.
#[derive(Clone, Debug, Object)]
#[oai(rename = "AttemptsOfModel", read_only_all)]
pub struct ModelTallyView {
    /// `moderation`, `caption` or `image`.
    pub step: String,
    pub provider: String,
    pub model: String,
    pub calls: i64,
    pub cost_nanos: i64,
    pub cost_usd: f64,
    /// How many calls came to what.
    pub verdicts: BTreeMap<String, i64>,
}

/// Every call that was made for a batch, counted.
#[derive(Clone, Debug, Object)]
#[oai(rename = "AttemptsSummary", read_only_all)]
pub struct SummaryView {
    pub batch_job_id: Uuid,
    pub calls: i64,
    /// How many calls came to what: `served`, `in_flight`, or the class of what went wrong, such as `rate_limited`,
    /// `provider_unavailable`, `unusable_answer`, `key_refused`, `out_of_credit`, `content_policy`.
    pub verdicts: BTreeMap<String, i64>,
    pub cost_nanos: i64,
    pub cost_usd: f64,
    /// Calls of which nobody knows whether they were billed, and what they may have cost at most.
    pub unknown_calls: i64,
    pub unconfirmed_nanos: i64,
    pub unconfirmed_usd: f64,
    /// The same by step and model.
    pub models: Vec<ModelTallyView>,
}

impl SummaryView {
    pub fn of(batch: BatchId, tallies: Vec<Tally>) -> Self {
        let cost: Nanodollars = tallies.iter().map(|tally| tally.cost).sum();
        let unconfirmed: Nanodollars = tallies.iter().map(|tally| tally.unconfirmed).sum();
        let (mut verdicts, mut models): (BTreeMap<String, i64>, Vec<ModelTallyView>) = Default::default();
        let (calls, unknown_calls) =
            tallies.iter().fold((0, 0), |(calls, unknown), tally| (calls + tally.calls, unknown + tally.unknown));
        for Tally { step, provider, model, verdict, calls, cost, .. } in tallies {
            *verdicts.entry(verdict.clone()).or_default() += calls;
            let step = step.to_string();
            // Those of one model come one after the other.
            let known = models
                .last_mut()
                .filter(|last| (&last.step, &last.provider, &last.model) == (&step, &provider, &model));
            if let Some(known) = known {
                known.calls += calls;
                known.cost_nanos += cost.0;
                known.verdicts.insert(verdict, calls);
            } else {
                let verdicts = BTreeMap::from([(verdict, calls)]);
                let cost_nanos = cost.0;
                models.push(ModelTallyView { step, provider, model, calls, cost_nanos, cost_usd: 0.0, verdicts });
            }
        }
        for model in &mut models {
            model.cost_usd = Nanodollars(model.cost_nanos).to_usd();
        }
        Self {
            batch_job_id: batch.0,
            calls,
            verdicts,
            cost_nanos: cost.0,
            cost_usd: cost.to_usd(),
            unknown_calls,
            unconfirmed_nanos: unconfirmed.0,
            unconfirmed_usd: unconfirmed.to_usd(),
            models,
        }
    }
}
