//! What the web framework refuses, as a problem.

use poem::error::{MethodNotAllowedError, NotFoundError, ReadBodyError};
use poem::http::StatusCode;
use poem_openapi::error::{ContentTypeError, ParseParamError, ParsePathError};

use super::{FieldError, Problem};

impl From<poem::Error> for Problem {
    fn from(error: poem::Error) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(problem) => return problem,
            Err(error) => error,
        };
        if error.is::<NotFoundError>() || error.is::<ParsePathError>() {
            // An id that cannot be one names nothing.
            return Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this path.");
        }
        if error.is::<MethodNotAllowedError>() {
            return Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This path does not take that method.",
            );
        }
        if error.is::<ContentTypeError>() {
            return Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send the body with the content type that the documentation names, as a rule application/json.",
            );
        }
        if let Some(error) = error.downcast_ref::<ParseParamError>() {
            let mut problem =
                Self::new(StatusCode::BAD_REQUEST, "invalid_parameter", "A query or header parameter has an error.");
            problem.0.errors = vec![FieldError::new(error.name, "invalid", error.reason.clone())];
            return problem;
        }
        match error.downcast_ref::<ReadBodyError>() {
            Some(ReadBodyError::PayloadTooLarge) => return Self::too_large(),
            Some(_) => return Self::malformed("The body could not be read."),
            None => {}
        }
        match error.status() {
            status if status.is_server_error() => Self::internal(&error),
            status => Self::new(status, "bad_request", status.canonical_reason().unwrap_or("Bad request")),
        }
    }
}

impl Problem {
    /// 413.
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is larger than this path takes.")
    }

    /// 415, with what would be taken.
    pub fn unsupported(detail: &'static str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    }

    /// 400 for a body that cannot be read at all.
    pub fn malformed(detail: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }
}
