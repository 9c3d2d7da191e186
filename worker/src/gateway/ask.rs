//! What the pipeline asks of the gateway, and what it gets.

use std::time::Duration;

use serde_json::Value;
use shared::domain::Step;
use shared::store::advance::{Reason, Refusal};

use crate::pictures::Picture;
use crate::platforms::Platform;

/// A text to be written. `T` is what it has to be in the end.
#[derive(Clone, Debug)]
pub struct ChatAsk<T> {
    /// The step it is billed to; it also names the route.
    pub step: Step,
    pub messages: Vec<Message>,
    pub schema: Option<AnswerSchema>,
    /// Makes what is wanted of the answer's text. An answer it refuses is billed, and another model is asked.
    pub read: fn(&str) -> Result<T, Unusable>,
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
    pub provider: String,
    pub model: String,
}

/// An image to be made.
#[derive(Clone, Debug)]
pub struct ImageAsk {
    pub prompt: String,
    /// `1024x1024`; the nearest that a model offers is made.
    pub size: String,
    /// `low`, `medium`, `high`, `standard` or `hd`.
    pub quality: String,
    /// Whose formats and sizes it has to suit.
    pub platform: Platform,
}

/// An image that was made, fetched and checked.
#[derive(Clone, Debug)]
pub struct ImageReply {
    pub picture: Picture,
    /// The prompt as the model changed it, where it says so.
    pub revised_prompt: Option<String>,
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
