//! Which path does what.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::{
    batches,
    body::{AnswerBody, ResetSwitch},
    call::{self, Endpoint},
    images::Files,
    models,
    provider::Provider,
    refusal::Refusal,
    scenario::Scenario,
};

pub(crate) async fn route(
    provider: Arc<Provider>,
    request: Request<Incoming>,
    reset: ResetSwitch,
) -> Result<Response<AnswerBody>, Infallible> {
    let path = request.uri().path();
    let endpoint = match path {
        "/v1/chat/completions" => Some(Endpoint::Chat),
        "/v1/images/generations" => Some(Endpoint::Image),
        "/v1/images/edits" => Some(Endpoint::Edit),
        "/v1/moderations" => Some(Endpoint::Moderation),
        _ => None,
    };
    Ok(match endpoint {
        Some(endpoint) if request.method() == Method::POST => call::answer(&provider, endpoint, request, &reset).await,
        Some(_) => refused(&wrong_method(&request)),
        None if batches::serves(path) => batches::answer(&provider, request, &reset).await,
        None if path.starts_with("/v1/") => {
            list_models(&provider, &request).unwrap_or_else(|refusal| refused(&refusal))
        }
        None => admin(&provider, request).await,
    })
}

fn list_models(provider: &Provider, request: &Request<Incoming>) -> Result<Response<AnswerBody>, Refusal> {
    let path = request.uri().path();
    let Some(rest) = path.strip_prefix("/v1/models") else {
        let message = format!("Invalid URL ({} {path})", request.method());
        return Err(Refusal::new(404, "invalid_request_error", Value::Null, message));
    };
    if request.method() != Method::GET {
        return Err(wrong_method(request));
    }
    provider.authenticate(request.headers())?;
    let prices = &provider.config.prices;
    let body = match rest.strip_prefix('/').filter(|id| !id.is_empty()) {
        None => models::list(prices),
        Some(id) => models::one(prices.model(id).ok_or_else(|| Refusal::no_such_model(id))?),
    };
    Ok(json_answer(StatusCode::OK, body))
}

/// The simulator's own endpoints. They know no keys and no limits.
async fn admin(provider: &Arc<Provider>, request: Request<Incoming>) -> Response<AnswerBody> {
    let (head, incoming) = request.into_parts();
    let path = head.uri.path();
    let number = |name: &str| {
        let query = head.uri.query().unwrap_or_default();
        let value = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
        value.map(|(_, value)| value.parse::<usize>().map_err(|_| format!("`{name}` must be a whole number")))
    };
    match (&head.method, path) {
        (&Method::GET, "/_sim/health") => said(&json!({ "status": "ok" })),
        (&Method::GET, "/_sim/bill") => {
            match (number("since").unwrap_or(Ok(0)), number("limit").unwrap_or(Ok(usize::MAX))) {
                (Ok(since), Ok(limit)) => said(&provider.bill.read(since, limit)),
                (Err(why), _) | (_, Err(why)) => complaint(StatusCode::BAD_REQUEST, &why),
            }
        }
        (&Method::GET, "/_sim/scenario") => said(&json!({ "faults": provider.faults.list() })),
        (&Method::POST, "/_sim/scenario") => {
            let Ok(body) = Limited::new(incoming, 1 << 20).collect().await else {
                return complaint(StatusCode::PAYLOAD_TOO_LARGE, "a scenario has at most 1 MiB");
            };
            match Scenario::from_json(&body.to_bytes()) {
                Ok(scenario) => {
                    provider.apply(scenario);
                    said(&json!({ "faults": provider.faults.list() }))
                }
                Err(why) => complaint(StatusCode::BAD_REQUEST, &why),
            }
        }
        (&Method::DELETE, "/_sim/scenario") => {
            provider.faults.clear();
            said(&json!({ "faults": [] }))
        }
        (&Method::POST, "/_sim/reset") => {
            provider.reset();
            said(&json!({ "status": "ok" }))
        }
        (&Method::POST, "/_sim/hold" | "/_sim/release") => {
            provider.hold(path == "/_sim/hold");
            said(&json!({ "status": "ok" }))
        }
        (&Method::GET, "/_sim/traffic") => {
            let (now, peak) = provider.in_flight();
            said(&json!({ "in_flight": now, "peak_in_flight": peak }))
        }
        (&Method::GET, path) if path.starts_with(Files::PREFIX) => {
            match provider.files.find(path.trim_start_matches(Files::PREFIX)) {
                Some((media_type, file)) => {
                    let mut response = Response::new(AnswerBody::whole(file));
                    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
                    response
                }
                None => complaint(StatusCode::NOT_FOUND, "this link has expired or never existed"),
            }
        }
        (_, path) => complaint(StatusCode::NOT_FOUND, &format!("there is no {} {path}", head.method)),
    }
}

fn wrong_method(request: &Request<Incoming>) -> Refusal {
    let message = format!("Not allowed to {} on {}.", request.method(), request.uri().path());
    Refusal::new(405, "invalid_request_error", "method_not_supported", message)
}

fn refused(refusal: &Refusal) -> Response<AnswerBody> {
    json_answer(StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST), refusal.body())
}

fn said(value: &impl serde::Serialize) -> Response<AnswerBody> {
    json_answer(StatusCode::OK, serde_json::to_vec(value).map_or_else(|_| Bytes::new(), Bytes::from))
}

fn complaint(status: StatusCode, why: &str) -> Response<AnswerBody> {
    json_answer(status, Bytes::from(json!({ "error": why }).to_string()))
}

fn json_answer(status: StatusCode, body: Bytes) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
