//! A fault: which calls it hits, and what it does to them.
//!
//! One type serves the builder (`Fault::chat().status(429)`), the scenario file (TOML) and the admin endpoint (JSON).

mod build;
mod check;
mod usual;

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use usual::UsualError;

use crate::{kind::Kind, prices::parse_size, refusal::Refusal};

/// Something to go wrong with the calls it matches. Of several that match, the first one added is used.
///
/// ```
/// use simulator::Fault;
/// let busy = Fault::chat().status(429).code("rate_limit_exceeded").retry_after(1).times(1);
/// let broken = Fault::image().model("gpt-image-2").corrupt_image().probability(0.1);
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[must_use]
pub struct Fault {
    #[serde(skip_serializing_if = "Target::is_any")]
    kind: Target,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contains: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<Effect>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Value>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    changes: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    megabytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billed: Option<bool>,
}

/// Which calls a fault looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Target {
    #[default]
    Any,
    Chat,
    Image,
    Moderation,
    Batch,
    File,
}

impl Target {
    // The signature serde asks of `skip_serializing_if`.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_any(&self) -> bool {
        *self == Self::Any
    }

    fn includes(self, kind: Kind) -> bool {
        match self {
            // What goes wrong with calls is not meant for the keeping of files.
            Self::Any => !matches!(kind, Kind::Batch | Kind::File),
            Self::Chat => kind == Kind::Chat,
            Self::Image => kind == Kind::Image,
            Self::Moderation => kind == Kind::Moderation,
            Self::Batch => kind == Kind::Batch,
            Self::File => kind == Kind::File,
        }
    }
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    /// Nothing but `delay_ms` and `headers`.
    None,
    /// An error answer with `status`, `code`, `type`, `message`.
    Status,
    /// 200, with an `error` object in place of content.
    ErrorIn200,
    /// An HTML page, status 502 if not given.
    Html,
    /// 200 and a body that is no JSON.
    NotJson,
    /// The message says `text`.
    Text,
    /// The caption is `text`; everything else follows the schema.
    Caption,
    /// The caption goes on for 2,400 characters and more; everything else follows the schema.
    TooLong,
    /// The usual JSON, with other values where `changes` points.
    Changes,
    /// The usual answer, and somewhere in it `text`.
    Mentions,
    /// The usual answer without `text`, wherever it stands.
    Omits,
    /// The answer is in the language `text`, or in another than was asked for.
    OtherLanguage,
    /// JSON that does not follow the schema it was asked for.
    BreaksSchema,
    /// The model refuses in words.
    Refusal,
    /// `finish_reason: content_filter`
    ContentFilter,
    /// `finish_reason: length`, half of the text.
    Length,
    /// No choices, no images.
    Empty,
    /// The moderation flags the text, as category `text` (violence if not given).
    Flagged,
    /// Nothing is ever answered.
    Hang,
    /// The body comes at one byte a second.
    Drip,
    /// The connection is reset in the middle of the body.
    Reset,
    /// The connection is closed in the middle of the body.
    Truncate,
    /// `megabytes` of blanks before the body.
    Huge,
    /// A body without an end.
    Endless,
    /// A PNG with damaged pixels.
    CorruptImage,
    /// An SVG document where a PNG was due.
    SvgImage,
    /// A PNG of one colour.
    BlankImage,
    /// A PNG of 64 x 64.
    SmallImage,
    /// A picture of `size`, whatever was asked for.
    WrongSize,
    /// The picture that was drawn last, hardly changed.
    SameAsLast,
    /// A batch fails when it is validated, with `code` and `message`.
    BatchFails,
    /// A batch expires after `lines` of its lines.
    BatchExpires,
    /// A batch works `lines` of its lines off and then nothing more, until it is cancelled.
    BatchStalls,
}

impl Effect {
    /// Whether the provider did the work before it went wrong. Then the call is on the bill.
    fn produces_content(self) -> bool {
        !matches!(self, Self::Status | Self::ErrorIn200 | Self::Html | Self::NotJson | Self::Hang)
    }

