//! What callers send for each kind, one file a kind, and the operations that take it.
//!
//! A kind's room describes its body ([`Schema`](text::Schema)) and reads it (`read`); the table below makes the rest of
//! that: the body's type, the operation at its path, and how jobs read the same.

mod content_plan;
pub(crate) mod design;
mod email_subject;
pub(crate) mod image;
mod marketing_plan;
mod product_render;
mod seo_content;
mod text;
mod text_to_image;

use std::ops::RangeInclusive;
use std::sync::Arc;

use poem::http::HeaderMap;
use poem_openapi::param::Header;
use poem_openapi::{Object, OpenApi};
use shared::domain::{CampaignId, Handle, Kind, Output, ProjectId, SegmentId};
use uuid::Uuid;

use super::answer::Answered;
use super::asked::{Asked, Referred};
use super::place::{Placing, generate};
use crate::app::App;
use crate::caller::Caller;
use crate::parse::{Body, Fields, ReadBody, is_language_tag};
use crate::problem::Problem;
use crate::routes::Chapter;

/// The longest prompt, in characters.
pub(crate) const PROMPT: usize = 10_000;
/// The longest prompt of an image, in characters: image models take no more.
pub(crate) const IMAGE_PROMPT: usize = 4_000;
/// The longest name of a tone or an audience.
pub(crate) const SHORT: usize = 2_000;
/// The longest tag of a language.
const LANGUAGE: usize = 35;

/// The part of a kind's body that all of them share.
#[derive(Object)]
struct Belongings {
    project_id: Option<Uuid>,
    campaign_id: Option<Uuid>,
    /// What all of it may cost at most, in dollars.
    budget_usd: Option<f64>,
}

