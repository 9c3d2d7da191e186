//! Where the bytes of a file come from: the body itself, or the part `file` of a form.
//!
//! They are handed on as they come. On the way they are hashed, so that a repeated request can be told from another, and the
//! first of them are looked at: what is no UTF-8 text by its first bytes is refused with a word on what it is.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use multer::{Field, Multipart};
use sha2::{Digest, Sha256};

use crate::batches::Incoming;
use crate::problem::{FieldError, Problem};

/// How many bytes tell what a file is.
const HEAD: usize = 4;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileFormat {
    Csv,
    Ndjson,
}

impl FileFormat {
    /// By a content type in UTF-8.
    pub(super) fn of_content_type(content_type: &str) -> Option<Self> {
        let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
        let kind = parts.next().unwrap_or_default();
        let utf_8 = |charset: &str| matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii");
        if !parts.all(|part| part.strip_prefix("charset=").is_none_or(utf_8)) {
            return None;
        }
        match kind.as_str() {
            "text/csv" | "application/csv" | "text/tab-separated-values" => Some(Self::Csv),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => {
                Some(Self::Ndjson)
            }
            _ => None,
        }
    }

    /// By the name of a file, for browsers that call every CSV a spreadsheet.
    fn of_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }
}

/// A file that is on its way.
pub(super) struct Source {
    bytes: Raw,
    /// What it is, by its content type or its name.
    pub(super) format: Option<FileFormat>,
    /// What a form calls it, without its extension.
    pub(super) name: Option<String>,
    hash: Sha256,
    /// The first bytes, until there are enough of them to look at.
    head: Option<BytesMut>,
}

enum Raw {
    Plain(Incoming),
    Form(Box<Form>),
}

struct Form {
    parts: Multipart<'static>,
    file: Option<Field<'static>>,
    /// Why the body could not be read on.
    broken: Arc<Mutex<Option<Problem>>>,
}

impl Source {
    pub(super) fn plain(incoming: Incoming, format: FileFormat) -> Self {
        Self::over(Raw::Plain(incoming), Some(format))
    }

    pub(super) fn form(incoming: Incoming, boundary: String) -> Self {
        let broken: Arc<Mutex<Option<Problem>>> = Arc::default();
        let chunks = stream::unfold((incoming, Arc::clone(&broken)), |(mut incoming, broken)| async {
            let chunk = incoming.next().await.transpose()?.map_err(|problem| {
                *broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
                std::io::Error::other("the body could not be read on")
            });
            Some((chunk, (incoming, broken)))
        });
        let parts = Multipart::new(chunks.boxed(), boundary);
        Self::over(Raw::Form(Box::new(Form { parts, file: None, broken })), None)
    }

    fn over(bytes: Raw, format: Option<FileFormat>) -> Self {
        Self { bytes, format, name: None, hash: Sha256::new(), head: Some(BytesMut::new()) }
    }

    /// Finds the file in a form. Other parts are refused: settings stand in the query.
    pub(super) async fn open(&mut self) -> Result<(), Problem> {
        let Raw::Form(form) = &mut self.bytes else { return Ok(()) };
        let Some(file) = form.part().await? else {
            let error = FieldError::new("/file", "required", "is required: the part of the form with the file");
            return Err(Problem::invalid(vec![error]));
        };
        let given = file.file_name().map(str::to_owned);
        let of_type = file.content_type().and_then(|kind| FileFormat::of_content_type(kind.as_ref()));
        self.format = of_type.or_else(|| FileFormat::of_name(given.as_deref()?));
        self.name = given.as_deref().map(stem).filter(|stem| !stem.is_empty()).map(str::to_owned);
        form.file = Some(file);
        Ok(())
    }

    /// The next bytes of the file; `None` at its end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            let Some(chunk) = self.bytes.next().await? else {
                let Some(head) = self.head.take() else { return Ok(None) };
                return Ok(Some(text(head.freeze())?));
            };
            self.hash.update(&chunk);
            let Some(head) = &mut self.head else { return Ok(Some(chunk)) };
            head.extend_from_slice(&chunk);
            if head.len() >= HEAD {
                let head = self.head.take().unwrap_or_default();
                return Ok(Some(text(head.freeze())?));
            }
        }
    }

    /// Reads on without keeping anything, for a client that is still sending when its answer is ready.
    pub(super) async fn drain(&mut self) {
        match &mut self.bytes {
            Raw::Plain(incoming) => incoming.drain().await,
            // It ends with its body, which is counted.
            Raw::Form(_) => while let Ok(Some(_)) = self.bytes.next().await {},
        }
    }

    /// A hash of what was read.
    pub(super) fn hash(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }
}

impl Raw {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        match self {
            Self::Plain(incoming) => incoming.next().await,
            Self::Form(form) => form.next().await,
        }
    }
}

impl Form {
    /// The part with the file, if there is another one.
    async fn part(&mut self) -> Result<Option<Field<'static>>, Problem> {
        match self.parts.next_field().await {
            Ok(Some(field)) if field.name() == Some("file") => Ok(Some(field)),
            Ok(Some(field)) => {
                let name = field.name().unwrap_or_default().replace('~', "~0").replace('/', "~1");
                let detail = "is not a part of this form; settings stand in the query";
                Err(Problem::invalid(vec![FieldError::new(format!("/{name}"), "unknown_field", detail)]))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(self.problem(&error)),
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(file) = &mut self.file else { return Ok(None) };
        match file.chunk().await {
            Ok(Some(chunk)) => return Ok(Some(chunk)),
            Ok(None) => self.file = None,
            Err(error) => return Err(self.problem(&error)),
        }
        match self.part().await? {
            None => Ok(None),
            Some(_) => Err(Problem::invalid(vec![FieldError::new("/file", "duplicate", "must be one file")])),
        }
    }

    fn problem(&self, error: &multer::Error) -> Problem {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner).take();
        broken.unwrap_or_else(|| Problem::malformed(format!("The form cannot be read: {error}.")))
    }
}

/// A file's name without folders and extension.
fn stem(name: &str) -> &str {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name).trim();
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The first bytes of a text, without a byte order mark.
fn text(head: Bytes) -> Result<Bytes, Problem> {
    let refused = |what: &str| Err(Problem::malformed(format!("The file is {what}; save it as CSV in UTF-8.")));
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"\xd0\xcf\x11\xe0") {
        return refused("a workbook or an archive");
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") || head.iter().take(HEAD).any(|byte| *byte == 0) {
        return refused("UTF-16 text");
    }
    Ok(if head.starts_with(BOM) { head.slice(BOM.len()..) } else { head })
}

#[cfg(test)]
mod tests {
    use super::{FileFormat, stem};

    #[test]
    fn files_are_known_by_type_or_name() {
        for (content_type, format) in [
            ("text/csv", Some(FileFormat::Csv)),
            ("Text/CSV; header=present; charset=\"UTF-8\"", Some(FileFormat::Csv)),
            ("application/x-ndjson", Some(FileFormat::Ndjson)),
            ("text/csv; charset=utf-16", None),
            ("application/json", None),
            ("", None),
        ] {
            assert_eq!(FileFormat::of_content_type(content_type), format, "{content_type}");
        }
        assert_eq!(FileFormat::of_name("posts.final.CSV"), Some(FileFormat::Csv));
        assert_eq!(FileFormat::of_name("csv"), None);
        assert_eq!(stem("C:\\fakepath\\Launch week.csv"), "Launch week");
    }
}
