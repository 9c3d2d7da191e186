//! Which pages of other origins a browser lets call us.
//!
//! Nothing is refused here: an origin that is not listed gets its answer without the headers, and its browser keeps the
//! answer from the page. Tokens travel in a header, never in a cookie, so credentials are not allowed.

use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Request, Response};

const ALLOWED_METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-none-match, last-event-id, prefer, x-request-id",
);
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static(
    "etag, idempotent-replay, location, preference-applied, ratelimit, ratelimit-policy, retry-after, x-ignored-fields, x-request-id",
);

/// The origins that are let in.
#[derive(Debug)]
pub enum Cors {
    Nobody,
    Anybody,
    These(Vec<HeaderValue>),
}

impl Cors {
    /// From the comma-separated setting.
    pub fn new(origins: &str) -> Self {
        let origins: Vec<&str> = origins.split(',').map(str::trim).filter(|origin| !origin.is_empty()).collect();
        if origins.contains(&"*") {
            Self::Anybody
        } else if origins.is_empty() {
            Self::Nobody
        } else {
            Self::These(origins.iter().filter_map(|origin| origin.trim_end_matches('/').parse().ok()).collect())
        }
    }

    /// Whether a browser asks what it may send.
    pub fn is_preflight(&self, request: &Request) -> bool {
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    }

    pub fn preflight(&self, request: &Request) -> Response {
        let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
        if self.allowed(request.headers().get(header::ORIGIN)).is_some() {
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
        }
        response
    }

    /// Marks an answer for the origin that asked.
    pub fn mark(&self, response: &mut Response, origin: Option<&HeaderValue>) {
        if let Self::These(_) = self {
            response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(allowed) = self.allowed(origin) {
            response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
            response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
        }
    }

    fn allowed(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        let origin = origin?;
        match self {
            Self::Nobody => None,
            Self::Anybody => Some(HeaderValue::from_static("*")),
            Self::These(origins) => origins.contains(origin).then(|| origin.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::Cors;

    #[test]
    fn only_listed_origins_are_let_in() {
        let ours = HeaderValue::from_static("https://app.example");
        let theirs = HeaderValue::from_static("https://evil.example");
        let some = Cors::new(" https://app.example/ ,https://b.example");
        assert_eq!(some.allowed(Some(&ours)), Some(ours.clone()));
        assert_eq!(some.allowed(Some(&theirs)), None);
        assert_eq!(some.allowed(None), None);
        assert_eq!(Cors::new("").allowed(Some(&ours)), None);
        assert_eq!(Cors::new("*").allowed(Some(&theirs)), Some(HeaderValue::from_static("*")));
    }
}
