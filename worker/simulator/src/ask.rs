//! What a call asks for, and the draft of its answer, for all endpoints alike.

use bytes::Bytes;
use chrono::Utc;
use http::HeaderMap;

use crate::{
    bill::{RequestId, Usage},
    call::Endpoint,
    chat::{ChatRequest, Completion, Output, Picture, Wish},
    config::SimulatorConfig,
    fault::{Effect, Fault},
    images::{self, ImageRequest},
    kind::Kind,
    limits::{Demand, LimitScope, TokenCharge},
    moderation::ModerationRequest,
    picture::{Sketch, damaged},
    prices::Model,
    provider::Provider,
    refusal::Refusal,
};

/// A request that a provider would accept.
#[derive(Debug)]
pub(crate) enum Ask {
    Chat(ChatRequest),
    Image(ImageRequest),
    Moderation(ModerationRequest),
}

/// The answer, decided and priced, not yet rendered.
#[derive(Debug)]
pub(crate) enum Draft {
    Nothing,
    Chat(Completion),
    Image { usage: Usage, cost_nanos: i64 },
    Moderation { usage: Usage },
}

impl Ask {
    /// Reads a request; an error comes with the model as far as it is known.
    pub(crate) fn read(endpoint: Endpoint, body: &[u8], provider: &Provider) -> Result<Self, (String, Refusal)> {
        let config = &provider.config;
        match endpoint {
            Endpoint::Chat => {
                ChatRequest::read(body, &config.prices, &provider.schemas, config.context_tokens).map(Self::Chat)
            }
            Endpoint::Image | Endpoint::Edit => ImageRequest::read(body, &config.prices).map(Self::Image),
            Endpoint::Moderation => ModerationRequest::read(body, &config.prices).map(Self::Moderation),
        }
    }

    /// Reads an edit, which is a form.
    pub(crate) async fn read_edit(
        headers: &HeaderMap,
        body: Bytes,
        provider: &Provider,
    ) -> Result<Self, (String, Refusal)> {
        ImageRequest::read_edit(headers, body, &provider.config.prices).await.map(Self::Image)
    }

    pub(crate) fn model(&self) -> &Model {
        match self {
            Self::Chat(request) => &request.model,
            Self::Image(request) => &request.model,
            Self::Moderation(request) => &request.model,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Chat(request) if matches!(request.output, Output::Image(_)) => Kind::Image,
            Self::Chat(_) => Kind::Chat,
            Self::Image(_) => Kind::Image,
            Self::Moderation(_) => Kind::Moderation,
        }
    }

    /// Lends a search in all text of the request.
    pub(crate) fn prompt_for<T>(&self, look: impl FnOnce(&dyn Fn(&str) -> bool) -> T) -> T {
        match self {
            Self::Chat(request) => {
                look(&|text| request.prompt.user.contains(text) || request.prompt.rest.contains(text))
            }
            Self::Image(request) => look(&|text| request.prompt.contains(text)),
            Self::Moderation(request) => look(&|text| request.texts.iter().any(|input| input.contains(text))),
        }
    }

    /// What the call takes from the limits. Images take no tokens, text no images. Moderations have limits of their own,
    /// so they count only where every model has its own.
    pub(crate) fn demand(&self, draft: &Draft, config: &SimulatorConfig) -> Option<Demand> {
        let usage = draft.usage();
        match self {
            Self::Moderation(_) if config.limit_scope == LimitScope::Pool => None,
            Self::Chat(request) if self.kind() == Kind::Chat => {
                let used = usage.input_tokens + usage.output_tokens;
                let tokens = match config.token_charge {
                    TokenCharge::Reserved => request.reserved_tokens().unwrap_or(used),
                    TokenCharge::Used => used,
                };
                Some(Demand { tokens, images: 0 })
            }
            Self::Chat(request) => Some(Demand { tokens: 0, images: request.choices }),
            Self::Image(request) => Some(Demand { tokens: 0, images: request.pieces }),
            Self::Moderation(_) => Some(Demand { tokens: usage.input_tokens, images: 0 }),
        }
    }
}

impl Draft {
    /// No work was done.
    pub(crate) fn free() -> Self {
        Self::Nothing
    }

