//! The answer to a chat request, in the shape of the protocol.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::{ChatRequest, Output, twist};
use crate::{
    bill::{RequestId, Usage},
    copywriter::{Copy, write_copy, write_copy_in},
    fields::tokens_of_bytes,
    seed::Seed,
};

/// What the model made of a request, before it is wrapped.
#[derive(Debug)]
pub(crate) struct Completion {
    contents: Vec<Content>,
    /// Pictures to be drawn.
    pub(crate) pieces: u64,
    pub(crate) usage: Usage,
    pub(crate) cost_nanos: i64,
}

/// What a text is like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wish<'a> {
    /// As the copywriter writes it.
    Usual,
    /// With this caption.
    Caption(&'a str),
    /// With the copywriter's caption over and over.
    Long,
    /// In this language, or in another than was asked for.
    Language(Option<&'a str>),
}

/// The characters that a long caption has at least: more than most networks take.
const LONG_CAPTION: usize = 2400;

/// One choice.
#[derive(Debug)]
struct Content {
    text: Option<String>,
    refusal: Option<&'static str>,
    finish: Finish,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Finish {
    Stop,
    Length,
    ContentFilter,
}

/// An image, as bytes with their media type.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Bytes,
}

impl Completion {
    /// Writes the text of every choice.
    pub(crate) fn write(request: &ChatRequest, wish: Wish<'_>) -> Self {
        let seed = Seed::of(&[&request.model.id, &request.prompt.rest, &request.prompt.user]);
        let contents = (0..request.choices)
            .map(|choice| {
                let mut seed = if choice == 0 { seed.clone() } else { seed.branch(&choice.to_string()) };
                let mut copy = match wish {
                    Wish::Language(language) => {
                        write_copy_in(language, &request.prompt.user, &request.prompt.rest, &mut seed)
                    }
                    _ => write_copy(&request.prompt.user, &request.prompt.rest, &mut seed),
                };
                match wish {
                    Wish::Usual | Wish::Language(_) => {}
                    Wish::Caption(words) => words.clone_into(&mut copy.caption),
                    Wish::Long => {
                        let again = 1 + LONG_CAPTION / copy.caption.chars().count().max(1);
                        copy.caption = vec![copy.caption.as_str(); again].join("\n\n");
                    }
                }
                Content { text: Some(text_of(request, &copy, &mut seed)), refusal: None, finish: Finish::Stop }
            })
            .collect();
        let pieces = if matches!(request.output, Output::Image(_)) { request.choices } else { 0 };
        let mut completion = Self { contents, pieces, usage: Usage::default(), cost_nanos: 0 };
        completion.cut_at_cap(request.cap);
        completion.price(request);
        completion
    }

    /// The usage and the price of what is there now. An image costs its tokens; text what was written.
    pub(crate) fn price(&mut self, request: &ChatRequest) {
        let written = self.contents.iter().map(|content| match (&content.text, content.refusal) {
            (Some(text), _) if !text.is_empty() => tokens_of_bytes(text.len()),
            (_, Some(refusal)) => tokens_of_bytes(refusal.len()),
            _ => 0,
        });
        self.usage.input_tokens = request.input.total();
        self.usage.output_tokens = written.sum();
        self.cost_nanos = request.model.text_cost(self.usage.input_tokens, self.usage.output_tokens);
        if let Output::Image(frame) = &request.output {
            let (size, quality) = (&frame.priced_size, &frame.quality);
            self.usage.images = self.pieces;
            self.usage.output_tokens = request.model.image_tokens(size, quality) * self.pieces;
            self.cost_nanos = request.model.image_cost(request.input, size, quality, self.pieces);
        }
    }

    fn cut_at_cap(&mut self, cap: Option<u64>) {
        let Some(cap) = cap else { return };
        for content in &mut self.contents {
            let Some(text) = &mut content.text else { continue };
            if tokens_of_bytes(text.len()) > cap {
                truncate(text, (cap * 4) as usize);
                content.finish = Finish::Length;
            }
        }
    }

    pub(crate) fn cut_in_half(&mut self) {
        for content in &mut self.contents {
            if let Some(text) = &mut content.text {
                truncate(text, text.len() / 2);
            }
            content.finish = Finish::Length;
        }
    }

    pub(crate) fn say(&mut self, words: &str) {
        for content in &mut self.contents {
            content.text = Some(words.to_owned());
        }
    }

    /// Other values in JSON, by pointer.
    pub(crate) fn change(&mut self, changes: &BTreeMap<String, Value>) {
        self.rewrite(|text| twist::changed(text, changes));
    }

    pub(crate) fn mention(&mut self, words: &str) {
        self.rewrite(|text| twist::with_words(text, words));
    }

    pub(crate) fn omit(&mut self, words: &str) {
        self.rewrite(|text| twist::without_words(text, words));
    }

    fn rewrite(&mut self, change: impl Fn(&str) -> String) {
        for content in &mut self.contents {
            content.text = content.text.as_deref().map(&change);
        }
    }

    pub(crate) fn refuse(&mut self) {
        for content in &mut self.contents {
            content.text = None;
            content.refusal = Some("I'm sorry, but I can't help with that request.");
        }
    }

    pub(crate) fn filter(&mut self) {
        for content in &mut self.contents {
            content.text = Some(String::new());
            content.finish = Finish::ContentFilter;
        }
    }

    /// No choices at all.
    pub(crate) fn empty(&mut self) {
        self.contents.clear();
        self.pieces = 0;
    }

    /// The JSON of the answer.
    pub(crate) fn render(&self, request: &ChatRequest, id: RequestId, created: i64, pictures: &[Picture]) -> Bytes {
        let image_tokens = if pictures.is_empty() { 0 } else { self.usage.output_tokens };
        let routed = request.model.is_routed();
        let choices = self.contents.iter().enumerate().map(|(index, content)| Choice {
            index,
            message: Reply {
                role: "assistant",
                content: content.text.as_deref(),
                refusal: content.refusal,
                annotations: [],
                images: pictures.get(index).map(|picture| [ImagePart::of(picture)]),
            },
            logprobs: None,
            finish_reason: content.finish,
        });
        let answer = Answer {
            id: if routed { format!("gen-{id}") } else { format!("chatcmpl-{id}") },
            object: "chat.completion",
            created,
            model: &request.model.id,
            provider: routed.then_some("Simulator"),
            choices: choices.collect(),
            usage: UsageReport {
                prompt_tokens: self.usage.input_tokens,
                completion_tokens: self.usage.output_tokens,
                total_tokens: self.usage.input_tokens + self.usage.output_tokens,
                cost: routed.then_some(self.cost_nanos as f64 / 1e9),
                prompt_tokens_details: PromptDetails::default(),
                completion_tokens_details: CompletionDetails { image: image_tokens, ..CompletionDetails::default() },
            },
            service_tier: "default",
            system_fingerprint: "fp_simulated",
        };
        serde_json::to_vec(&answer).map_or_else(|_| Bytes::new(), Bytes::from)
    }
}

fn text_of(request: &ChatRequest, copy: &Copy, seed: &mut Seed) -> String {
    match &request.output {
        Output::Prose => copy.prose(seed),
        Output::AnyJson => copy.json(),
        Output::Json { name, shape } => {
            let mut out = Vec::with_capacity(1024);
            let document = copy.document(name, seed);
            shape.write("", document.as_ref(), copy, seed, &mut out);
            String::from_utf8(out).unwrap_or_default()
        }
        Output::Image(_) => format!("Here is your picture: {}", copy.alt_text),
    }
}

/// Shortens to at most `bytes`, at a character.
fn truncate(text: &mut String, bytes: usize) {
    let end = (0..=bytes.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    text.truncate(end);
}

#[derive(Serialize)]
struct Answer<'a> {
    id: String,
    object: &'static str,
    created: i64,
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'static str>,
    choices: Vec<Choice<'a>>,
    usage: UsageReport,
    service_tier: &'static str,
    system_fingerprint: &'static str,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    message: Reply<'a>,
    logprobs: Option<()>,
    finish_reason: Finish,
}

#[derive(Serialize)]
struct Reply<'a> {
    role: &'static str,
    content: Option<&'a str>,
    refusal: Option<&'a str>,
    annotations: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<[ImagePart; 1]>,
}

#[derive(Serialize)]
struct ImagePart {
    #[serde(rename = "type")]
    kind: &'static str,
    image_url: ImageUrl,
}

#[derive(Serialize)]
struct ImageUrl {
    url: String,
}

impl ImagePart {
    fn of(picture: &Picture) -> Self {
        let data = BASE64_STANDARD.encode(&picture.bytes);
        Self { kind: "image_url", image_url: ImageUrl { url: format!("data:{};base64,{data}", picture.media_type) } }
    }
}

#[derive(Serialize)]
struct UsageReport {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<f64>,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Serialize, Default)]
struct PromptDetails {
    #[serde(rename = "cached_tokens")]
    cached: u64,
    #[serde(rename = "audio_tokens")]
    audio: u64,
}

#[derive(Serialize, Default)]
struct CompletionDetails {
    #[serde(rename = "reasoning_tokens")]
    reasoning: u64,
    #[serde(rename = "audio_tokens")]
    audio: u64,
    #[serde(rename = "accepted_prediction_tokens")]
    accepted_prediction: u64,
    #[serde(rename = "rejected_prediction_tokens")]
    rejected_prediction: u64,
    #[serde(rename = "image_tokens")]
    image: u64,
}
