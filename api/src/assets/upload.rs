//! The body of an upload: `multipart/form-data` with one `file` and, if it is to have one, a `name`; counted while it is read.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt};
use multer::{Constraints, Field, Multipart, SizeLimit};
use poem::http::StatusCode;
use poem::{Body, Request, RequestBody, Result};
use poem_openapi::impl_apirequest_for_payload;
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use tokio::time::timeout;

use super::picture::LARGEST;
use crate::problem::{FieldError, Problem};

/// What stands around the file: boundaries, headers, the name.
const AROUND: u64 = 64 << 10;
/// The longest name, in characters, and the most bytes that are read of one.
const NAME: usize = 255;
const NAME_BYTES: u64 = 4 << 10;
/// How long a body may pause, and take as a whole.
const PAUSE: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_mins(2);

/// What was uploaded.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) file: Bytes,
    /// As it was given, else as the file was called.
    pub(super) name: String,
}

impl Payload for Upload {
    const CONTENT_TYPE: &'static str = "multipart/form-data";

    fn check_content_type(content_type: &str) -> bool {
        multer::parse_boundary(content_type).is_ok()
    }

    fn schema_ref() -> MetaSchemaRef {
        let file = MetaSchema {
            format: Some("binary"),
            description: Some("A PNG, JPEG or WebP of 12 MiB at most"),
            ..MetaSchema::new("string")
        };
        let name = MetaSchemaRef::Inline(Box::new(MetaSchema {
            max_length: Some(NAME),
            description: Some("What it is called; the name of the file when it is left out"),
            ..MetaSchema::new("string")
        }));
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            properties: vec![("file", MetaSchemaRef::Inline(Box::new(file))), ("name", name)],
            required: vec!["file"],
            ..MetaSchema::new("object")
        }))
    }

    fn register(registry: &mut Registry) {
        String::register(registry);
    }
}

impl ParsePayload for Upload {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let boundary = multer::parse_boundary(request.content_type().unwrap_or_default());
        let boundary = boundary.map_err(|_| Problem::malformed("The Content-Type names no boundary."))?;
        Ok(read(body.take()?, boundary).await?)
    }
}

impl_apirequest_for_payload!(Upload);

/// The bytes of a body. One that pauses for too long ends with an error.
type Chunks = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

async fn read(body: Body, boundary: String) -> Result<Upload, Problem> {
    let chunks = tokio_stream::StreamExt::timeout(body.into_bytes_stream(), PAUSE);
    let mut chunks: Chunks = Box::pin(
        chunks.map(|chunk| chunk.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)))).err_into(),
    );
    let parsed = timeout(WHOLE, parse(&mut chunks, boundary)).await;
    let refused = match parsed.unwrap_or_else(|_| Err(late())) {
        Ok(upload) => return Ok(upload),
        Err(problem) => problem,
    };
    // Read on a while without keeping it: a client that is still sending would not see the answer.
    drop(timeout(PAUSE, drain(&mut chunks)).await);
    Err(refused)
}

/// Reads as much again as a good body may have.
async fn drain(chunks: &mut Chunks) {
    let mut read = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        read += chunk.len();
        if read > LARGEST {
            return;
        }
    }
}

