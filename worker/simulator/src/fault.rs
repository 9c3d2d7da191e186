//! A fault: which calls it hits, and what it does to them.
//!
//! One type serves the builder (`Fault::chat().status(429)`), the scenario file (TOML) and the admin endpoint (JSON).

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{kind::Kind, refusal::Refusal};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    megabytes: Option<u64>,
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
}

impl Target {
    // The signature serde asks of `skip_serializing_if`.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_any(&self) -> bool {
        *self == Self::Any
    }

    fn includes(self, kind: Kind) -> bool {
        match self {
            Self::Any => true,
            Self::Chat => kind == Kind::Chat,
            Self::Image => kind == Kind::Image,
            Self::Moderation => kind == Kind::Moderation,
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

    fn fits(self, target: Target) -> bool {
        match self {
            Self::Text | Self::Caption | Self::BreaksSchema | Self::Refusal | Self::ContentFilter | Self::Length => {
                matches!(target, Target::Chat | Target::Any)
            }
            Self::Flagged => matches!(target, Target::Moderation | Target::Any),
            Self::CorruptImage | Self::SvgImage | Self::BlankImage | Self::SmallImage => {
                matches!(target, Target::Image | Target::Any)
            }
            Self::Empty => target != Target::Moderation,
            _ => true,
        }
    }
}

/// Which calls.
impl Fault {
    fn on(kind: Target) -> Self {
        Self { kind, ..Self::default() }
    }

    /// Text completions.
    pub fn chat() -> Self {
        Self::on(Target::Chat)
    }

    /// Images, also those drawn through chat completions.
    pub fn image() -> Self {
        Self::on(Target::Image)
    }

    pub fn moderation() -> Self {
        Self::on(Target::Moderation)
    }

    pub fn any() -> Self {
        Self::on(Target::Any)
    }

    /// Only calls with this key.
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Only calls of this model.
    pub fn model(mut self, model: &str) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Only calls whose prompt contains this text.
    pub fn contains(mut self, text: &str) -> Self {
        self.contains = Some(text.into());
        self
    }

    /// Only this many calls; then the fault is gone. Without it the fault stays until it is cleared.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Only this share of the calls, 0 to 1.
    pub fn probability(mut self, share: f64) -> Self {
        self.probability = Some(share);
        self
    }
}

/// What happens to them.
impl Fault {
    fn does(mut self, effect: Effect) -> Self {
        self.effect = Some(effect);
        self
    }

    /// An error answer. [`code`](Self::code), [`category`](Self::category) and [`message`](Self::message) refine it.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// `error.code` as text.
    pub fn code(mut self, code: &str) -> Self {
        self.code = Some(code.into());
        self
    }

    /// `error.code` as a number, as routers send it.
    pub fn numeric_code(mut self, code: u16) -> Self {
        self.code = Some(code.into());
        self
    }

    /// `error.type`
    pub fn category(mut self, category: &str) -> Self {
        self.category = Some(category.into());
        self
    }

    /// `error.message`
    pub fn message(mut self, message: &str) -> Self {
        self.message = Some(message.into());
        self
    }

    /// `error.param`
    pub fn param(mut self, param: &str) -> Self {
        self.param = Some(param.into());
        self
    }

    /// A further header of the answer.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// The `Retry-After` header, in seconds.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Time added to the latency. Works with every effect, also alone.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay_ms = Some(delay.as_millis() as u64);
        self
    }

    /// Whether the call is on the bill, where that differs from what the effect implies.
    pub fn billed(mut self, billed: bool) -> Self {
        self.billed = Some(billed);
        self
    }

    /// Lets the call through. Useful with [`times`](Self::times), ahead of other faults.
    pub fn passes(self) -> Self {
        self.does(Effect::None)
    }

    /// 200 with an `error` object.
    pub fn error_in_200(self) -> Self {
        self.does(Effect::ErrorIn200)
    }

    /// An HTML page with this status.
    pub fn html(self, status: u16) -> Self {
        self.status(status).does(Effect::Html)
    }

    /// 200 and a body that is no JSON.
    pub fn not_json(self) -> Self {
        self.does(Effect::NotJson)
    }

    /// The whole message of the model, as it is.
    pub fn says(mut self, text: &str) -> Self {
        self.text = Some(text.into());
        self.does(Effect::Text)
    }

    /// The caption; everything else follows the schema.
    pub fn says_caption(mut self, text: &str) -> Self {
        self.text = Some(text.into());
        self.does(Effect::Caption)
    }

    /// JSON that does not follow the schema.
    pub fn breaks_schema(self) -> Self {
        self.does(Effect::BreaksSchema)
    }

    /// The model refuses in words (`message.refusal`).
    pub fn refusal(self) -> Self {
        self.does(Effect::Refusal)
    }

    /// `finish_reason: content_filter`, no text.
    pub fn content_filter(self) -> Self {
        self.does(Effect::ContentFilter)
    }

    /// `finish_reason: length`, half of the text.
    pub fn length(self) -> Self {
        self.does(Effect::Length)
    }

    /// No choices, no images.
    pub fn empty(self) -> Self {
        self.does(Effect::Empty)
    }

    /// The moderation flags the text, in this category.
    pub fn flags(mut self, category: &str) -> Self {
        self.text = Some(category.into());
        self.does(Effect::Flagged)
    }

    /// Nothing is ever answered.
    pub fn hang(self) -> Self {
        self.does(Effect::Hang)
    }

    /// The body comes at one byte a second.
    pub fn drip(self) -> Self {
        self.does(Effect::Drip)
    }

    /// The connection is reset in the middle of the body.
    pub fn reset(self) -> Self {
        self.does(Effect::Reset)
    }

    /// The connection is closed in the middle of the body.
    pub fn truncate(self) -> Self {
        self.does(Effect::Truncate)
    }

    /// This many megabytes of blanks before the body.
    pub fn huge(mut self, megabytes: u64) -> Self {
        self.megabytes = Some(megabytes);
        self.does(Effect::Huge)
    }

    /// A body without an end.
    pub fn endless(self) -> Self {
        self.does(Effect::Endless)
    }

    /// A PNG with damaged pixels.
    pub fn corrupt_image(self) -> Self {
        self.does(Effect::CorruptImage)
    }

    /// An SVG document where a PNG was due.
    pub fn svg_image(self) -> Self {
        self.does(Effect::SvgImage)
    }

    /// A PNG of one colour.
    pub fn blank_image(self) -> Self {
        self.does(Effect::BlankImage)
    }

    /// A PNG of 64 x 64, whatever was asked for.
    pub fn small_image(self) -> Self {
        self.does(Effect::SmallImage)
    }
}

