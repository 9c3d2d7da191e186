//! Polling a batch: at once, or held until there is something to say.

use std::time::Duration;

use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry};
use poem_openapi::types::{ToJSON, Type};
use shared::domain::BatchId;
use shared::store::batches::Batch;
use tokio::time::Instant;

use super::tag::Tag;
use super::view::BatchView;
use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;

/// The longest that a poll is held.
const LONGEST: Duration = Duration::from_mins(2);

/// What a poll asks for beside the batch.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// `If-None-Match`.
    pub unless: Option<String>,
    /// `Prefer: wait=N`.
    pub wait: Option<Duration>,
}

impl Condition {
    pub fn new(unless: Option<String>, prefer: Option<&str>) -> Self {
        Self { unless, wait: prefer.and_then(preferred_wait) }
    }

    /// Whether a batch is worth an answer: with a tag when it stands otherwise, without one when it is final.
    fn is_met(&self, batch: &Batch) -> bool {
        match &self.unless {
            Some(unless) => !Tag::of(batch).is_in(unless),
            None => batch.status.is_final(),
        }
    }
}

/// The seconds of a `wait` preference (RFC 7240), 120 at most.
pub(crate) fn preferred_wait(prefer: &str) -> Option<Duration> {
    let mut preferences = prefer.split(',').filter_map(|preference| preference.split(';').next()?.split_once('='));
    let (_, seconds) = preferences.find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))?;
    let seconds = seconds.trim().trim_matches('"').parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST))
}

/// Answers how a batch stands. A poll that waits is answered when its condition is met, its time is up, or the process is
/// told to stop; the time runs from here on.
pub async fn poll(app: &App, caller: Caller, id: BatchId, condition: &Condition) -> Result<Polled, Problem> {
    let deadline = condition.wait.map(|wait| Instant::now() + wait);
    let mut batch = app.board.read(caller.user, id).await?.ok_or_else(|| Problem::not_found("batch"))?;
    if let Some(deadline) = deadline.filter(|_| !condition.is_met(&batch)) {
        let mut scenes = app.board.follow(batch);
        loop {
            batch = std::sync::Arc::clone(&scenes.borrow_and_update().batch);
            if condition.is_met(&batch) {
                break;
            }
            tokio::select! {
                changed = scenes.changed() => if changed.is_err() { break },
                () = tokio::time::sleep_until(deadline) => break,
                () = app.stopping.cancelled() => break,
                () = app.sessions.revoked(caller.session) => {
                    app.sessions.check(caller.session)?;
                }
            }
        }
    }
    Ok(Polled::new(app, caller, &batch, condition))
}

/// A batch, or the news that it stands as the caller knows it.
pub struct Polled(Response);

impl Polled {
    fn new(app: &App, caller: Caller, batch: &Batch, condition: &Condition) -> Self {
        let tag = Tag::of(batch);
        let mut response = if condition.unless.as_ref().is_some_and(|unless| tag.is_in(unless)) {
            Response::builder().status(StatusCode::NOT_MODIFIED).finish()
        } else {
            let view = BatchView::for_caller(batch, &app.links, caller);
            Response::builder().content_type("application/json").body(view.to_json_string())
        };
        let headers = response.headers_mut();
        // Kept by its reader only, and asked after each time.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        if let Ok(tag) = HeaderValue::try_from(tag.to_string()) {
            headers.insert(header::ETAG, tag);
        }
        if let Some(wait) = condition.wait
            && let Ok(applied) = HeaderValue::try_from(format!("wait={}", wait.as_secs()))
        {
            headers.insert("preference-applied", applied);
        }
        Self(response)
    }
}

impl IntoResponse for Polled {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Polled {
    fn meta() -> MetaResponses {
        let response = |status, description, content| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content,
            headers: vec![
                text_header("ETag", "The state of the batch"),
                text_header("Preference-Applied", "The wait that was granted"),
            ],
        };
        let batch = MetaMediaType { content_type: "application/json", schema: BatchView::schema_ref() };
        MetaResponses {
            responses: vec![
                response(200, "The batch", vec![batch]),
                response(304, "The batch stands as the caller knows it", vec![]),
            ],
        }
    }

    fn register(registry: &mut Registry) {
        BatchView::register(registry);
    }
}

/// A header of an answer, for the document.
pub(crate) fn text_header(name: &str, description: &str) -> MetaHeader {
    MetaHeader {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required: false,
        deprecated: false,
        schema: MetaSchemaRef::Inline(Box::new(poem_openapi::registry::MetaSchema::new("string"))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::preferred_wait;

    #[test]
    fn a_wait_is_read_among_other_preferences() {
        for (prefer, seconds) in [
            ("wait=5", Some(5)),
            ("respond-async, Wait = \"7\"; x=1", Some(7)),
            ("wait=99999", Some(120)),
            ("wait=0", Some(0)),
            ("wait=-1", None),
            ("wait", None),
            ("", None),
        ] {
            assert_eq!(preferred_wait(prefer), seconds.map(Duration::from_secs), "{prefer}");
        }
    }
}
