//! Bodies as parameters of handlers: counted while they are read, described in the document.

use poem::{Request, RequestBody, Result};
use poem_openapi::impl_apirequest_for_payload;
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde_json::value::RawValue;

use super::{Errors, Fields};
use crate::app::App;
use crate::problem::Problem;

/// A body that knows how it is read.
pub trait ReadBody: Sized + Send {
    /// What the document says that it looks like.
    type Schema: Type;

    /// Reads the fields it knows. `None` goes with at least one error.
    fn read(fields: &mut Fields<'_, '_>) -> Option<Self>;
}

/// A body of a canonical path: unknown fields are errors.
pub struct Body<T>(pub T);

/// A body of a compatible path: unknown fields are ignored, and named.
pub struct Lenient<T> {
    pub body: T,
    /// The names that were ignored, for `X-Ignored-Fields`.
    pub ignored: Vec<String>,
}

impl<T: ReadBody> Payload for Body<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        is_json(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::Schema::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::Schema::register(registry);
    }
}

impl<T: ReadBody> ParsePayload for Body<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let bytes = bytes(request, body).await?;
        Ok(Self(read_json(&bytes, |mut fields| {
            let read = T::read(&mut fields);
            fields.refuse_the_rest();
            read
        })?))
    }
}

impl_apirequest_for_payload!(Body<T>, T: ReadBody);

impl<T: ReadBody> Payload for Lenient<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        is_json(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::Schema::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::Schema::register(registry);
    }
}

impl<T: ReadBody> ParsePayload for Lenient<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let bytes = bytes(request, body).await?;
        let mut ignored = Vec::new();
        let body = read_json(&bytes, |mut fields| {
            let read = T::read(&mut fields);
            ignored = fields.the_rest();
            read
        })?;
        Ok(Self { body, ignored })
    }
}

impl_apirequest_for_payload!(Lenient<T>, T: ReadBody);

/// Whether a content type is JSON's, in UTF-8.
pub fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset_fits = parts.all(|part| match part.to_ascii_lowercase().strip_prefix("charset=") {
        Some(charset) => charset.trim_matches('"') == "utf-8",
        None => true,
    });
    charset_fits && (kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")))
}

/// Reads an object that makes up a whole body.
pub fn read_json<T>(bytes: &[u8], read: impl FnOnce(Fields<'_, '_>) -> Option<T>) -> Result<T, Problem> {
    let raw: &RawValue = serde_json::from_slice(bytes).map_err(|error| Problem::malformed(broken(bytes, &error)))?;
    let mut errors = Errors::new();
    let read = Fields::of(raw, "", &mut errors).and_then(read);
    match read {
        Some(read) if errors.is_empty() => Ok(read),
        _ => Err(Problem::invalid(errors)),
    }
}

/// Why a body is no JSON, without repeating any of it.
fn broken(bytes: &[u8], error: &serde_json::Error) -> String {
    if bytes.is_empty() {
        "The body is empty; a JSON object is expected.".to_owned()
    } else if std::str::from_utf8(bytes).is_err() {
        "The body is not UTF-8 text.".to_owned()
    } else {
        format!("The body is not JSON: {error}.")
    }
}

async fn bytes(request: &Request, body: &mut RequestBody) -> Result<Vec<u8>> {
    let longest = request.data::<std::sync::Arc<App>>().map_or(1 << 20, |app| app.settings.http.body_bytes);
    Ok(body.take()?.into_bytes_limit(longest).await?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::{is_json, read_json};

    #[test]
    fn json_is_known_by_its_content_type() {
        for good in ["application/json", "Application/JSON; charset=UTF-8", "application/merge-patch+json"] {
            assert!(is_json(good), "{good}");
        }
        for bad in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", ""] {
            assert!(!is_json(bad), "{bad}");
        }
    }

    #[test]
    fn a_body_that_is_no_json_is_malformed() {
        for bad in [&b""[..], b"{", b"{\"a\":1}x", b"\xff"] {
            let problem = read_json(bad, |_| Some(())).expect_err("no JSON");
            assert_eq!(problem.code(), "malformed");
        }
    }
}
