//! The messages of a chat request, reduced to the text the simulator reads.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{images::Reference, refusal::Refusal};

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_calls: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    image_url: Option<Address<'a>>,
}

#[derive(Deserialize)]
struct Address<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
}

const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];

/// What was said, by role.
#[derive(Debug, Default)]
pub(crate) struct Prompt {
    /// Everything the user said.
    pub(crate) user: String,
    /// Everything else: instructions, earlier answers.
    pub(crate) rest: String,
    /// Bytes of all text.
    pub(crate) bytes: usize,
    /// What the user showed.
    pub(crate) pictures: Vec<Reference>,
}

impl Prompt {
    pub(super) fn read(messages: &[Message]) -> Result<Self, Refusal> {
        if messages.is_empty() {
            let message = "Invalid 'messages': empty array. Expected an array with minimum length 1.";
            return Err(Refusal::bad_request("empty_array", message).about("messages"));
        }
        let mut prompt = Self::default();
        for (at, message) in messages.iter().enumerate() {
            if !ROLES.contains(&message.role.as_ref()) {
                let list = ROLES.map(|role| format!("'{role}'")).join(", ");
                let text = format!("Invalid value: '{}'. Supported values are: {list}.", message.role);
                return Err(Refusal::bad_value(&format!("messages[{at}].role"), text));
            }
            prompt.add(at, message)?;
        }
        Ok(prompt)
    }

    fn add(&mut self, at: usize, message: &Message) -> Result<(), Refusal> {
        let wrong = |path: String, what: &str| {
            Err(Refusal::bad_request("invalid_type", format!("Invalid type for '{path}': {what}.")).about(&path))
        };
        let side = if message.role == "user" { &mut self.user } else { &mut self.rest };
        let mut say = |text: &str| {
            if !side.is_empty() {
                side.push('\n');
            }
            side.push_str(text);
            self.bytes += text.len();
        };
        let content = message.content.map_or("null", RawValue::get);
        match content.as_bytes().first() {
            Some(b'"') => match serde_json::from_str::<Cow<str>>(content) {
                Ok(text) => say(&text),
                Err(error) => return wrong(format!("messages[{at}].content"), &error.to_string()),
            },
            Some(b'[') => {
                let Ok(parts) = serde_json::from_str::<Vec<Part>>(content) else {
                    return wrong(format!("messages[{at}].content"), "expected an array of content parts");
                };
                for (number, part) in parts.iter().enumerate() {
                    match (part.kind.as_ref(), &part.text) {
                        ("text", Some(text)) => say(text),
                        ("text", None) => {
                            return wrong(format!("messages[{at}].content[{number}].text"), "expected a string");
                        }
                        ("image_url", _) => {
                            let path = format!("messages[{at}].content[{number}].image_url");
                            let Some(address) = &part.image_url else {
                                let message = format!("Missing required parameter: '{path}'.");
                                return Err(Refusal::bad_request("missing_required_parameter", message).about(&path));
                            };
                            self.pictures.push(picture(&address.url).map_err(|refusal| refusal.about(&path))?);
                        }
                        ("input_audio" | "file" | "refusal", _) => {}
                        (other, _) => {
                            let path = format!("messages[{at}].content[{number}].type");
                            let text = format!(
                                "Invalid value: '{other}'. Supported values are: 'text', 'image_url', 'input_audio', \
                                 'refusal', and 'file'."
                            );
                            return Err(Refusal::bad_value(&path, text));
                        }
                    }
                }
            }
            Some(b'n') if message.role == "assistant" && message.tool_calls.is_some() => {}
            _ => {
                return wrong(
                    format!("messages[{at}].content"),
                    "expected one of a string or array of objects, but got something else instead",
                );
            }
        }
        Ok(())
    }
}

/// The picture of a data URL. Nothing is fetched from elsewhere.
fn picture(url: &str) -> Result<Reference, Refusal> {
    let Some((head, data)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(',')) else {
        let message = "Error while downloading the image: this simulator takes data URLs only.";
        return Err(Refusal::bad_request("invalid_image_url", message));
    };
    let unsupported = || {
        let message = "You uploaded an unsupported image. Please make sure your image has of one the following formats: \
                       ['png', 'jpeg', 'webp'].";
        Refusal::bad_request("invalid_image_format", message)
    };
    let Some(media_type) = head.strip_suffix(";base64") else {
        return Err(Refusal::bad_request("invalid_base64", "Invalid base64 image_url."));
    };
    if !["image/png", "image/jpeg", "image/jpg", "image/webp"].contains(&media_type) {
        return Err(unsupported());
    }
    let file = BASE64_STANDARD
        .decode(data)
        .map_err(|_| Refusal::bad_request("invalid_base64", "Invalid base64 image_url."))?;
    Reference::read(file.into()).ok_or_else(unsupported)
}
