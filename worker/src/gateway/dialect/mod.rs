//! Dialects: how a provider's requests are written. What they share is OpenAI's; each file says where it differs.

mod a4f;
mod openai;
mod openrouter;
mod reading;

use serde_json::{Value, json};

use super::ask::{AnswerSchema, Message};
use super::prices::Format;
use super::profiles::Dialect;
use super::wire::Request;

pub(crate) use reading::{Reading, Source, read_chat, read_chat_image, read_image};

/// A chat to be written down.
pub(crate) struct ChatDraft<'a> {
    pub(crate) model: &'a str,
    pub(crate) messages: &'a [Message],
    pub(crate) schema: Option<&'a AnswerSchema>,
    pub(crate) completion_cap: u32,
}

/// An image to be asked for.
pub(crate) struct ImageDraft<'a> {
    pub(crate) model: &'a str,
    pub(crate) prompt: &'a str,
    pub(crate) format: &'a Format,
    pub(crate) completion_cap: u32,
}

impl Dialect {
    pub(crate) fn chat(self, draft: &ChatDraft<'_>) -> Request {
        Request::Chat(match self {
            Self::OpenAi => openai::chat(draft),
            Self::OpenRouter => openrouter::chat(draft),
            Self::A4f => a4f::chat(draft),
        })
    }

    pub(crate) fn image(self, draft: &ImageDraft<'_>) -> Request {
        match self {
            Self::OpenAi => Request::Image(openai::image(draft)),
            Self::OpenRouter => Request::Chat(openrouter::image(draft)),
            Self::A4f => Request::Image(a4f::image(draft)),
        }
    }
}

/// The messages as they are sent.
fn messages(messages: &[Message]) -> Value {
    messages.iter().map(|message| json!({ "role": message.role.as_str(), "content": message.content })).collect()
}

/// A schema as `response_format`.
fn response_format(schema: &AnswerSchema) -> Value {
    json!({
        "type": "json_schema",
        "json_schema": { "name": schema.name, "strict": true, "schema": schema.schema },
    })
}
