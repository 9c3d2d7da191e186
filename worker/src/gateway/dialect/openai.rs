//! `OpenAI`: `max_completion_tokens`, strict JSON schemas, images as base64.

use serde_json::{Value, json};

use super::{ChatDraft, ImageDraft, messages, response_format};

pub(super) fn chat(draft: &ChatDraft<'_>) -> Value {
    let mut body = json!({
        "model": draft.model,
        "messages": messages(draft.messages),
        "max_completion_tokens": draft.completion_cap,
    });
    if let Some(schema) = draft.schema {
        body["response_format"] = response_format(schema);
    }
    body
}

pub(super) fn image(draft: &ImageDraft<'_>) -> Value {
    let mut body = json!({ "model": draft.model, "prompt": draft.prompt, "n": 1, "size": draft.format.size() });
    // `standard` is what a model without the choice makes anyway, and some refuse to be told.
    if draft.format.quality != "standard" {
        body["quality"] = draft.format.quality.as_str().into();
    }
    // The GPT image models always answer in base64 and refuse to be asked for it; the older ones must be.
    if draft.model.starts_with("dall-e") {
        body["response_format"] = "b64_json".into();
    }
    body
}
