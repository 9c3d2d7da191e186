//! The door that every request passes: request id, log line, errors as problem+json, headers of every answer.

mod address;
mod compress;
mod cors;
mod request_id;
mod request_span;

pub use address::client_address;
pub use cors::Cors;
pub use request_id::RequestId;
pub(crate) use request_span::RequestSpan;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt;
use http_body_util::combinators::BoxBody;
use hyper::body::Body;
use poem::http::uri::PathAndQuery;
use poem::http::{HeaderMap, HeaderValue, Method, Uri, header};
use poem::{Endpoint, Request, Response, Result};
use tracing::Instrument;

use crate::app::App;
use crate::problem::Problem;
use crate::service::Observation;

/// The path of an operation with its parameters by name; put on every answer for the log.
#[derive(Clone, Debug)]
pub struct Template(pub Arc<str>);

/// Wraps all routes.
pub struct Door<E> {
    inner: E,
    app: Arc<App>,
    cors: Cors,
}

impl<E> Door<E> {
    pub fn new(inner: E, app: Arc<App>) -> Self {
        let cors = Cors::new(&app.settings.http.cors_origins);
        Self { inner, app, cors }
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Door<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let started = Instant::now();
        let id = RequestId::of(request.headers());
        let method = request.method().clone();
        let origin = request.headers().get(header::ORIGIN).cloned();
        let request_bytes = stated_length(request.headers());
        let encodings = request.headers().get(header::ACCEPT_ENCODING).cloned();
        let address = address::whole_address(&request, self.app.settings.http.trusted_proxies);
        let span = RequestSpan::new(&id, address);
        request.set_data(span.clone());
        let span = span.0;
        request.set_data(id.clone());
        request.set_data(Arc::clone(&self.app));
        drop_trailing_slash(request.uri_mut());
        let (mut response, template) = if self.cors.is_preflight(&request) {
            (self.cors.preflight(&request), None)
        } else {
            self.pass(request, &id, &method).instrument(span.clone()).await
        };
        self.cors.mark(&mut response, origin.as_ref());
        finish(&mut response, &id);
        let mut response = compress::compress(response, encodings.as_ref(), &method);
        self.app.metrics.observe(&Observation {
            template: template.as_ref().map(|template| &*template.0),
            method: &method,
            status: response.status(),
            took: started.elapsed(),
            request_bytes,
            response_bytes: length(&mut response),
        });
        span.in_scope(|| log(&method, template.as_ref(), &response, started));
        Ok(response)
    }
}

impl<E: Endpoint<Output = Response>> Door<E> {
    /// The answer of the routes; an error or a panic becomes a problem.
    async fn pass(&self, request: Request, id: &RequestId, method: &Method) -> (Response, Option<Template>) {
        match AssertUnwindSafe(self.inner.call(request)).catch_unwind().await {
            Ok(Ok(response)) => {
                let template = response.data::<Template>().cloned();
                (response, template)
            }
            Ok(Err(error)) => {
                let template = error.data::<Template>().cloned();
                let mut response = Problem::from(error).response(Some(id));
                if method == Method::HEAD {
                    response.set_body(());
                }
                (response, template)
            }
            Err(_) => (Problem::internal(&"a handler panicked").response(Some(id)), None),
        }
    }
}

fn finish(response: &mut Response, id: &RequestId) {
    let headers = response.headers_mut();
    headers.insert("x-request-id", id.header());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(header::X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
    // Answers belong to one caller; whoever may keep one says so.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// What a request says of the length of its body.
fn stated_length(headers: &HeaderMap) -> u64 {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or_default()
}

/// The length of an answer's body, where it is known before it is sent.
fn length(response: &mut Response) -> u64 {
    let body: BoxBody<Bytes, std::io::Error> = response.take_body().into();
    let length = body.size_hint().exact().unwrap_or_default();
    response.set_body(body);
    length
}

/// One line a request. Never the query, which may carry a signature, and never a body.
fn log(method: &Method, template: Option<&Template>, response: &Response, started: Instant) {
    let status = response.status().as_u16();
    let milliseconds = started.elapsed().as_millis() as u64;
    let path = template.map_or("(no route)", |template| &*template.0);
    if matches!(path, "/livez" | "/readyz" | "/health" | "/api/health" | "/metrics") && status < 500 {
        tracing::debug!(http.method = %method, http.route = path, http.status = status, http.ms = milliseconds);
    } else {
        tracing::info!(http.method = %method, http.route = path, http.status = status, http.ms = milliseconds);
    }
}

/// `/campaigns/` is `/campaigns`.
fn drop_trailing_slash(uri: &mut Uri) {
    let path = uri.path();
    let kept = path.trim_end_matches('/');
    if kept.len() == path.len() || kept.is_empty() {
        return;
    }
    let shorter = match uri.query() {
        Some(query) => format!("{kept}?{query}"),
        None => kept.to_owned(),
    };
    if let Ok(shorter) = shorter.parse::<PathAndQuery>() {
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(shorter);
        if let Ok(shorter) = Uri::from_parts(parts) {
            *uri = shorter;
        }
    }
}

#[cfg(test)]
mod tests {
    use poem::http::Uri;

    use super::drop_trailing_slash;

    #[test]
    fn a_trailing_slash_makes_no_difference() {
        for (given, kept) in [("/a/", "/a"), ("/a", "/a"), ("/", "/"), ("/a/?b=c/", "/a?b=c/"), ("//", "//")] {
            let mut uri: Uri = given.parse().expect("a path");
            drop_trailing_slash(&mut uri);
            assert_eq!(uri.to_string(), kept);
        }
    }
}
