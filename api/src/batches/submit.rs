//! Submitting a batch: read, checked and placed in one transaction, then pushed once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{ToJSON, Type};
use serde_json::Value;
use shared::domain::{BatchId, CampaignId, NewBatch};
use shared::store::idempotency::{self, Claim, KeyedRequest};
use shared::store::place::place;
use tokio::runtime::{Handle, RuntimeFlavor};
use uuid::Uuid;

use super::body::BatchBody;
use super::parse::{Parsed, Refused, UnknownFields, parse};
use super::poll::text_header;
use super::view::BatchView;
use crate::app::App;
use crate::caller::Caller;
use crate::idempotency_key::IdempotencyKey;
use crate::problem::{FieldError, Problem};

/// A body of this many bytes is read off the event loop.
const SLOW: usize = 64 * 1024;

/// A batch that is to be made.
pub struct Submission {
    pub campaign: CampaignId,
    pub body: BatchBody,
    pub key: Option<IdempotencyKey>,
    pub unknown: UnknownFields,
}

/// Places a batch. The work goes on when the caller hangs up: with its key the caller finds the answer again.
pub async fn submit(app: &Arc<App>, caller: Caller, submission: Submission) -> Result<Submitted, Problem> {
    refuse_without_providers(app)?;
    let app = Arc::clone(app);
    to_the_end(async move { run(&app, caller, submission).await }).await
}

/// Places a batch that was read elsewhere; `complete` adds to its view what only its reader knows. The work goes on when
/// the caller hangs up.
pub(crate) async fn submit_parsed(
    app: &Arc<App>,
    caller: Caller,
    campaign: CampaignId,
    new: NewBatch<'static>,
    keyed: Option<KeyedRequest>,
    complete: impl FnOnce(&mut Value) + Send + 'static,
) -> Result<Submitted, Problem> {
    let app = Arc::clone(app);
    to_the_end(async move { place_once(&app, caller, campaign, &new, keyed, &[], complete).await }).await
}

/// 503 where there is no provider to make anything with.
pub(crate) fn refuse_without_providers(app: &App) -> Result<(), Problem> {
    if app.refuses_generation() {
        return Err(Problem::unavailable(
            "generation_unavailable",
            "No provider is configured: set OPENAI_API_KEY, or another provider's key.",
            Duration::from_mins(1),
        ));
    }
    Ok(())
}

/// Does work that its caller's going away does not end.
async fn to_the_end(
    work: impl Future<Output = Result<Submitted, Problem>> + Send + 'static,
) -> Result<Submitted, Problem> {
    let work = tracing::Instrument::instrument(work, tracing::Span::current());
    tokio::spawn(work).await.map_err(|error| Problem::internal(&error))?
}

async fn run(app: &App, caller: Caller, submission: Submission) -> Result<Submitted, Problem> {
    let bytes: Bytes = submission.body.bytes.clone();
    let Parsed { batch: new, ignored } = off_the_loop(&bytes, submission.unknown)?;
    let keyed = submission.key.map(|key| {
        let what = format!("POST /campaigns/{}/generate-batch", submission.campaign);
        KeyedRequest::new(caller.user, key.as_str(), &what, &bytes)
    });
    let ignored: Vec<String> = ignored.into_iter().collect();
    place_once(app, caller, submission.campaign, &new, keyed, &ignored, |_| {}).await
}

/// Places a batch, once for each key, and pushes its first posts.
async fn place_once(
    app: &App,
    caller: Caller,
    campaign: CampaignId,
    new: &NewBatch<'_>,
    keyed: Option<KeyedRequest>,
    ignored: &[String],
    complete: impl FnOnce(&mut Value),
) -> Result<Submitted, Problem> {
    let release = app.doorbell.release().await;
    let mut tx = app.store.pool().begin().await?;
    if let Some(request) = &keyed
        && let Claim::Replay { resource, response } = idempotency::claim(&mut tx, request).await?
    {
        return Ok(Submitted::again(app, caller, BatchId(resource), response));
    }
    if !new.mode.is_in_range(chrono::Utc::now()) {
        return Err(Problem::invalid(vec![FieldError::new(
            "/deadline".to_owned(),
            "out_of_range",
            "must lie between 1 hour and 7 days ahead".to_owned(),
        )]));
    }
    let placed = place(&mut tx, caller.user, campaign, new, release).await?;
    let id = placed.batch.id;
    let mut view = BatchView::of(&placed.batch, &app.links).to_json().unwrap_or_default();
    complete(&mut view);
    if let Some(request) = &keyed {
        idempotency::keep(&mut tx, request, id.0, &view).await?;
    }
    tx.commit().await?;
    tracing::info!(batch.id = %id, batch.posts = new.posts.len(), user.id = %caller.user, "a batch was placed");
    app.doorbell.ring(id, placed.first).await;
    Ok(Submitted::fresh(app, caller, id, view, ignored))
}

/// Reads a body; a long one keeps no other task of its thread waiting.
pub(crate) fn off_the_loop(bytes: &Bytes, unknown: UnknownFields) -> Result<Parsed<'_>, Refused> {
    let several_threads = Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
    if bytes.len() > SLOW && several_threads {
        tokio::task::block_in_place(|| parse(bytes, unknown))
    } else {
        parse(bytes, unknown)
    }
}

/// 202: the batch is in the books.
pub struct Submitted(Response);

impl Submitted {
    fn fresh(app: &App, caller: Caller, id: BatchId, view: Value, ignored: &[String]) -> Self {
        let mut response = Self::response(app, caller, id, view);
        if let Some(names) = header_list(ignored) {
            response.headers_mut().insert("x-ignored-fields", names);
        }
        Self(response)
    }

    /// What was answered the first time. Its link to the events has to be made anew: it was never stored.
    fn again(app: &App, caller: Caller, id: BatchId, view: Value) -> Self {
        let mut response = Self::response(app, caller, id, view);
        response.headers_mut().insert("idempotent-replay", HeaderValue::from_static("true"));
        Self(response)
    }

    fn response(app: &App, caller: Caller, id: BatchId, mut view: Value) -> Response {
        view["events_url"] = Value::String(app.links.events(id, caller.user, caller.session));
        Response::builder()
            .status(StatusCode::ACCEPTED)
            .header(header::LOCATION, format!("/api/v1/batch-jobs/{}", Uuid::from(id)))
            .content_type("application/json")
            .body(view.to_string())
    }
}

/// Names as the value of a header. Names come from the body: what no header can hold is left out.
fn header_list(names: &[String]) -> Option<HeaderValue> {
    let plain = |name: &&String| name.len() <= 100 && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    let names: Vec<&str> = names.iter().filter(plain).map(String::as_str).collect();
    if names.is_empty() { None } else { names.join(", ").try_into().ok() }
}

impl IntoResponse for Submitted {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Submitted {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The batch is accepted; workers make its posts",
                status: Some(202),
                status_range: None,
                content: vec![MetaMediaType { content_type: "application/json", schema: BatchView::schema_ref() }],
                headers: vec![
                    text_header("Location", "Where the batch is found"),
                    text_header("Idempotent-Replay", "`true` when this is the stored answer to an earlier request"),
                    text_header("X-Ignored-Fields", "Unknown fields that were ignored, on the compatible paths"),
                ],
            }],
        }
    }

    fn register(registry: &mut Registry) {
        BatchView::register(registry);
    }
}