    /// Whether no answer of the normal shape is sent.
    pub(crate) fn replaces_answer(self) -> bool {
        !self.produces_content()
    }

    /// Whether it happens to a batch as a whole.
    pub(crate) fn is_of_batches(self) -> bool {
        matches!(self, Self::BatchFails | Self::BatchExpires | Self::BatchStalls)
    }

    fn fits(self, target: Target) -> bool {
        if self.is_of_batches() {
            return target == Target::Batch;
        }
        if matches!(target, Target::Batch | Target::File) {
            let on_the_way = [Self::Drip, Self::Reset, Self::Truncate, Self::Huge, Self::Endless];
            return matches!(self, Self::None | Self::Status | Self::Hang) || on_the_way.contains(&self);
        }
        match self {
            Self::Text
            | Self::Caption
            | Self::TooLong
            | Self::Changes
            | Self::Mentions
            | Self::Omits
            | Self::OtherLanguage
            | Self::BreaksSchema
            | Self::Refusal
            | Self::ContentFilter
            | Self::Length => {
                matches!(target, Target::Chat | Target::Any)
            }
            Self::Flagged => matches!(target, Target::Moderation | Target::Any),
            Self::CorruptImage
            | Self::SvgImage
            | Self::BlankImage
            | Self::SmallImage
            | Self::WrongSize
            | Self::SameAsLast => {
                matches!(target, Target::Image | Target::Any)
            }
            Self::Empty => target != Target::Moderation,
            _ => true,
        }
    }
}

/// How the simulator reads it.
impl Fault {
    pub(crate) fn matches(&self, kind: Kind, key: &str, model: &str, says: &dyn Fn(&str) -> bool) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        self.kind.includes(kind)
            && self.effect().fits(Target::of(kind))
            && is(&self.key, key)
            && is(&self.model, model)
            && self.contains.as_deref().is_none_or(says)
    }

    pub(crate) fn share(&self) -> f64 {
        self.probability.unwrap_or(1.0)
    }

    pub(crate) fn limit(&self) -> Option<u64> {
        self.times
    }

    pub(crate) fn effect(&self) -> Effect {
        self.effect.unwrap_or(if self.status.is_some() { Effect::Status } else { Effect::None })
    }

    pub(crate) fn is_billed(&self) -> bool {
        self.billed.unwrap_or(self.effect().produces_content())
    }

    pub(crate) fn extra_delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms.unwrap_or(0))
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(crate) fn other_values(&self) -> &BTreeMap<String, Value> {
        &self.changes
    }

    /// Width and height of a picture of the wrong size.
    pub(crate) fn size(&self) -> Option<(u32, u32)> {
        self.size.as_deref().and_then(parse_size)
    }

    pub(crate) fn html_status(&self) -> u16 {
        self.status.unwrap_or(502)
    }

    /// Lines of a batch that are worked off.
    pub(crate) fn lines(&self) -> usize {
        self.lines.unwrap_or(0)
    }

    pub(crate) fn blanks(&self) -> u64 {
        self.megabytes.unwrap_or(16) << 20
    }

    pub(crate) fn extra_headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let named = self
            .headers
            .iter()
            .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?)));
        let retry = self.retry_after.map(|seconds| (http::header::RETRY_AFTER, HeaderValue::from(seconds)));
        named.chain(retry).collect()
    }

    /// The error object, with what was not given filled in as a provider would.
    pub(crate) fn refusal_sent(&self) -> Refusal {
        let status = self.status.unwrap_or(502);
        let usual = UsualError::of(status, self.code.as_ref());
        let category = self.category.as_deref().unwrap_or(usual.category);
        let code = self.code.clone().unwrap_or_else(|| usual.code.map_or(Value::Null, Value::from));
        let mut refusal = Refusal::new(status, category, code, self.message.as_deref().unwrap_or(usual.message));
        refusal.param.clone_from(&self.param);
        refusal
    }
}

impl Target {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Chat => Self::Chat,
            Kind::Image => Self::Image,
            Kind::Moderation => Self::Moderation,
            Kind::Batch => Self::Batch,
            Kind::File => Self::File,
        }
    }
}
