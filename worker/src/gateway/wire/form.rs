//! Pictures that go along with a request: as files of a form, or as data in a message.

use async_openai::error::OpenAIError;
use async_openai::traits::AsyncTryFrom;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Body;
use reqwest::multipart;
use serde_json::{Value, json};

use crate::gateway::ask::Reference;

/// An image made of pictures, as OpenAI is asked for it.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// The fields beside the pictures, by name.
    pub(crate) fields: Value,
    pub(crate) references: Vec<Reference>,
}

/// The API client's own form names no type of a picture, and providers refuse it then.
impl AsyncTryFrom<Form> for multipart::Form {
    type Error = OpenAIError;

    async fn try_from(form: Form) -> Result<Self, OpenAIError> {
        let mut parts = Self::new();
        for (name, value) in form.fields.as_object().into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            parts = parts.text(name.clone(), text);
        }
        for (number, reference) in (1..).zip(form.references) {
            let Reference { bytes, format } = reference;
            let length = bytes.len() as u64;
            let file = multipart::Part::stream_with_length(Body::from(bytes), length)
                .file_name(format!("reference-{number}.{}", format.extension()))
                .mime_str(format.content_type())?;
            parts = parts.part("image[]", file);
        }
        Ok(parts)
    }
}

/// A chat with pictures after the text of its last message.
pub(super) fn showing(body: &Value, references: &[Reference]) -> Value {
    let mut body = body.clone();
    let last = body["messages"].as_array_mut().and_then(|messages| messages.last_mut());
    if let Some(message) = last {
        let mut parts = vec![json!({ "type": "text", "text": message["content"].take() })];
        parts.extend(references.iter().map(|Reference { bytes, format }| {
            let url = format!("data:{};base64,{}", format.content_type(), STANDARD.encode(bytes));
            json!({ "type": "image_url", "image_url": { "url": url } })
        }));
        message["content"] = parts.into();
    }
    body
}

#[cfg(test)]
mod tests {
    use async_openai::traits::AsyncTryFrom;
    use futures::TryStreamExt;
    use serde_json::json;
    use shared::media::ImageFormat;

    use super::{Form, Reference, multipart, showing};

    fn references() -> Vec<Reference> {
        [("one", ImageFormat::Png), ("two", ImageFormat::Jpeg)]
            .map(|(bytes, format)| Reference { bytes: bytes.into(), format })
            .into()
    }

    #[tokio::test]
    async fn a_form_as_it_is_sent() {
        let fields = json!({ "model": "gpt-image-2", "prompt": "a loaf", "n": 1, "size": "1024x1024" });
        let form = Form { fields, references: references() };
        let form = <multipart::Form as AsyncTryFrom<Form>>::try_from(form).await.expect("a form");
        let boundary = form.boundary().to_owned();
        let body: Vec<_> = form.into_stream().try_collect().await.expect("bytes");
        let text = String::from_utf8(body.concat()).expect("text").replace(&boundary, "B");
        let field = |name: &str, value: &str| {
            format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let file = |name: &str, kind: &str, bytes: &str| {
            format!(
                "--B\r\nContent-Disposition: form-data; name=\"image[]\"; filename=\"{name}\"\r\n\
                 Content-Type: {kind}\r\n\r\n{bytes}\r\n"
            )
        };
        let parts = [
            field("model", "gpt-image-2"),
            field("n", "1"),
            field("prompt", "a loaf"),
            field("size", "1024x1024"),
            file("reference-1.png", "image/png", "one"),
            file("reference-2.jpg", "image/jpeg", "two"),
            "--B--\r\n".to_owned(),
        ];
        assert_eq!(text, parts.concat());
    }

    #[test]
    fn a_chat_shows_pictures_as_data_after_its_text() {
        let body = json!({ "model": "m", "messages": [{ "role": "user", "content": "a loaf" }] });
        let picture = |url: &str| json!({ "type": "image_url", "image_url": { "url": url } });
        let expected = json!({ "model": "m", "messages": [{ "role": "user", "content": [
            { "type": "text", "text": "a loaf" },
            picture("data:image/png;base64,b25l"),
            picture("data:image/jpeg;base64,dHdv"),
        ] }] });
        assert_eq!(showing(&body, &references()), expected);
    }
}
