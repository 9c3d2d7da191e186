//! The kinds of work that the loop runs: writing a text, judging one, making an image.

use std::sync::Arc;

use shared::domain::Step;

use super::Inner;
use super::ask::{ChatAsk, ImageAsk, Judgement};
use super::dialect::{
    ChatDraft, Found, ImageDraft, Reading, Source, read_chat, read_chat_image, read_image, read_moderation,
};
use super::failure::Failure;
use super::prices::{Format, parse_size};
use super::profiles::Dialect;
use super::run::{Draft, Place, Task};
use super::wire::{Answer, Body, Expected, Picture as Lifted, Request};
use crate::pictures::{LARGEST, Picture, Wanted};

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
        let size = request.size();
        let bound = place.model.price.chat_bound(size, cap);
        Draft { request, size, bound, expected: Expected::TEXT, format: None }
    }

    async fn read(&self, _: &Inner, _: &Place<'_>, answer: Answer) -> Reading<T> {
        let Reading { content, usage } = read_chat(&answer.body.bytes);
        let read = |text: String| (self.0.read)(&text).map_err(|unusable| Failure::Unusable(unusable.0));
        Reading { content: content.and_then(read), usage }
    }
}

/// A text to be judged.
pub(super) struct Moderating(pub(super) String);

impl Task for Moderating {
    type Reply = Judgement;

    fn step(&self) -> Step {
        Step::Moderation
    }

    fn draft(&self, place: &Place<'_>, _: bool) -> Draft {
        let request = Dialect::moderation(&place.model.name, &self.0);
        let size = request.size();
        let bound = place.model.price.chat_bound(size, 0);
        Draft { request, size, bound, expected: Expected::TEXT, format: None }
    }

    async fn read(&self, _: &Inner, _: &Place<'_>, answer: Answer) -> Reading<Judgement> {
        read_moderation(&answer.body.bytes)
    }
}

pub(super) struct Painting(pub(super) ImageAsk);

impl Painting {
    /// What the image has to be: of the shape that was sent, and what its platform takes.
    fn wanted(&self, place: &Place<'_>) -> Wanted {
        let format = self.format(place);
        Wanted { size: (format.width, format.height), platform: self.0.platform.clone() }
    }

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
        let size = request.size();
        let bound = match &request {
            Request::Chat(_) => place.model.price.chat_bound(size, cap),
            Request::Image(_) | Request::Moderation(_) => place.model.price.image_bound(size, &format),
        };
        Draft { request, size, bound, expected: Expected::Picture, format: Some(format) }
    }

    async fn read(&self, inner: &Inner, place: &Place<'_>, answer: Answer) -> Reading<Self::Reply> {
        let Body { bytes, picture, booking } = answer.body;
        let Reading { content, usage } = match place.provider.dialect {
            Dialect::OpenRouter => read_chat_image(&bytes),
            Dialect::OpenAi | Dialect::A4f => read_image(&bytes),
        };
        let content = match content {
            Ok(Found { source: Source::Lifted, revised_prompt }) => match picture {
                Some(Lifted::Bytes(bytes)) => Ok(((bytes, booking), revised_prompt)),
                Some(Lifted::NotBase64) | None => Err(Failure::Unusable("the image was not base64".to_owned())),
            },
            Ok(Found { source: Source::Url(url), revised_prompt }) => {
                drop(booking);
                let fetched = inner.fetcher.fetch(&url, &place.provider.base, &inner.memory, LARGEST).await;
                let fetched = fetched.map_err(|error| Failure::Unusable(error.to_string()));
                fetched.map(|body| ((body.bytes, body.booking), revised_prompt))
            }
            Err(failure) => Err(failure),
        };
        let content = match content {
            Ok(((bytes, booking), revised_prompt)) => match inner.pictures.check(bytes, self.wanted(place)).await {
                Ok(picture) => Ok((picture.holding(Arc::new(booking)), revised_prompt)),
                Err(flaw) => Err(Failure::Unusable(flaw.to_string())),
            },
            Err(failure) => Err(failure),
        };
        Reading { content, usage }
    }
}
