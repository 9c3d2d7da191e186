//! Forms (`multipart/form-data`), read whole.

use std::convert::Infallible;

use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, header::CONTENT_TYPE};
use serde_json::Value;

use crate::refusal::Refusal;

/// One part of a form.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) filename: String,
    /// What the part says it is; empty where it says nothing.
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
}

impl Part {
    pub(crate) fn text(&self) -> Result<&str, Refusal> {
        std::str::from_utf8(&self.bytes).map_err(|_| broken(&format!("'{}' is not UTF-8", self.name)))
    }
}

/// The parts of a form, in their order.
pub(crate) async fn read(headers: &HeaderMap, body: Bytes) -> Result<Vec<Part>, Refusal> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| broken("this call takes 'multipart/form-data' with a boundary"))?;
    let body = stream::once(async move { Ok::<_, Infallible>(body) });
    let mut form = multer::Multipart::new(body, boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error.to_string()))? {
        parts.push(Part {
            name: field.name().unwrap_or_default().to_owned(),
            filename: field.file_name().unwrap_or_default().to_owned(),
            media_type: field.content_type().map(|kind| kind.essence_str().to_owned()).unwrap_or_default(),
            bytes: field.bytes().await.map_err(|error| broken(&error.to_string()))?,
        });
    }
    Ok(parts)
}

fn broken(why: &str) -> Refusal {
    Refusal::bad_request(Value::Null, format!("The form could not be read: {why}"))
}
