//! One HTTP exchange, and never more than one: the transport under the API client.
//!
//! The client's own transport hides headers, retries by itself and logs bodies. This one sends once, bounds the time until
//! the first byte, between bytes and in all, bounds the size of the answer and the memory of all answers together, and
//! keeps status, headers and body. The client gets `null` for an answer; the real one is taken from [`Exchange`].

mod body;
mod desk;
mod endpoint;
mod form;
mod lift;
mod memory;
mod pieces;

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::Client;
use async_openai::config::Config;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use async_openai::traits::RequestOptionsBuilder;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use shared::domain::CallId;
use tokio::time::{Instant, timeout_at};

pub(crate) use body::{Body, BodyError, Expected, read_whole};
pub(crate) use desk::{DeskRequest, SMALL as DESK_PATIENCE, ask as ask_desk};
pub(crate) use endpoint::Endpoint;
pub(crate) use form::Form;
pub(crate) use lift::{LIFTED, Picture};
pub(crate) use memory::{BodyMemory, Booking};

use body::read_start;

use super::ask::Reference;

/// The header that our id of a call travels in, so that bills and attempts can be joined.
const CLIENT_REQUEST_ID: &str = "x-client-request-id";
/// What is read of an error's body; the rest is dropped.
const ERROR_BODY: usize = 64 << 10;

/// What is sent where. Pictures that go along are encoded right before they are sent.
#[derive(Debug)]
pub(crate) enum Request {
    Chat(Value),
    /// A chat whose last message shows pictures.
    ChatShowing(Value, Vec<Reference>),
    Image(Value),
    /// An image made of pictures.
    Edit(Form),
    Moderation(Value),
}

impl Request {
    const fn body(&self) -> &Value {
        match self {
            Self::Chat(body) | Self::ChatShowing(body, _) | Self::Image(body) | Self::Moderation(body) => body,
            Self::Edit(form) => &form.fields,
        }
    }

    /// The request without the pictures in it.
    pub(crate) fn into_body(self) -> Value {
        match self {
            Self::Chat(body) | Self::ChatShowing(body, _) | Self::Image(body) | Self::Moderation(body) => body,
            Self::Edit(form) => form.fields,
        }
    }

    pub(crate) const fn is_chat(&self) -> bool {
        matches!(self, Self::Chat(_) | Self::ChatShowing(..))
    }

    /// The size of the request as it is sent, without the pictures in it.
    pub(crate) fn size(&self) -> usize {
        self.body().to_string().len()
    }

    /// What the pictures in it take in memory while it is sent.
    pub(crate) fn encoded_pictures(&self) -> usize {
        let bytes = |references: &[Reference]| references.iter().map(|it| it.bytes.len()).sum::<usize>();
        match self {
            Self::Chat(_) | Self::Image(_) | Self::Moderation(_) => 0,
            // As they are.
            Self::Edit(form) => bytes(&form.references),
            // In base64, as JSON and as the text of it.
            Self::ChatShowing(_, references) => bytes(references).div_ceil(3) * 8,
        }
    }
}

/// What bounds an exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) first_byte: Duration,
    pub(crate) whole: Duration,
    pub(crate) body: Expected,
}

/// A success, whatever it holds.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

