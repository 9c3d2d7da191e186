//! A4F: `OpenAI`'s requests with the older `max_tokens`; images come as addresses, which are fetched at once.

use serde_json::{Value, json};

use super::{ChatDraft, ImageDraft, messages, response_format};

pub(super) fn chat(draft: &ChatDraft<'_>) -> Value {
    let mut body = json!({
        "model": draft.model,
        "messages": messages(draft.messages),
        "max_tokens": draft.completion_cap,
    });
    if let Some(schema) = draft.schema {
        body["response_format"] = response_format(schema);
    }
    body
}

pub(super) fn image(draft: &ImageDraft<'_>) -> Value {
    json!({ "model": draft.model, "prompt": draft.prompt, "n": 1, "size": draft.format.size() })
}
