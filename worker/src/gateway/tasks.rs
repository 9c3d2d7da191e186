//! The two kinds of work that the loop runs: writing a text and making an image.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use shared::domain::Step;

use super::Inner;
use super::ask::{ChatAsk, ImageAsk};
use super::dialect::{ChatDraft, ImageDraft, Reading, Source, read_chat, read_chat_image, read_image};
use super::failure::Failure;
use super::prices::{Format, parse_size};
use super::profiles::Dialect;
use super::run::{Draft, Place, Task};
use super::wire::{Answer, Body, CHAT_BODY, IMAGE_BODY, Request};
use crate::pictures::{LARGEST, Picture};

/// The size that is asked for where the asked one cannot be read.
const ORDINARY_SIZE: (u32, u32) = (1024, 1024);

pub(super) struct Writing<T>(pub(super) ChatAsk<T>);

impl<T: Send> Task for Writing<T> {
    type Reply = T;

    fn step(&self) -> Step {
        self.0.step
    }

    fn draft(&self, place: &Place<'_>, double_cap: bool) -> Draft {
        let cap = place.model.completion_cap.saturating_mul(if double_cap { 2 } else { 1 });
        let request = place.provider.dialect.chat(&ChatDraft {
            model: &place.model.name,
            messages: &self.0.messages,
            schema: self.0.schema.as_ref(),
            completion_cap: cap,
        });
        let bound = place.model.price.chat_bound(request.size(), cap);
        Draft { request, bound, body_cap: CHAT_BODY, format: None }
    }

    async fn read(&self, _: &Inner, _: &Place<'_>, answer: Answer) -> Reading<T> {
        let Reading { content, usage } = read_chat(&answer.body.bytes);
        let read = |text: String| (self.0.read)(&text).map_err(|unusable| Failure::Unusable(unusable.0));
        Reading { content: content.and_then(read), usage }
    }
}

pub(super) struct Painting(pub(super) ImageAsk);

impl Painting {
    fn format(&self, place: &Place<'_>) -> Format {
        let size = parse_size(&self.0.size).unwrap_or(ORDINARY_SIZE);
        let nearest = place.model.price.nearest_format(size, &self.0.quality);
        // Routes of images hold only models that make images, and those offer a format.
        nearest.unwrap_or_else(|| Format { width: size.0, height: size.1, quality: self.0.quality.clone() })
    }
}

impl Task for Painting {
    type Reply = (Picture, Option<String>);

    fn step(&self) -> Step {
        Step::Image
    }

    fn draft(&self, place: &Place<'_>, double_cap: bool) -> Draft {
        let format = self.format(place);
        let cap = place.model.completion_cap.saturating_mul(if double_cap { 2 } else { 1 });
        let request = place.provider.dialect.image(&ImageDraft {
            model: &place.model.name,
            prompt: &self.0.prompt,
            format: &format,
            completion_cap: cap,
        });
        let bound = match &request {
            Request::Chat(_) => place.model.price.chat_bound(request.size(), cap),
            Request::Image(_) => place.model.price.image_bound(request.size(), &format),
        };
        Draft { request, bound, body_cap: IMAGE_BODY, format: Some(format) }
    }

    async fn read(&self, inner: &Inner, place: &Place<'_>, answer: Answer) -> Reading<Self::Reply> {
        let (dialect, Body { bytes, booking }) = (place.provider.dialect, answer.body);
        let unpacked = inner.pictures.beside(move || unpack(dialect, &bytes)).await;
        let Some(Reading { content, usage }) = unpacked else { return Reading { content: Err(lost()), usage: None } };
        let content = match content {
            Ok(Unpacked { image: Image::Bytes(bytes), revised_prompt }) => {
                Ok((Body { bytes, booking }, revised_prompt))
            }
            Ok(Unpacked { image: Image::Url(url), revised_prompt }) => {
                drop(booking);
                let fetched = inner.fetcher.fetch(&url, &place.provider.base, &inner.memory, LARGEST).await;
                fetched.map(|body| (body, revised_prompt)).map_err(|error| Failure::Unusable(error.to_string()))
            }
            Err(failure) => Err(failure),
        };
        let content = match content {
            Ok((body, revised_prompt)) => match inner.pictures.check(body.bytes).await {
                Ok(picture) => Ok((picture.holding(Arc::new(body.booking)), revised_prompt)),
                Err(flaw) => Err(Failure::Unusable(flaw.to_string())),
            },
            Err(failure) => Err(failure),
        };
        Reading { content, usage }
    }
}

/// What an answer gives of an image.
struct Unpacked {
    image: Image,
    /// The prompt as the model changed it.
    revised_prompt: Option<String>,
}

enum Image {
    Bytes(Bytes),
    Url(String),
}

/// Parses an answer and decodes its base64: megabytes, so it is done beside the runtime.
fn unpack(dialect: Dialect, body: &[u8]) -> Reading<Unpacked> {
    let Reading { content, usage } = match dialect {
        Dialect::OpenRouter => read_chat_image(body),
        Dialect::OpenAi | Dialect::A4f => read_image(body),
    };
    let content = content.and_then(|found| {
        let image = match found.source {
            Source::Url(url) => Image::Url(url),
            Source::Base64(data) => match STANDARD.decode(data.trim()) {
                Ok(bytes) => Image::Bytes(bytes.into()),
                Err(_) => return Err(Failure::Unusable("the image was not base64".to_owned())),
            },
        };
        Ok(Unpacked { image, revised_prompt: found.revised_prompt })
    });
    Reading { content, usage }
}

/// The thread that was to unpack the answer ended without a result.
fn lost() -> Failure {
    Failure::Unusable("the answer could not be unpacked".to_owned())
}
