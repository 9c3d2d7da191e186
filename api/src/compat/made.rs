//! Having something made for a front end that waits for it: old back ends answered when the work was done.
//!
//! The answer is held for five minutes, or as long as `Prefer: wait=N` says. After that the caller is told where the job is
//! found, and the work goes on. An identical request is answered from the cache for an hour, unless `X-Cache-TTL` says
//! otherwise.

use std::sync::Arc;
use std::time::Duration;

use poem::Request;
use poem::http::header;
use poem::http::{HeaderName, HeaderValue, StatusCode};
use poem_openapi::payload::Response;
use serde_json::value::RawValue;
use shared::store::generations::Generation;

use super::OpenCaller;
use crate::app::App;
use crate::generations::{Asked, Placing, ended};
use crate::parse::Fields;
use crate::problem::Problem;

/// How long an answer is held.
const PATIENCE: Duration = Duration::from_mins(5);
/// How long an answer is kept for identical requests.
const CACHED: Duration = Duration::from_hours(1);
/// The longest name of whoever a client says that it asks for.
const EXTERNAL_USER: usize = 255;

/// What came of a request, well or not.
pub(super) struct Made {
    pub(super) generation: Generation,
    headers: Vec<(HeaderName, String)>,
}

/// Has something made and waits for its end.
pub(super) async fn made(app: &Arc<App>, caller: OpenCaller, request: &Request, asked: Asked) -> Result<Made, Problem> {
    caller.admit(app, request)?;
    let placing = Placing::of(request.headers())?;
    let cache = if request.headers().contains_key("x-cache-ttl") { placing.cache } else { Some(CACHED) };
    let placing = Placing { patience: placing.patience.or_for(PATIENCE), cache, ..placing };
    let (generation, finished, mut headers) = ended(app, caller.into(), asked, placing).await?;
    let location = format!("/api/v1/jobs/{}", generation.id);
    if !finished {
        let detail = "It is still being made; the job tells when it is done.";
        let problem = Problem::new(StatusCode::GATEWAY_TIMEOUT, "generation_timeout", detail);
        return Err(match HeaderValue::try_from(location) {
            Ok(location) => problem.header(header::LOCATION, location),
            Err(error) => Problem::internal(&error),
        });
    }
    headers.push((header::CONTENT_LOCATION, location));
    Ok(Made { generation, headers })
}

impl Made {
    /// Why nothing was made, in words for people; `None` when something was.
    pub(super) fn failure(&self) -> Option<&str> {
        let parts = &self.generation.parts;
        if parts.iter().any(|part| part.result.is_some() && part.error_class.is_none()) {
            return None;
        }
        let reason = parts.iter().find_map(|part| part.error_message.as_deref());
        Some(reason.unwrap_or("it was cancelled"))
    }

    /// An answer with what is told about its making.
    pub(super) fn telling<T>(self, answer: Response<T>) -> Response<T> {
        self.headers.into_iter().fold(answer, |answer, (name, value)| answer.header(name, value))
    }
}

/// The `user_id` of a body, text or a number: kept as a reference of the client's, and trusted for nothing.
pub(super) fn external_user(fields: &mut Fields<'_, '_>) -> Option<String> {
    let raw: &RawValue = fields.given("user_id")?;
    let named = serde_json::from_str::<String>(raw.get()).ok();
    let numbered = || raw.get().parse::<i64>().ok().map(|number| number.to_string());
    let named = named.or_else(numbered).map(|name| name.trim().to_owned());
    match named {
        Some(name) if name.is_empty() => None,
        Some(name) if name.chars().count() <= EXTERNAL_USER && !name.contains('\0') => Some(name),
        _ => fields.wrong(
            "user_id",
            "invalid",
            format!("must be a text of at most {EXTERNAL_USER} characters, or a number"),
        ),
    }
}