/// How the simulator reads it.
impl Fault {
    /// Says what is wrong with a fault that came from outside.
    pub(crate) fn check(&self) -> Result<(), String> {
        let effect = self.effect();
        if self.effect.is_none() && self.status.is_none() && self.delay_ms.is_none() && self.headers.is_empty() {
            return Err("does nothing: give `effect`, `status`, `delay_ms` or `headers`".into());
        }
        if !effect.fits(self.kind) {
            return Err(format!("effect `{}` does not apply to this kind of call", name(effect)));
        }
        let only = |given: bool, field: &str, effects: &[Effect]| {
            let wanted = effects.iter().map(|&effect| name(effect)).collect::<Vec<_>>().join(", ");
            if given && !effects.contains(&effect) {
                Err(format!("`{field}` belongs to effect {wanted}, not to `{}`", name(effect)))
            } else {
                Ok(())
            }
        };
        only(self.status.is_some(), "status", &[Effect::Status, Effect::Html])?;
        only(self.code.is_some(), "code", &[Effect::Status, Effect::ErrorIn200])?;
        only(self.category.is_some(), "type", &[Effect::Status, Effect::ErrorIn200])?;
        only(self.message.is_some(), "message", &[Effect::Status, Effect::ErrorIn200])?;
        only(self.param.is_some(), "param", &[Effect::Status, Effect::ErrorIn200])?;
        only(self.text.is_some(), "text", &[Effect::Text, Effect::Caption, Effect::Flagged])?;
        only(self.megabytes.is_some(), "megabytes", &[Effect::Huge])?;
        if matches!(effect, Effect::Text | Effect::Caption) && self.text.is_none() {
            return Err(format!("effect `{}` needs `text`", name(effect)));
        }
        if effect == Effect::Status && !(400..=599).contains(&self.status.unwrap_or(0)) {
            return Err("`status` must be from 400 to 599".into());
        }
        if !matches!(self.code, None | Some(Value::String(_) | Value::Number(_) | Value::Null)) {
            return Err("`code` is text or a number".into());
        }
        if self.times == Some(0) {
            return Err("`times` must be at least 1".into());
        }
        if self.probability.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Err("`probability` must be between 0 and 1".into());
        }
        if self.megabytes.is_some_and(|size| size > 1024) {
            return Err("`megabytes` must be at most 1024".into());
        }
        for (header, value) in &self.headers {
            if HeaderName::try_from(header).is_err() || HeaderValue::try_from(value).is_err() {
                return Err(format!("`headers.{header}` is no valid header"));
            }
        }
        Ok(())
    }

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

    pub(crate) fn html_status(&self) -> u16 {
        self.status.unwrap_or(502)
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
        let (category, code, message) = usual_error(status);
        let category = self.category.as_deref().unwrap_or(category);
        let code = self.code.clone().unwrap_or_else(|| code.map_or(Value::Null, Value::from));
        let mut refusal = Refusal::new(status, category, code, self.message.as_deref().unwrap_or(message));
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
        }
    }
}

fn name(effect: Effect) -> String {
    serde_json::to_value(effect).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Type, code and message that go with a status.
fn usual_error(status: u16) -> (&'static str, Option<&'static str>, &'static str) {
    match status {
        401 => ("invalid_request_error", Some("invalid_api_key"), "Incorrect API key provided."),
        402 => ("invalid_request_error", Some("billing_hard_limit_reached"), "Insufficient credits."),
        403 => (
            "invalid_request_error",
            Some("unsupported_country_region_territory"),
            "Country, region, or territory not supported",
        ),
        404 => ("invalid_request_error", Some("model_not_found"), "The model does not exist."),
        408 => ("timeout", None, "Request timed out."),
        413 => ("invalid_request_error", None, "The request is too large."),
        429 => ("requests", Some("rate_limit_exceeded"), "Rate limit reached. Please try again later."),
        400..=499 => ("invalid_request_error", None, "The request was not accepted."),
        503 => ("server_error", None, "The engine is currently overloaded, please try again later."),
        _ => ("server_error", None, "The server had an error while processing your request."),
    }
}
