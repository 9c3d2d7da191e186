//! Dialects: how a provider's requests are written. What they share is OpenAI's; each file says where it differs.

mod a4f;
mod openai;
mod openrouter;
mod reading;

use serde_json::{Value, json};

use super::ask::{AnswerSchema, Message, Reference};
use super::prices::Format;
use super::profiles::Dialect;
use super::wire::{Form, Request};

pub(crate) use reading::{Cut, Found, Reading, Source, read_chat, read_chat_image, read_image, read_moderation};

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
    /// Pictures that it is to show.
    pub(crate) references: &'a [Reference],
    pub(crate) completion_cap: u32,
}

pub(crate) fn chat(dialect: Dialect, draft: &ChatDraft<'_>) -> Request {
    Request::Chat(match dialect {
        Dialect::OpenAi => openai::chat(draft),
        Dialect::OpenRouter => openrouter::chat(draft),
        Dialect::A4f => a4f::chat(draft),
    })
}

/// The pictures to be shown go along as files, or as data in the message. A4F takes none, so none of its models is asked
/// with some ([`Dialect::takes_references`]).
pub(crate) fn image(dialect: Dialect, draft: &ImageDraft<'_>) -> Request {
    let references = draft.references.to_vec();
    match (dialect, references.is_empty()) {
        (Dialect::OpenAi, true) => Request::Image(openai::image(draft)),
        (Dialect::OpenAi, false) => Request::Edit(Form { fields: openai::image(draft), references }),
        (Dialect::OpenRouter, true) => Request::Chat(openrouter::image(draft)),
        (Dialect::OpenRouter, false) => Request::ChatShowing(openrouter::image(draft), references),
        (Dialect::A4f, _) => Request::Image(a4f::image(draft)),
    }
}

/// A text to be judged. Only `OpenAI` has an endpoint for it ([`Dialect::moderates`]).
pub(crate) fn moderation(model: &str, text: &str) -> Request {
    Request::Moderation(json!({ "model": model, "input": text }))
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ChatDraft, Dialect, Form, Format, ImageDraft, Request};
    use crate::gateway::{AnswerSchema, Message, Reference, Role};

    fn chat(dialect: Dialect) -> Value {
        let messages = [(Role::System, "rules"), (Role::User, "brief")]
            .map(|(role, content)| Message { role, content: content.to_owned() });
        let schema = AnswerSchema { name: "post", schema: json!({ "type": "object" }) };
        let draft = ChatDraft { model: "m", messages: &messages, schema: Some(&schema), completion_cap: 9 };
        let request = super::chat(dialect, &draft);
        let Request::Chat(body) = request else { panic!("a chat") };
        body
    }

    fn image(dialect: Dialect, model: &str, quality: &str) -> Request {
        showing(dialect, model, quality, &[])
    }

    fn showing(dialect: Dialect, model: &str, quality: &str, references: &[Reference]) -> Request {
        let format = Format { width: 1024, height: 1536, quality: quality.to_owned() };
        let draft = ImageDraft { model, prompt: "a loaf", format: &format, references, completion_cap: 9 };
        super::image(dialect, &draft)
    }

    #[test]
    fn chats_as_they_are_sent() {
        let messages = json!([{ "role": "system", "content": "rules" }, { "role": "user", "content": "brief" }]);
        let format = json!({
            "type": "json_schema",
            "json_schema": { "name": "post", "strict": true, "schema": { "type": "object" } },
        });
        assert_eq!(
            chat(Dialect::OpenAi),
            json!({ "model": "m", "messages": messages, "max_completion_tokens": 9, "response_format": format })
        );
        assert_eq!(
            chat(Dialect::OpenRouter),
            json!({ "model": "m", "messages": messages, "max_tokens": 9, "response_format": format,
                "usage": { "include": true } })
        );
        assert_eq!(
            chat(Dialect::A4f),
            json!({ "model": "m", "messages": messages, "max_tokens": 9, "response_format": format })
        );
    }

    #[test]
    fn images_as_they_are_sent() {
        let Request::Image(body) = image(Dialect::OpenAi, "gpt-image-2", "high") else { panic!("an image") };
        let plain = json!({ "model": "gpt-image-2", "prompt": "a loaf", "n": 1, "size": "1024x1536" });
        let mut expected = plain.clone();
        expected["quality"] = "high".into();
        assert_eq!(body, expected);
        let Request::Image(body) = image(Dialect::A4f, "gpt-image-2", "standard") else { panic!("an image") };
        assert_eq!(body, plain);
        let Request::Image(body) = image(Dialect::OpenAi, "dall-e-3", "standard") else { panic!("an image") };
        assert_eq!((body["response_format"].as_str(), body.get("quality")), (Some("b64_json"), None));
        let Request::Chat(body) = image(Dialect::OpenRouter, "g/m:free", "standard") else { panic!("a chat") };
        assert_eq!(body["modalities"], json!(["image", "text"]));
        assert_eq!(body["messages"], json!([{ "role": "user", "content": "a loaf" }]));
    }

    #[test]
    fn images_of_pictures_as_they_are_sent() {
        let loaf = Reference { bytes: "png".into(), format: shared::media::ImageFormat::Png };
        let form = showing(Dialect::OpenAi, "gpt-image-2", "high", std::slice::from_ref(&loaf));
        let Request::Edit(Form { fields, references }) = form else { panic!("a form") };
        let plain =
            json!({ "model": "gpt-image-2", "prompt": "a loaf", "n": 1, "size": "1024x1536", "quality": "high" });
        assert_eq!((fields, references.len()), (plain, 1));
        let chat = showing(Dialect::OpenRouter, "g/m:free", "standard", &[loaf]);
        assert_eq!(chat.size(), image(Dialect::OpenRouter, "g/m:free", "standard").size(), "pictures are no text");
        let Request::ChatShowing(body, references) = chat else { panic!("a chat") };
        assert_eq!((&body["modalities"], references.len()), (&json!(["image", "text"]), 1));
    }
}