/// Why there is no good answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// Nothing was sent: free to repeat.
    #[error("no connection")]
    Connect(#[source] reqwest::Error),
    /// May have been billed.
    #[error("no answer in time")]
    Timeout,
    /// May have been billed.
    #[error("the transfer broke off")]
    Transfer(#[source] reqwest::Error),
    #[error("an answer of more than {0} bytes")]
    TooBig(usize),
    #[error("HTTP {status}")]
    Status { status: StatusCode, headers: Box<HeaderMap>, body: Bytes },
    /// The request could not be written; nothing was sent.
    #[error("no request")]
    Unwritable(#[source] Box<OpenAIError>),
}

impl WireError {
    pub(crate) fn headers(&self) -> Option<&HeaderMap> {
        match self {
            Self::Status { headers, .. } => Some(headers),
            _ => None,
        }
    }
}

/// Sends `request` once and reads the answer. `room` is booked for the pictures in the request, and grows to hold the answer.
pub(crate) async fn exchange(
    http: &reqwest::Client,
    memory: &BodyMemory,
    endpoint: &Arc<dyn Config>,
    call: CallId,
    request: &Request,
    room: Booking,
    bounds: Bounds,
) -> Result<Answer, WireError> {
    let slot = Arc::new(Mutex::new(None));
    let room = Arc::new(Mutex::new(room));
    let once = Once { http: http.clone(), memory: memory.clone(), bounds, room, slot: Arc::clone(&slot) };
    let client = Client::build(http.clone(), Arc::clone(endpoint)).with_http_service(once);
    let id = call.to_string();
    let sent: Result<(), OpenAIError> = match request {
        Request::Chat(body) => match client.chat().header(CLIENT_REQUEST_ID, id.as_str()) {
            Ok(chat) => chat.create_byot(body).await,
            Err(error) => Err(error),
        },
        Request::ChatShowing(body, references) => match client.chat().header(CLIENT_REQUEST_ID, id.as_str()) {
            Ok(chat) => chat.create_byot(form::showing(body, references)).await,
            Err(error) => Err(error),
        },
        Request::Edit(form) => match client.images().header(CLIENT_REQUEST_ID, id.as_str()) {
            Ok(images) => images.edit_byot(form.clone()).await,
            Err(error) => Err(error),
        },
        Request::Image(body) => match client.images().header(CLIENT_REQUEST_ID, id.as_str()) {
            Ok(images) => images.generate_byot(body).await,
            Err(error) => Err(error),
        },
        Request::Moderation(body) => match client.moderations().header(CLIENT_REQUEST_ID, id.as_str()) {
            Ok(moderations) => moderations.create_byot(body).await,
            Err(error) => Err(error),
        },
    };
    let outcome = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (outcome, sent) {
        (Some(outcome), _) => outcome,
        (None, Err(error)) => Err(WireError::Unwritable(Box::new(error))),
        (None, Ok(())) => Err(WireError::Unwritable(Box::new(OpenAIError::InvalidArgument("not sent".to_owned())))),
    }
}

/// Reads `path` of a provider, once. It is no call of the ledger: what is read so costs nothing.
pub(crate) async fn get(
    http: &reqwest::Client,
    memory: &BodyMemory,
    endpoint: &Arc<dyn Config>,
    path: &str,
    bounds: Bounds,
) -> Result<Answer, WireError> {
    let request = http.get(endpoint.url(path)).headers(endpoint.headers()).build();
    let once = Once { http: http.clone(), memory: memory.clone(), bounds, room: Arc::default(), slot: Slot::default() };
    once.attempt(request.map_err(|error| WireError::Unwritable(Box::new(error.into())))?).await
}

/// Where the transport leaves what it got; the client above it only learns that it is there.
type Slot = Arc<Mutex<Option<Result<Answer, WireError>>>>;

/// The transport: exactly one attempt.
#[derive(Clone)]
struct Once {
    http: reqwest::Client,
    memory: BodyMemory,
    bounds: Bounds,
    /// What is booked for the request; the answer takes it over.
    room: Arc<Mutex<Booking>>,
    slot: Slot,
}

impl tower::Service<HttpRequestFactory> for Once {
    type Response = reqwest::Response;
    type Error = OpenAIError;
    type Future = Pin<Box<dyn Future<Output = Result<reqwest::Response, OpenAIError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let once = self.clone();
        Box::pin(async move {
            let request = factory.build().await?;
            let outcome = once.attempt(request).await;
            *once.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            Ok(http::Response::new("null").into())
        })
    }
}

impl Once {
    async fn attempt(&self, request: reqwest::Request) -> Result<Answer, WireError> {
        let start = Instant::now();
        let deadline = start + self.bounds.whole;
        let first_byte = deadline.min(start + self.bounds.first_byte);
        let mut response = timeout_at(first_byte, self.http.execute(request))
            .await
            .map_err(|_| WireError::Timeout)?
            // A connection that timed out is one that was not made.
            .map_err(|error| if error.is_connect() { WireError::Connect(error) } else { WireError::Transfer(error) })?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        if !status.is_success() {
            let body = read_start(&mut response, ERROR_BODY, deadline).await;
            return Err(WireError::Status { status, headers: Box::new(headers), body });
        }
        let room = std::mem::take(&mut *self.room.lock().unwrap_or_else(PoisonError::into_inner));
        let body = read_whole(&mut response, &self.memory, room, self.bounds.body, deadline).await;
        let body = body.map_err(|error| match error {
            BodyError::Slow => WireError::Timeout,
            BodyError::Broken(error) => WireError::Transfer(error),
            BodyError::TooBig => WireError::TooBig(self.bounds.body.cap()),
        })?;
        Ok(Answer { headers, body })
    }
}
