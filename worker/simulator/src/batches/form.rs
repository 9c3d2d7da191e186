//! The form that a file is uploaded with.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use crate::{multipart, refusal::Refusal};

/// What a form holds.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub(super) purpose: String,
    pub(super) filename: String,
    pub(super) bytes: Bytes,
}

const PURPOSES: [&str; 6] = ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"];

pub(super) async fn read(headers: &HeaderMap, body: Bytes) -> Result<Form, Refusal> {
    let (mut form, mut has_file) = (Form::default(), false);
    for part in multipart::read(headers, body).await? {
        match part.name.as_str() {
            "file" => {
                has_file = true;
                form.filename = part.filename;
                form.bytes = part.bytes;
            }
            "purpose" => part.text()?.clone_into(&mut form.purpose),
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
