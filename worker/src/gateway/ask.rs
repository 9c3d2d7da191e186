//! What the pipeline asks of the gateway, and what it gets.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use shared::domain::{Nanodollars, Step};
use shared::media::ImageFormat;
use shared::store::advance::{Reason, Refusal};

use crate::pictures::Picture;
use crate::platforms::Platform;

/// A text to be written. `T` is what it has to be in the end.
pub struct ChatAsk<T> {
    /// The step it is billed to. Its route is asked where `route` names none.
    pub step: Step,
    /// The route of models to ask in place of the step's own. One that no provider with a key serves counts for nothing.
    pub route: Option<String>,
    pub messages: Vec<Message>,
    pub schema: Option<AnswerSchema>,
    /// The most tokens that the answer may have, where that is less than what the model's route allows. An answer that is cut
    /// there is asked for once more with twice as many.
    pub max_tokens: Option<u32>,
    /// Makes what is wanted of the answer's text. An answer it refuses is billed, and another model is asked.
    pub read: Read<T>,
}

/// Makes what is wanted of the text of an answer, or says why it is of no use.
pub type Read<T> = Arc<dyn Fn(&str) -> Result<T, Unusable> + Send + Sync>;

impl<T> Clone for ChatAsk<T> {
    fn clone(&self) -> Self {
        let Self { step, route, messages, schema, max_tokens, read } = self;
        Self {
            step: *step,
            route: route.clone(),
            messages: messages.clone(),
            schema: schema.clone(),
            max_tokens: *max_tokens,
            read: Arc::clone(read),
        }
    }
}

impl<T> fmt::Debug for ChatAsk<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatAsk")
            .field("step", &self.step)
            .field("route", &self.route)
            .field("messages", &self.messages)
            .field("schema", &self.schema)
            .field("max_tokens", &self.max_tokens)
            .finish_non_exhaustive()
    }
}

/// One message of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub role: Role,
    pub content: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
}

impl Role {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// The JSON schema that an answer has to obey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerSchema {
    pub name: &'static str,
    pub schema: Value,
}

/// Why an answer is of no use; a short text for the trail, in our words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(pub String);

/// A text that was written.
#[derive(Clone, Debug)]
pub struct ChatReply<T> {
    pub value: T,
    /// Whether the text ends where the model was cut off. Only a text without a schema is taken so, and only when asking with
    /// twice the tokens did not help.
    pub is_cut: bool,
    /// What the call that served used, where its provider says it.
    pub usage: Option<ChatUsage>,
    /// What the call that served cost. Calls before it that gave nothing of use are in the ledger.
    pub cost: Nanodollars,
    pub provider: String,
    pub model: String,
}

/// The tokens of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChatUsage {
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub total_tokens: u64,
}

/// An image to be made.
#[derive(Clone, Debug)]
pub struct ImageAsk {
    /// The route of models to ask in place of the one for images, as in [`ChatAsk::route`].
    pub route: Option<String>,
    pub prompt: String,
    /// What was wrong with the image that was made before and is asked for again; it goes with the prompt.
    pub instead_of: Option<String>,
    /// Pictures that the image is to show. Only models that take some are asked.
    pub references: Vec<Reference>,
    /// `1024x1024`; the nearest that a model offers is made.
    pub size: String,
    pub sizing: Sizing,
    /// `low`, `medium`, `high`, `standard` or `hd`.
    pub quality: String,
    /// Whose formats and sizes it has to suit.
    pub platform: Platform,
}

impl ImageAsk {
    /// The prompt as it is sent.
    pub fn whole_prompt(&self) -> String {
        match &self.instead_of {
            Some(wrong) => format!("{}\n\n{wrong}", self.prompt),
            None => self.prompt.clone(),
        }
    }
}

/// What becomes of an image that a model makes in another size than the asked one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sizing {
    /// It stays as it was made.
    #[default]
    AsMade,
    /// It is brought to the asked size, and flagged: cut to its shape around the middle, and resampled.
    AsAsked,
}

/// A picture that an image is to show.
#[derive(Clone)]
pub struct Reference {
    pub bytes: Bytes,
    pub format: ImageFormat,
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({:?}, {} bytes)", self.format, self.bytes.len())
    }
}

/// An image that was made, fetched and checked.
#[derive(Clone, Debug)]
pub struct ImageReply {
    /// With its size, and the one that the model made it in.
    pub picture: Picture,
    /// The prompt as the model changed it, where it says so.
    pub revised_prompt: Option<String>,
    /// What the call that served cost.
    pub cost: Nanodollars,
    pub provider: String,
    pub model: String,
}

/// What moderation says of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    Passed,
    /// The kinds of content that it was found to be, in the provider's words: `violence`, `hate`, ….
    Flagged(Vec<String>),
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Final: another try would end the same.
    Failed(Reason),
    /// Everything was tried, or is put aside until an operator acts: come back after `after` at the soonest. It counts
    /// as a try of the post, so that one that no provider will serve ends.
    Wait { after: Duration, reason: Reason },
    /// Every way is over its limit for now, or this worker may not send: come back after `after`. It says nothing about
    /// the post, so it counts for nothing.
    Closed { after: Duration, reason: Reason },
    /// The books said no.
    Refused(Refusal),
}
