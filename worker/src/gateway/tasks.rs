//! The kinds of work that the loop runs: writing a text, judging one, making an image.

use std::sync::Arc;

use shared::domain::Step;

use super::Inner;
use super::ask::{ChatAsk, ImageAsk, Judgement, Sizing};
use super::dialect::{
    self, ChatDraft, Cut, Found, ImageDraft, Reading, Source, read_chat, read_chat_image, read_image, read_moderation,
};
use super::failure::Failure;
use super::prices::{Format, parse_size};
use super::profiles::Dialect;
use super::run::{Draft, Place, Task};
use super::wire::{Answer, Body, Expected, Picture as Lifted};
use crate::pictures::{LARGEST, Picture, Wanted};

/// The size that is asked for where the asked one cannot be read.
const ORDINARY_SIZE: (u32, u32) = (1024, 1024);

pub(super) struct Writing<T>(pub(super) ChatAsk<T>);

impl<T> Writing<T> {
    /// What is wanted of a text.
    pub(super) fn make(&self, text: &str) -> Result<T, Failure> {
        (self.0.read)(text).map_err(|unusable| Failure::Unusable(unusable.0))
    }
}

impl<T: Send> Task for Writing<T> {
    /// And whether the text is cut.
    type Reply = (T, bool);

    fn step(&self) -> Step {
        self.0.step
    }

    fn route(&self) -> Option<&str> {
        self.0.route.as_deref()
    }

    fn max_tokens(&self) -> Option<u32> {
        self.0.max_tokens
    }

    fn draft(&self, place: &Place<'_>, double_cap: bool) -> Draft {
        let cap = place.model.cap(self.0.max_tokens, double_cap);
        let draft = ChatDraft {
            model: &place.model.name,
            messages: &self.0.messages,
            schema: self.0.schema.as_ref(),
            completion_cap: cap,
        };
        let request = dialect::chat(place.provider.dialect, &draft);
        let size = request.size();
        let bound = place.model.price.chat_bound(size, cap);
        Draft { request, size, bound, expected: Expected::TEXT, format: None, double_cap }
    }

    async fn read(&self, _: &Inner, _: &Place<'_>, draft: &Draft, answer: Answer) -> Reading<Self::Reply> {
        // Half of a JSON object is nothing; of a text that is still too long, its beginning is what was asked for.
        let is_plain = self.0.schema.is_none() && self.0.max_tokens.is_some();
        let cut = if is_plain && draft.double_cap { Cut::IsTaken } else { Cut::IsAFailure };
        let Reading { content, usage } = read_chat(&answer.body.bytes, cut);
        let content = content.and_then(|written| Ok((self.make(&written.text)?, written.is_cut)));
        Reading { content, usage }
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
        let request = dialect::moderation(&place.model.name, &self.0);
        let size = request.size();
        let bound = place.model.price.chat_bound(size, 0);
        Draft { request, size, bound, expected: Expected::TEXT, format: None, double_cap: false }
    }

    async fn read(&self, _: &Inner, _: &Place<'_>, _: &Draft, answer: Answer) -> Reading<Judgement> {
        read_moderation(&answer.body.bytes)
    }
}

pub(super) struct Painting(pub(super) ImageAsk);

impl Painting {
    /// The asked size in pixels.
    fn size(&self) -> (u32, u32) {
        parse_size(&self.0.size).unwrap_or(ORDINARY_SIZE)
    }

    /// What the image has to be: of the shape that was sent, and what its platform takes.
    fn wanted(&self, format: Option<&Format>) -> Wanted {
        let size = self.size();
        Wanted {
            size: format.map_or(size, |format| (format.width, format.height)),
            brought_to: (self.0.sizing == Sizing::AsAsked).then_some(size),
            platform: self.0.platform.clone(),
        }
    }
}

impl Task for Painting {
    type Reply = (Picture, Option<String>);

    fn step(&self) -> Step {
        Step::Image
    }

    fn route(&self) -> Option<&str> {
        self.0.route.as_deref()
    }

    fn references(&self) -> usize {
        self.0.references.len()
    }

    fn draft(&self, place: &Place<'_>, double_cap: bool) -> Draft {
        let format = place.model.format(self.size(), &self.0.quality);
        let cap = place.model.cap(None, double_cap);
        let draft = ImageDraft {
            model: &place.model.name,
            prompt: &self.0.whole_prompt(),
            format: &format,
            references: &self.0.references,
            completion_cap: cap,
        };
        let request = dialect::image(place.provider.dialect, &draft);
        let (size, price) = (request.size(), &place.model.price);
        let bound = if request.is_chat() { price.chat_bound(size, cap) } else { price.image_bound(size, &format) };
        let bound = bound + price.references_bound(self.references());
        Draft { request, size, bound, expected: Expected::Picture, format: Some(format), double_cap }
    }

    async fn read(&self, inner: &Inner, place: &Place<'_>, draft: &Draft, answer: Answer) -> Reading<Self::Reply> {
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
            Ok(((bytes, booking), revised_prompt)) => {
                match inner.pictures.check(bytes, self.wanted(draft.format.as_ref())).await {
                    Ok(picture) => Ok((picture.holding(Arc::new(booking)), revised_prompt)),
                    Err(flaw) => Err(Failure::Unusable(flaw.to_string())),
                }
            }
            Err(failure) => Err(failure),
        };
        Reading { content, usage }
    }
}
