//! The Batch API: a file of requests is uploaded, worked off later at the price of batches, and answered with files.
//!
//! Files and batches belong to the pool of the key that made them, as they belong to a project elsewhere. A batch is
//! validated, waits for the batch latency, works its lines off one by one, and ends with an output file and an error
//! file. Its lines stand on the bill as calls of their own, with their `custom_id` as the client's request id. Lines pass
//! through the faults of chats; calls of these endpoints through those of kind `file`, and the creation of a batch through
//! those of kind `batch`.

mod desk;
mod form;
mod input;
mod job;
mod run;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};

pub(crate) use desk::Desk;

use crate::{
    body::{AnswerBody, ResetSwitch},
    fault::{Effect, Fault},
    fields::Fields,
    kind::Kind,
    provider::{Caller, Provider},
    refusal::Refusal,
};
use desk::StoredFile;
use job::Order;

/// The largest file for a batch.
const LARGEST_FILE: usize = 200 << 20;

/// Whether a path is one of files or batches.
pub(crate) fn serves(path: &str) -> bool {
    ["/v1/files", "/v1/batches"]
        .iter()
        .filter_map(|root| path.strip_prefix(root))
        .any(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a call of files or batches.
pub(crate) async fn answer(
    provider: &Arc<Provider>,
    request: Request<Incoming>,
    reset: &ResetSwitch,
) -> Response<AnswerBody> {
    let (head, incoming) = request.into_parts();
    let sent = match take(provider, &head, incoming).await {
        Ok((bytes, fault)) => {
            let effect = fault.as_ref().map_or(Effect::None, Fault::effect);
            if effect == Effect::Hang {
                std::future::pending::<()>().await;
            }
            let blanks = fault.as_ref().map_or(0, Fault::blanks);
            (StatusCode::OK, AnswerBody::sent_by(effect, bytes, blanks, reset), Vec::new())
        }
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
            (status, AnswerBody::whole(refusal.body()), refusal.headers.clone())
        }
    };
    let mut response = Response::new(sent.1);
    *response.status_mut() = sent.0;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().extend(sent.2);
    response
}

/// Does what a call asks for; the fault it met is left to what can go wrong on the way back.
async fn take(provider: &Arc<Provider>, head: &Parts, incoming: Incoming) -> Result<(Bytes, Option<Fault>), Refusal> {
    let body = read_body(incoming).await?;
    let caller = provider.authenticate(&head.headers)?;
    let path = head.uri.path();
    let creates = head.method == Method::POST && path == "/v1/batches";
    let kind = if creates { Kind::Batch } else { Kind::File };
    let line = format!("{} {path}", head.method);
    let fault = provider.faults.take(kind, &caller.key.secret, "", &|text| line.contains(text));
    if let Some(fault) = &fault {
        tokio::time::sleep(if fault.effect().is_of_batches() { Duration::ZERO } else { fault.extra_delay() }).await;
        if fault.effect() == Effect::Status {
            let mut refusal = fault.refusal_sent();
            refusal.headers.extend(fault.extra_headers());
            return Err(refusal);
        }
    }
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    let desk = &provider.desk;
    let answer = match (&head.method, parts.as_slice()) {
        (&Method::POST, ["files"]) => upload(provider, &caller, head, body).await?,
        (&Method::GET, ["files"]) => desk.list_files(&caller.key.pool),
        (&Method::GET, ["files", id]) => desk.file(&caller.key.pool, id)?.describe(id),
        (&Method::DELETE, ["files", id]) => desk.delete_file(&caller.key.pool, id)?,
        (&Method::GET, ["files", id, "content"]) => return Ok((desk.file(&caller.key.pool, id)?.bytes, fault)),
        (&Method::POST, ["batches"]) => create(provider, caller, &body, fault.clone())?,
        (&Method::GET, ["batches"]) => desk.list_jobs(&caller.key.pool, head.uri.query().unwrap_or_default())?,
        (&Method::GET, ["batches", id]) => desk.job(&caller.key.pool, id)?,
        (&Method::POST, ["batches", id, "cancel"]) => desk.cancel(&caller.key.pool, id)?,
        (method, _) => {
            let message = format!("Invalid URL ({method} {path})");
            return Err(Refusal::new(404, "invalid_request_error", Value::Null, message));
        }
    };
    Ok((Bytes::from(answer.to_string()), fault))
}

async fn read_body(incoming: Incoming) -> Result<Bytes, Refusal> {
    // A form is a little larger than the file in it.
    match Limited::new(incoming, LARGEST_FILE + (1 << 20)).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Refusal::new(413, "invalid_request_error", Value::Null, "The file is too large."))
        }
        Err(error) => Err(Refusal::bad_request(Value::Null, format!("The request could not be read: {error}"))),
    }
}

async fn upload(provider: &Provider, caller: &Caller, head: &Parts, body: Bytes) -> Result<Value, Refusal> {
    let form = form::read(&head.headers, body).await?;
    let ending = Path::new(&form.filename).extension();
    if form.purpose == "batch" && ending.is_none_or(|ending| ending != "jsonl") {
        let message = "Invalid file format for Batch API. Must be .jsonl";
        return Err(Refusal::bad_request("invalid_file_format", message).about("file"));
    }
    if form.bytes.is_empty() {
        return Err(Refusal::bad_request("empty_file", "The file is empty.").about("file"));
    }
    let file = StoredFile::new(&caller.key.pool, &form.filename, &form.purpose, form.bytes);
    let described = file.clone();
    let id = provider.desk.keep(provider.next_request(), file);
    Ok(described.describe(&id))
}

/// Takes an order and starts to work it off.
fn create(provider: &Arc<Provider>, caller: Caller, body: &[u8], fate: Option<Fault>) -> Result<Value, Refusal> {
    let order = Order::read(&Fields::parse(body)?)?;
    let file = provider.desk.file(&caller.key.pool, &order.input_file_id).map_err(|refusal| {
        Refusal::bad_request(refusal.code.clone(), refusal.message.clone()).about("input_file_id")
    })?;
    if file.purpose != "batch" {
        let message = format!("Invalid file purpose '{}': a batch needs a file of purpose 'batch'.", file.purpose);
        return Err(Refusal::bad_request("invalid_file_purpose", message).about("input_file_id"));
    }
    let (id, view, cancel) = provider.desk.open(provider.next_request(), &caller.key.pool, order);
    tokio::spawn(run::work(run::Work { provider: provider.clone(), caller, id, input: file.bytes, fate, cancel }));
    Ok(view)
}

/// A list as the protocol writes it.
fn list(data: &[Value], has_more: bool) -> Value {
    let id = |value: Option<&Value>| value.map_or(Value::Null, |value| value["id"].clone());
    json!({
        "object": "list",
        "first_id": id(data.first()),
        "last_id": id(data.last()),
        "has_more": has_more,
        "data": data,
    })
}
