//! What a caller is told when something goes wrong: `application/problem+json` (RFC 9457).
//!
//! Domain errors know no HTTP. [`domain`] turns each of them into a problem in one exhaustive place; [`framework`] does the
//! same for what the web framework refuses. A 5xx says nothing of the inside: the cause goes to the log, under the request id
//! that the caller is given.

mod domain;
mod framework;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use poem::http::header::{self, HeaderName};
use poem::http::{HeaderValue, StatusCode};
use poem::{Body, Response};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{ToJSON, Type};
use poem_openapi::{ApiResponse, Object};

use crate::door::RequestId;

/// The codes there are, for the description of the API.
pub const CODES: &str = include_str!("codes.md");

/// One thing that is wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(read_only_all)]
pub struct FieldError {
    /// Where, as a JSON pointer (RFC 6901): `/posts/3/tone`.
    pub pointer: String,
    /// The line of the input, where it has lines.
    #[oai(skip_serializing_if_is_none)]
    pub line: Option<u64>,
    /// What, as a stable name: `required`, `too_long`, `unknown_field`.
    pub code: &'static str,
    /// What, for people.
    pub detail: String,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), line: None, code, detail: detail.into() }
    }
}

/// The body of every error.
#[derive(Object)]
#[oai(rename = "Problem", read_only_all)]
struct ProblemView {
    /// A URN that ends with the code.
    #[oai(rename = "type")]
    kind: String,
    /// What the status means.
    title: String,
    status: u16,
    /// What went wrong, for people.
    detail: String,
    /// What went wrong, as a stable name for programs.
    code: String,
    /// Also in `X-Request-ID`; the service's log has it.
    #[oai(skip_serializing_if_is_none)]
    request_id: Option<String>,
    timestamp: String,
    /// The same as `status`.
    status_code: u16,
    /// Everything that is wrong with the input, up to 1,000 entries.
    #[oai(skip_serializing_if_is_none)]
    errors: Option<Vec<FieldError>>,
    /// How many errors of each code there are, those that are not listed included.
    #[oai(skip_serializing_if_is_none)]
    error_counts: Option<BTreeMap<String, u64>>,
}

/// An error on its way to the caller.
#[derive(Clone)]
pub struct Problem(Box<Parts>);

#[derive(Clone)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    error_counts: Option<BTreeMap<String, u64>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let headers = Vec::new();
        Self(Box::new(Parts { status, code, detail: detail.into(), errors: Vec::new(), error_counts: None, headers }))
    }

    /// 422 with everything that is wrong with the body.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The input has errors; see `errors`.");
        problem.0.errors = errors;
        problem
    }

    /// 400 for a query parameter that cannot be what it is.
    pub fn bad_parameter(name: &str, value: &str) -> Self {
        let value: String = value.chars().take(60).collect();
        Self::new(StatusCode::BAD_REQUEST, "invalid_parameter", format!("`{name}` cannot be {value:?}."))
    }

    /// 404 for what is not there, or is somebody else's.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("There is no such {what}."))
    }

    /// 409 for what the present state does not allow.
    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 401, with the challenge that the status asks for.
    pub fn unauthorized(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"broadside\""))
    }

    /// 503, with the time after which it is worth trying again.
    pub fn unavailable(code: &'static str, detail: impl Into<Cow<'static, str>>, after: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(after)
    }

    /// 500. The cause is logged here, once; the caller gets a constant text and the request id.
    pub fn internal(cause: &dyn fmt::Display) -> Self {
        tracing::error!(error = %cause, "a request failed inside");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side. The log has the details under this request id.",
        )
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Says when to try again, in whole seconds rounded up.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        let seconds = after.as_millis().div_ceil(1_000).max(1) as u64;
        self.header(header::RETRY_AFTER, seconds.into())
    }

    /// Says what is wrong with which part of the input, where the status is not 422.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Says more of this one than its kind does.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Exact totals by code, where more errors were found than are listed.
    #[must_use]
    pub fn error_counts(mut self, counts: BTreeMap<String, u64>) -> Self {
        self.0.error_counts = Some(counts);
        self
    }

    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The answer, under the id of its request.
    pub(crate) fn response(&self, request: Option<&RequestId>) -> Response {
        let parts = &*self.0;
        let view = ProblemView {
            kind: format!("urn:broadside:problem:{}", parts.code),
            title: parts.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: parts.status.as_u16(),
            detail: parts.detail.clone().into_owned(),
            code: parts.code.to_owned(),
            request_id: request.map(ToString::to_string),
            timestamp: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            status_code: parts.status.as_u16(),
            errors: (!parts.errors.is_empty()).then(|| parts.errors.clone()),
            error_counts: parts.error_counts.clone(),
        };
        let mut response = Response::builder()
            .status(parts.status)
            .content_type("application/problem+json")
            .body(Body::from_string(view.to_json_string()));
        for (name, value) in &parts.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.0.status.as_u16(), self.0.code, self.0.detail)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Problem {}

impl poem::error::ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.0.status
    }

    fn as_response(&self) -> Response {
        self.response(None)
    }
}

/// Any operation may answer with a problem: the document says so once, as its default answer.
impl ApiResponse for Problem {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "Anything that went wrong",
                status: None,
                status_range: None,
                content: vec![MetaMediaType {
                    content_type: "application/problem+json",
                    schema: ProblemView::schema_ref(),
                }],
                headers: vec![],
            }],
        }
    }

    fn register(registry: &mut Registry) {
        ProblemView::register(registry);
    }
}
