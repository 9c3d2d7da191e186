//! The form that a file is uploaded with.

use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, header::CONTENT_TYPE};
use serde_json::Value;

use crate::refusal::Refusal;

/// What a form holds.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub(super) purpose: String,
    pub(super) filename: String,
    pub(super) bytes: Bytes,
}

const PURPOSES: [&str; 6] = ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"];

pub(super) async fn read(headers: &HeaderMap, body: Bytes) -> Result<Form, Refusal> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| broken("this call takes 'multipart/form-data' with a boundary"))?;
    let body = stream::once(async move { Ok::<_, std::convert::Infallible>(body) });
    let mut parts = multer::Multipart::new(body, boundary);
    let (mut form, mut has_file) = (Form::default(), false);
    while let Some(part) = parts.next_field().await.map_err(|error| broken(&error.to_string()))? {
        let name = part.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" => {
                has_file = true;
                part.file_name().unwrap_or_default().clone_into(&mut form.filename);
                form.bytes = part.bytes().await.map_err(|error| broken(&error.to_string()))?;
            }
            "purpose" => form.purpose = part.text().await.map_err(|error| broken(&error.to_string()))?,
            "expires_after[anchor]" | "expires_after[seconds]" => {}
            other => {
                let message = format!("Unknown parameter: '{other}'.");
                return Err(Refusal::bad_request("unknown_parameter", message).about(other));
            }
        }
    }
    for (there, name) in [(has_file, "file"), (!form.purpose.is_empty(), "purpose")] {
        if !there {
            let message = format!("Missing required parameter: '{name}'.");
            return Err(Refusal::bad_request("missing_required_parameter", message).about(name));
        }
    }
    if !PURPOSES.contains(&form.purpose.as_str()) {
        let message = format!("'{}' is not one of {PURPOSES:?} - 'purpose'", form.purpose);
        return Err(Refusal::bad_request(Value::Null, message).about("purpose"));
    }
    Ok(form)
}

fn broken(why: &str) -> Refusal {
    Refusal::bad_request(Value::Null, format!("The form could not be read: {why}"))
}