async fn parse(chunks: &mut Chunks, boundary: String) -> Result<Upload, Problem> {
    let limits =
        SizeLimit::new().whole_stream(LARGEST as u64 + AROUND).per_field(NAME_BYTES).for_field("file", LARGEST as u64);
    let mut parts = Multipart::with_constraints(chunks, boundary, Constraints::new().size_limit(limits));
    let (mut file, mut name, mut called, mut errors) = (None, None, None, Vec::new());
    while let Some(part) = parts.next_field().await.map_err(|error| unreadable(&error))? {
        let field = part.name().unwrap_or_default().to_owned();
        match field.as_str() {
            "file" if file.is_none() => {
                called = part.file_name().and_then(plain_name);
                file = Some(whole(part).await?);
            }
            "name" if name.is_none() => name = Some(whole(part).await?),
            "file" | "name" => errors.push(FieldError::new(format!("/{field}"), "duplicate", "comes twice")),
            _ => {
                let pointer = format!("/{}", field.replace('~', "~0").replace('/', "~1"));
                errors.push(FieldError::new(pointer, "unknown_field", "is not a field of this form"));
            }
        }
    }
    if file.as_ref().is_none_or(Bytes::is_empty) {
        let (code, detail) = if file.is_some() { ("blank", "must not be empty") } else { ("required", "is required") };
        errors.push(FieldError::new("/file", code, detail));
    }
    let name = match name.map(|name| given_name(&name)) {
        Some(Err(error)) => {
            errors.push(error);
            None
        }
        Some(Ok(name)) => name,
        None => None,
    };
    match file {
        Some(file) if errors.is_empty() => {
            Ok(Upload { file, name: name.or(called).unwrap_or_else(|| "image".to_owned()) })
        }
        _ => Err(Problem::invalid(errors)),
    }
}

async fn whole(mut part: Field<'_>) -> Result<Bytes, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = part.chunk().await.map_err(|error| unreadable(&error))? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// The name that somebody gave; `None` for a blank one.
fn given_name(name: &[u8]) -> Result<Option<String>, FieldError> {
    let wrong = |code, detail: &str| Err(FieldError::new("/name", code, detail));
    let Ok(name) = std::str::from_utf8(name) else { return wrong("malformed", "must be UTF-8 text") };
    let name = name.trim();
    let length = name.chars().count();
    if length > NAME {
        return wrong("too_long", &format!("must have {NAME} characters at most; it has {length}"));
    }
    if name.contains('\0') {
        return wrong("nul", "must not contain NUL characters");
    }
    Ok((!name.is_empty()).then(|| name.to_owned()))
}

/// What a file is called, without the folders that it lay in; `None` when nothing is left.
fn plain_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).take(NAME).collect();
    let plain = plain.trim();
    (!plain.is_empty()).then(|| plain.to_owned())
}

fn late() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", "The body did not come in time.")
}

fn unreadable(error: &multer::Error) -> Problem {
    match error {
        multer::Error::FieldSizeExceeded { field_name: Some(name), .. } if name != "file" => {
            Problem::invalid(vec![FieldError::new(format!("/{name}"), "too_long", "is longer than any name")])
        }
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "An image may have 12 MiB at most.")
        }
        multer::Error::StreamReadFailed(cause) if is_late(cause.as_ref()) => late(),
        multer::Error::StreamReadFailed(_) => Problem::malformed("The body broke off."),
        _ => Problem::malformed("The body is no whole multipart/form-data."),
    }
}

fn is_late(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::{given_name, plain_name};

    #[test]
    fn a_file_is_called_by_the_last_part_of_its_path() {
        for (called, name) in [
            ("loaf.png", Some("loaf.png")),
            ("C:\\pictures\\loaf.png", Some("loaf.png")),
            ("../../etc/passwd", Some("passwd")),
            ("a\u{7}b", Some("ab")),
            (" / ", None),
            ("", None),
        ] {
            assert_eq!(plain_name(called).as_deref(), name, "{called:?}");
        }
        assert_eq!(plain_name(&"ä".repeat(300)).map(|name| name.chars().count()), Some(255));
    }

    #[test]
    fn a_given_name_is_text_and_short() {
        assert_eq!(given_name(" Loaf ".as_bytes()).expect("good").as_deref(), Some("Loaf"));
        assert_eq!(given_name(b"  ").expect("none"), None);
        let long = "x".repeat(256);
        for (bad, code) in [(&b"\xff"[..], "malformed"), (b"a\0b", "nul"), (long.as_bytes(), "too_long")] {
            assert_eq!(given_name(bad).expect_err("refused").code, code);
        }
    }
}
