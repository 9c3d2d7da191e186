//! What a good HTTP answer holds: the text or the image, or the failure that it is after all.

use serde::de::DeserializeOwned;

use crate::gateway::ask::Judgement;
use crate::gateway::failure::Failure;
use crate::gateway::reply::{ChatAnswer, Choice, ImageAnswer, ModerationAnswer, Usage};
use crate::gateway::wire::LIFTED;

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
    /// It was lifted out of the answer while that arrived.
    Lifted,
    Url(String),
}

/// What becomes of a text that ends where the model was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    IsAFailure,
    IsTaken,
}

/// A text that came through chat.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) is_cut: bool,
}

pub(crate) fn read_chat(body: &[u8], cut: Cut) -> Reading<Written> {
    let Reading { content, usage } = choice(body, cut);
    let content = content.and_then(|choice| {
        let is_cut = choice.finish_reason.0 == CUT;
        let text = choice.message.unwrap_or_default().content.into_text();
        match (text.trim().is_empty(), is_cut) {
            (false, _) => Ok(Written { text, is_cut }),
            (true, true) => Err(Failure::CutShort),
            (true, false) => Err(Failure::Unusable("an empty answer".to_owned())),
        }
    });
    Reading { content, usage }
}

/// An image that came through chat: a data URL in the message.
pub(crate) fn read_chat_image(body: &[u8]) -> Reading<Found> {
    let Reading { content, usage } = choice(body, Cut::IsAFailure);
    let content = content.and_then(|choice| {
        let image = choice.message.and_then(|message| message.images);
        let url = image.map(|image| image.image_url.url).unwrap_or_default();
        let source = source_of(url).ok_or(Failure::NoImage)?;
        Ok(Found { source, revised_prompt: None })
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
            let lifted = image.b64_json.filter(|text| !text.is_empty()).map(|_| Source::Lifted);
            let source = lifted.or_else(|| image.url.and_then(source_of));
            let found = |source| Found { source, revised_prompt: image.revised_prompt };
            source.map(found).ok_or(Failure::NoImage)
        }
        (None, None) => Err(Failure::NoImage),
    };
    Reading { content, usage: answer.usage }
}

/// What stands in a field for the address of an image.
fn source_of(url: String) -> Option<Source> {
    match url.as_str() {
        "" => None,
        LIFTED => Some(Source::Lifted),
        _ => Some(Source::Url(url)),
    }
}

pub(crate) fn read_moderation(body: &[u8]) -> Reading<Judgement> {
    let answer: Result<ModerationAnswer, Failure> = parse(body);
    let content = answer.and_then(|answer| match (answer.error, answer.results) {
        (Some(error), _) => Err(Failure::ErrorInSuccess(error)),
        (None, None) => Err(Failure::Unusable("a moderation without a result".to_owned())),
        (None, Some(result)) => match (result.flagged, result.categories) {
            (None, _) => Err(Failure::Unusable("a moderation without a result".to_owned())),
            (Some(false), _) => Ok(Judgement::Passed),
            (Some(true), categories) => Ok(Judgement::Flagged(categories.unwrap_or_default().named())),
        },
    });
    Reading { content, usage: None }
}

/// The first choice of a chat, if the chat ended well.
fn choice(body: &[u8], cut: Cut) -> Reading<Choice> {
    let answer: ChatAnswer = match parse(body) {
        Ok(answer) => answer,
        Err(failure) => return Reading { content: Err(failure), usage: None },
    };
    let content = match (answer.error, answer.choices) {
        (Some(error), _) => Err(Failure::ErrorInSuccess(error)),
        (None, None) => Err(Failure::Unusable("an answer without a choice".to_owned())),
        (None, Some(choice)) => ended_well(choice, cut),
    };
    Reading { content, usage: answer.usage }
}

/// The reason that an answer ends with which was cut off at its cap.
const CUT: &str = "length";

fn ended_well(choice: Choice, cut: Cut) -> Result<Choice, Failure> {
    if let Some(error) = choice.error {
        return Err(Failure::ErrorInSuccess(error));
    }
    match choice.finish_reason.0.as_str() {
        CUT if cut == Cut::IsAFailure => Err(Failure::CutShort),
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
