//! `OpenRouter`: says what a call cost, and makes images through chat.

use serde_json::{Value, json};

use super::{ChatDraft, ImageDraft, messages, response_format};

pub(super) fn chat(draft: &ChatDraft<'_>) -> Value {
    let mut body = json!({
        "model": draft.model,
        "messages": messages(draft.messages),
        "max_tokens": draft.completion_cap,
        "usage": { "include": true },
    });
    if let Some(schema) = draft.schema {
        body["response_format"] = response_format(schema);
    }
    body
}

pub(super) fn image(draft: &ImageDraft<'_>) -> Value {
    json!({
        "model": draft.model,
        "messages": [{ "role": "user", "content": draft.prompt }],
        "modalities": ["image", "text"],
        "max_tokens": draft.completion_cap,
        "usage": { "include": true },
    })
}
