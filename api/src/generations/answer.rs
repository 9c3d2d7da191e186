//! Answers about generations: 200 with what came of one, 202 with where it will be found, or why there is nothing.

use std::time::Duration;

use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;
use shared::domain::{BatchStatus, PostStatus};
use shared::store::generations::Generation;

use super::view::GenerationView;
use crate::batches::text_header;
use crate::problem::Problem;

/// A generation on its way to the caller.
pub(crate) struct Answered {
    pub(crate) view: GenerationView,
    pub(crate) finished: bool,
    pub(crate) headers: Vec<(HeaderName, String)>,
}

impl Answered {
    /// Where a generation is found.
    pub(crate) fn location(&self) -> String {
        format!("/api/v1/jobs/{}", self.view.id)
    }
}

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        let location = self.location();
        let status = if self.finished { StatusCode::OK } else { StatusCode::ACCEPTED };
        let mut response = Json(self.view).into_response();
        response.set_status(status);
        let place = [(header::LOCATION, location), (header::CONTENT_LOCATION, String::new())];
        for (name, value) in place.into_iter().chain(self.headers).filter(|(_, value)| !value.is_empty()) {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl ApiResponse for Answered {
    fn meta() -> MetaResponses {
        let response = |status, description| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content: vec![MetaMediaType { content_type: "application/json", schema: GenerationView::schema_ref() }],
            headers: vec![
                text_header("Location", "The job of this generation"),
                text_header("Preference-Applied", "The wait that was granted"),
                text_header("Idempotent-Replay", "`true` when an earlier request with the same key asked for this"),
                text_header("X-Cache", "`hit` when an identical request was answered before, `miss` when not"),
                text_header("X-Cache-Key", "What names the request in the cache"),
                text_header("X-Cache-TTL", "For how many seconds the answer is kept"),
            ],
        };
        MetaResponses { responses: vec![response(200, "What came of it"), response(202, "It is still being made")] }
    }

    fn register(registry: &mut Registry) {
        GenerationView::register(registry);
    }
}

/// Why a generation that has ended gave nothing; `None` when it gave something, if only some of its parts.
pub(crate) fn failure(generation: &Generation) -> Option<Problem> {
    if generation.parts.iter().any(|part| part.status == PostStatus::Completed) {
        return None;
    }
    let part = generation.parts.iter().find(|part| part.error_class.is_some());
    let class = part.and_then(|part| part.error_class.as_deref()).unwrap_or_default();
    let message = part.and_then(|part| part.error_message.clone()).unwrap_or_else(|| "Nothing was made.".to_owned());
    let problem = match generation.status {
        BatchStatus::Cancelled => Problem::conflict("cancelled", "This was cancelled before it was made."),
        BatchStatus::Failed => match class {
            "budget_exceeded" => Problem::new(StatusCode::PAYMENT_REQUIRED, "budget_exceeded", message),
            "content_policy" => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "content_policy", message),
            "quality" | "unwritable" => Problem::new(StatusCode::BAD_GATEWAY, "generation_failed", message),
            _ => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "generation_failed", message)
                .retry_after(Duration::from_secs(30)),
        },
        _ => return None,
    };
    let location = HeaderValue::try_from(format!("/api/v1/jobs/{}", generation.id)).ok()?;
    Some(problem.header(header::LOCATION, location))
}
