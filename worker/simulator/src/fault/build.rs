//! Faults written in Rust, as tests do.

use std::time::Duration;

use serde_json::Value;

use super::{Effect, Fault, Target};

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

    /// The creation of a batch, and the batch as a whole. Its lines meet the faults of text completions.
    pub fn batch() -> Self {
        Self::on(Target::Batch)
    }

    /// Any other call of files and batches; [`contains`](Self::contains) looks into `METHOD /path`.
    pub fn file() -> Self {
        Self::on(Target::File)
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

    /// The batch fails when it is validated; [`code`](Self::code) and [`message`](Self::message) refine it.
    pub fn batch_fails(self) -> Self {
        self.does(Effect::BatchFails)
    }

    /// The batch expires after so many of its lines.
    pub fn batch_expires_after(self, lines: usize) -> Self {
        Self { lines: Some(lines), ..self.does(Effect::BatchExpires) }
    }

    /// The batch works so many of its lines off and then nothing more, until it is cancelled.
    pub fn batch_stalls_after(self, lines: usize) -> Self {
        Self { lines: Some(lines), ..self.does(Effect::BatchStalls) }
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

    /// A caption of 2,400 characters and more.
    pub fn too_long(self) -> Self {
        self.does(Effect::TooLong)
    }

    /// The usual JSON with another value at this JSON pointer; may be called for several. The place is made where there is
    /// none, if the object or list that it is in exists (`/entries/-` adds to a list).
    pub fn changes(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        self.changes.insert(pointer.into(), value.into());
        self.does(Effect::Changes)
    }

    /// The usual answer with these words in it.
    pub fn mentions(mut self, words: &str) -> Self {
        self.text = Some(words.into());
        self.does(Effect::Mentions)
    }

    /// The usual answer without these words.
    pub fn omits(mut self, words: &str) -> Self {
        self.text = Some(words.into());
        self.does(Effect::Omits)
    }

    /// An answer in this language (`de`), whatever was asked for.
    pub fn in_language(mut self, language: &str) -> Self {
        self.text = Some(language.into());
        self.does(Effect::OtherLanguage)
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

    /// A picture of another size than was asked for.
    pub fn wrong_size(mut self, width: u32, height: u32) -> Self {
        self.size = Some(format!("{width}x{height}"));
        self.does(Effect::WrongSize)
    }

    /// The picture that was drawn last, hardly changed. Where none was drawn yet, what was asked for.
    pub fn same_as_last(self) -> Self {
        self.does(Effect::SameAsLast)
    }

    /// A PNG of 64 x 64, whatever was asked for.
    pub fn small_image(self) -> Self {
        self.does(Effect::SmallImage)
    }
}
