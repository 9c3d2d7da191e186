//! What a good HTTP answer holds: the text or the image, or the failure that it is after all.

use serde::de::DeserializeOwned;

use crate::gateway::failure::Failure;
use crate::gateway::reply::{ChatAnswer, Choice, ImageAnswer, Usage};

/// What an answer holds, and what the call used.
#[derive(Debug)]
pub(crate) struct Reading<T> {
    pub(crate) content: Result<T, Failure>,
    pub(crate) usage: Option<Usage>,
}

/// An image that an answer speaks of.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) source: Source,
    /// The prompt as the model changed it.
    pub(crate) revised_prompt: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Source {
    Base64(String),
    Url(String),
}

pub(crate) fn read_chat(body: &[u8]) -> Reading<String> {
    let Reading { content, usage } = choice(body);
    let text = content.map(|choice| choice.message.unwrap_or_default().content.into_text());
    let content = text.and_then(|text| {
        if text.trim().is_empty() { Err(Failure::Unusable("an empty answer".to_owned())) } else { Ok(text) }
    });
    Reading { content, usage }
}

/// An image that came through chat: a data URL in the message.
pub(crate) fn read_chat_image(body: &[u8]) -> Reading<Found> {
    let Reading { content, usage } = choice(body);
    let content = content.and_then(|choice| {
        let image = choice.message.and_then(|message| message.images);
        let url = image.map(|image| image.image_url.url).unwrap_or_default();
        match url.strip_prefix("data:").and_then(|data| data.split_once(";base64,")) {
            Some((_, data)) => Ok(Found { source: Source::Base64(data.to_owned()), revised_prompt: None }),
            None if url.is_empty() => Err(Failure::NoImage),
            None => Ok(Found { source: Source::Url(url), revised_prompt: None }),
        }
    });
    Reading { content, usage }
}

pub(crate) fn read_image(body: &[u8]) -> Reading<Found> {
    let answer: ImageAnswer = match parse(body) {
        Ok(answer) => answer,
        Err(failure) => return Reading { content: Err(failure), usage: None },
    };
    let content = match (answer.error, answer.data) {
        (Some(error), _) => Err(Failure::ErrorInSuccess(error)),
        (None, Some(image)) => {
            let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
            let source = filled(image.b64_json).map(Source::Base64).or(filled(image.url).map(Source::Url));
            let found = |source| Found { source, revised_prompt: image.revised_prompt };
            source.map(found).ok_or(Failure::NoImage)
        }
        (None, None) => Err(Failure::NoImage),
    };
    Reading { content, usage: answer.usage }
}

/// The first choice of a chat, if the chat ended well.
fn choice(body: &[u8]) -> Reading<Choice> {
    let answer: ChatAnswer = match parse(body) {
        Ok(answer) => answer,
        Err(failure) => return Reading { content: Err(failure), usage: None },
    };
    let content = match (answer.error, answer.choices) {
        (Some(error), _) => Err(Failure::ErrorInSuccess(error)),
        (None, None) => Err(Failure::Unusable("an answer without a choice".to_owned())),
        (None, Some(choice)) => ended_well(choice),
    };
    Reading { content, usage: answer.usage }
}

fn ended_well(choice: Choice) -> Result<Choice, Failure> {
    if let Some(error) = choice.error {
        return Err(Failure::ErrorInSuccess(error));
    }
    match choice.finish_reason.0.as_str() {
        "length" => Err(Failure::CutShort),
        "content_filter" => Err(Failure::Filtered),
        _ if choice.message.as_ref().is_some_and(|message| !message.refusal.0.is_empty()) => Err(Failure::Declined),
        _ => Ok(choice),
    }
}

/// The error of the parser quotes the body, so it goes no further.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() { Failure::Unusable("an answer of an unknown shape".to_owned()) } else { Failure::NotJson }
    })
}
