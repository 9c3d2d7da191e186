//! The answer to an image request, in the shape of the protocol.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::Serialize;

use super::{Delivery, Files, ImageRequest};
use crate::{bill::Usage, chat::Picture};

/// The JSON of the answer. `origin` is where links point.
pub(crate) fn render(
    request: &ImageRequest,
    usage: Usage,
    created: i64,
    pictures: Vec<Picture>,
    files: &Files,
    origin: &str,
) -> Bytes {
    let revised_prompt = (&*request.model.id == "dall-e-3").then_some(request.prompt.as_str());
    let data = pictures.into_iter().map(|picture| match request.delivery {
        Delivery::Base64 => Datum { b64_json: Some(BASE64_STANDARD.encode(&picture.bytes)), url: None, revised_prompt },
        Delivery::Link => {
            let path = files.keep(picture);
            Datum { b64_json: None, url: Some(format!("{origin}{path}")), revised_prompt }
        }
    });
    let described = request.model.is_gpt_image();
    let answer = Answer {
        created,
        data: data.collect(),
        background: described.then_some(if request.transparent { "transparent" } else { "opaque" }),
        output_format: described.then(|| request.format.name()),
        quality: described.then_some(&request.frame.quality),
        size: described.then_some(&request.frame.priced_size),
        usage: described.then_some(UsageReport {
            input_tokens: usage.input_tokens,
            input_tokens_details: InputDetails { image_tokens: request.input.images, text_tokens: request.input.text },
            output_tokens: usage.output_tokens,
            output_tokens_details: OutputDetails { image_tokens: usage.output_tokens, text_tokens: 0 },
            total_tokens: usage.input_tokens + usage.output_tokens,
        }),
    };
    serde_json::to_vec(&answer).map_or_else(|_| Bytes::new(), Bytes::from)
}

#[derive(Serialize)]
struct Answer<'a> {
    created: i64,
    data: Vec<Datum<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    background: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_format: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageReport>,
}

#[derive(Serialize)]
struct Datum<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    b64_json: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revised_prompt: Option<&'a str>,
}

#[derive(Serialize)]
struct UsageReport {
    input_tokens: u64,
    input_tokens_details: InputDetails,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    total_tokens: u64,
}

#[derive(Serialize)]
struct InputDetails {
    image_tokens: u64,
    text_tokens: u64,
}

#[derive(Serialize)]
struct OutputDetails {
    image_tokens: u64,
    text_tokens: u64,
}