    /// Decides the answer. What a fault does to the content is done here, before it is priced.
    pub(crate) fn of(ask: &Ask, fault: Option<&Fault>) -> Self {
        let effect = fault.map_or(Effect::None, Fault::effect);
        let words = fault.and_then(Fault::text);
        match ask {
            Ask::Chat(request) => {
                let wish = match effect {
                    Effect::Caption => words.map_or(Wish::Usual, Wish::Caption),
                    Effect::TooLong => Wish::Long,
                    Effect::OtherLanguage => Wish::Language(words),
                    _ => Wish::Usual,
                };
                let mut completion = Completion::write(request, wish);
                match effect {
                    Effect::Changes => fault.into_iter().for_each(|fault| completion.change(fault.other_values())),
                    Effect::Mentions => completion.mention(words.unwrap_or_default()),
                    Effect::Omits => completion.omit(words.unwrap_or_default()),
                    Effect::Text => completion.say(words.unwrap_or_default()),
                    Effect::BreaksSchema => completion.say(r#"{"unexpected":{"shape":[1,2,3]}}"#),
                    Effect::Refusal => completion.refuse(),
                    Effect::ContentFilter => completion.filter(),
                    Effect::Length => completion.cut_in_half(),
                    Effect::Empty => completion.empty(),
                    _ => {}
                }
                completion.price(request);
                Self::Chat(completion)
            }
            Ask::Image(request) => {
                let pieces = if effect == Effect::Empty { 0 } else { request.pieces };
                let (size, quality) = (&request.frame.priced_size, &request.frame.quality);
                let usage = Usage {
                    input_tokens: request.input.total(),
                    output_tokens: request.model.image_tokens(size, quality) * pieces,
                    images: pieces,
                };
                let cost_nanos = request.model.image_cost(request.input, size, quality, pieces);
                Self::Image { usage, cost_nanos }
            }
            Ask::Moderation(request) => {
                Self::Moderation { usage: Usage { input_tokens: request.tokens(), ..Usage::default() } }
            }
        }
    }

    pub(crate) fn usage(&self) -> Usage {
        match self {
            Self::Nothing => Usage::default(),
            Self::Chat(completion) => completion.usage,
            Self::Image { usage, .. } | Self::Moderation { usage } => *usage,
        }
    }

    pub(crate) fn cost_nanos(&self) -> i64 {
        match self {
            Self::Chat(completion) => completion.cost_nanos,
            Self::Image { cost_nanos, .. } => *cost_nanos,
            Self::Nothing | Self::Moderation { .. } => 0,
        }
    }

    /// The body of the answer, images drawn.
    pub(crate) async fn render(&self, ask: &Ask, fault: Option<&Fault>, id: RequestId, provider: &Provider) -> Bytes {
        let created = Utc::now().timestamp();
        match (ask, self) {
            (Ask::Chat(request), Self::Chat(completion)) => {
                let mut pictures = Vec::new();
                if let Output::Image(frame) = &request.output {
                    for piece in 0..completion.pieces {
                        let sketch = Sketch::of(&request.prompt.user, piece, &request.prompt.pictures);
                        pictures.push(draw(provider, sketch.sized(frame.width, frame.height), fault).await);
                    }
                }
                completion.render(request, id, created, &pictures)
            }
            (Ask::Image(request), Self::Image { usage, .. }) => {
                let mut pictures = Vec::new();
                for piece in 0..usage.images {
                    let (width, height) = (request.frame.width, request.frame.height);
                    let sketch = Sketch::of(&request.prompt, piece, &request.references)
                        .sized(width, height)
                        .format(request.format)
                        .transparent(request.transparent);
                    pictures.push(draw(provider, sketch, fault).await);
                }
                let origin = provider.origin.get().map_or("", String::as_str);
                images::render(request, *usage, created, pictures, &provider.files, origin)
            }
            (Ask::Moderation(request), _) => {
                let forced = fault.filter(|fault| fault.effect() == Effect::Flagged);
                request.render(id, forced.map(|fault| fault.text().unwrap_or("violence")))
            }
            _ => Bytes::new(),
        }
    }
}

async fn draw(provider: &Provider, sketch: Sketch, fault: Option<&Fault>) -> Picture {
    match fault.map_or(Effect::None, Fault::effect) {
        Effect::SvgImage => Picture {
            media_type: "image/svg+xml",
            bytes: Bytes::from_static(
                br#"<svg xmlns="http://www.w3.org/2000/svg" width="1024" height="1024"><rect width="1024" height="1024"/></svg>"#,
            ),
        },
        Effect::BlankImage => provider.pictures.get(sketch.blank()).await,
        Effect::SmallImage => provider.pictures.get(sketch.sized(64, 64)).await,
        Effect::WrongSize => {
            let (width, height) = fault.and_then(Fault::size).unwrap_or((512, 512));
            provider.pictures.get(sketch.sized(width, height)).await
        }
        Effect::SameAsLast => provider.pictures.get(provider.pictures.like_the_last(&sketch)).await,
        Effect::CorruptImage => {
            let picture = provider.pictures.get(sketch).await;
            Picture { bytes: damaged(&picture.bytes).into(), ..picture }
        }
        _ => provider.pictures.get(sketch).await,
    }
}