/// Makes the table of kinds: `/// what it does`, `Kind => Body: room at "path"`.
macro_rules! kinds {
    ($($(#[doc = $doc:tt])* $kind:ident => $body:ident: $room:ident at $path:tt;)*) => {
        $(
            $(#[doc = $doc])*
            pub(crate) struct $body(pub(crate) Asked);

            impl ReadBody for $body {
                type Schema = $room::Schema;

                fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
                    read(Kind::$kind, fields).map(Self)
                }
            }
        )*

        /// Reads a request of a kind from its fields. `None` goes with at least one error.
        pub(crate) fn read(kind: Kind, fields: &mut Fields<'_, '_>) -> Option<Asked> {
            let asked = match kind {
                $(Kind::$kind => $room::read(fields),)*
                _ => None,
            };
            with_belongings(kind, fields, asked)
        }

        /// Texts, images, designs and plans, one at a time.
        ///
        /// Each answers 200 with what came of it when that comes within `Prefer: wait=N` (60 seconds when nobody says, 120 at
        /// most), else 202 with where it will be found. `Prefer: respond-async` answers 202 at once.
        #[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Generations")]
        impl KindsApi {
            $(
                $(#[doc = $doc])*
                #[oai(path = $path, method = "post")]
                async fn $room(
                    &self,
                    caller: Caller,
                    /// `wait=N` seconds, or `respond-async`.
                    #[oai(name = "Prefer")]
                    _prefer: Header<Option<String>>,
                    /// The same key and body again give the first generation, for 24 hours.
                    #[oai(name = "Idempotency-Key")]
                    _key: Header<Option<String>>,
                    headers: &HeaderMap,
                    body: Body<$body>,
                ) -> Result<Answered, Problem> {
                    generate(&self.app, caller, body.0.0, Placing::of(headers)?).await
                }
            )*
        }
    };
}

/// The operations that make something.
pub struct KindsApi {
    app: Arc<App>,
}

impl KindsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

kinds! {
    /// Write a text
    Text => TextBody: text at "/generate/text";
    /// Make an image
    Image => ImageBody: image at "/generate/image";
    /// Make an image in a style
    ///
    /// With a project, its brand's colours lead.
    TextToImage => TextToImageBody: text_to_image at "/content/text-to-image";
    /// Show a product in a scene
    ///
    /// With `asset_id` the product is shown as in its uploaded picture; otherwise it is drawn as it is described.
    ProductRender => RenderBody: product_render at "/content/product-render";
    /// Design a logo, banner, poster or social card
    ///
    /// In up to five variations, each with an outcome, a model, a time and a cost of its own. It is `completed` when at least
    /// one variation is.
    Design => DesignBody: design at "/generate/design";
    /// Write a page for search engines
    ///
    /// Title, meta description, slug, outline and body in Markdown, with the keywords counted. Its `export` gives it as
    /// Markdown with front matter, or as a page of HTML.
    SeoContent => SeoContentBody: seo_content at "/content/seo-content";
    /// Plan what to post
    ///
    /// Dated entries over a period on several channels, no two alike. Its `export` gives it as CSV and as a calendar; its
    /// `batch` turns it into a batch of a campaign.
    ContentPlan => ContentPlanBody: content_plan at "/content/content-plan";
    /// Write a marketing plan
    ///
    /// Objectives, audience, channels, a budget whose lines sum to what was asked for to the cent, a timeline, and KPIs with
    /// targets. Its `export` gives it as Markdown.
    MarketingPlan => MarketingPlanBody: marketing_plan at "/content/marketing-plan";
    /// Write subject lines of a mailing
    ///
    /// Each with the preview text that mail programs show behind it.
    EmailSubject => EmailSubjectBody: email_subject at "/content/email-subject";
}

/// What every request may name: its project, its campaign, and what it may cost; that of a text also whom it speaks to.
fn with_belongings(kind: Kind, fields: &mut Fields<'_, '_>, asked: Option<Asked>) -> Option<Asked> {
    let segment = if kind.output() == Output::Text { segment(fields) } else { None };
    let project = fields.optional_id("project_id").map(ProjectId);
    let campaign = fields.optional_id("campaign_id").map(CampaignId);
    let cap = fields.optional_dollars("budget_usd");
    let mut asked = asked?;
    asked.refers = Referred { project, campaign, segment, ..asked.refers };
    asked.cap = cap;
    Some(asked)
}

/// A segment by its id, or by its number.
fn segment(fields: &mut Fields<'_, '_>) -> Option<Handle<SegmentId>> {
    let raw = fields.given("segment_id")?.get();
    let by_number = raw.parse::<i64>().ok().filter(|number| *number > 0).map(Handle::Number);
    let by_id = || serde_json::from_str::<String>(raw).ok()?.parse::<SegmentId>().ok().map(Handle::Id);
    by_number
        .or_else(by_id)
        .or_else(|| fields.wrong("segment_id", "invalid", "must be the id or the number of a segment"))
}

/// A BCP 47 tag, by its form.
fn language(fields: &mut Fields<'_, '_>) -> Option<String> {
    let tag = fields.optional_text("language", LANGUAGE)?;
    if is_language_tag(&tag) {
        return Some(tag);
    }
    fields.wrong("language", "invalid", "must be a BCP 47 language tag such as en or pt-BR")
}

/// A whole number that must be there.
fn needed_whole(fields: &mut Fields<'_, '_>, name: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
    let before = fields.errors().len();
    match fields.whole(name, range) {
        None if fields.errors().len() == before => fields.wrong(name, "required", "is required"),
        number => number,
    }
}

/// A list of texts that must have an entry.
fn several(fields: &mut Fields<'_, '_>, name: &'static str, most: usize, longest: usize) -> Option<Vec<String>> {
    let before = fields.errors().len();
    match fields.texts(name, most, longest) {
        _ if fields.errors().len() > before => None,
        Some(texts) if texts.is_empty() => fields.wrong(name, "too_few", "must have one entry at least"),
        Some(texts) => Some(texts),
        None => fields.wrong(name, "required", "is required"),
    }
}
