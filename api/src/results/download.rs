//! A file that is made while it is sent.
//!
//! Its writer runs beside the answer and is never more than some buffers ahead of the client. It ends when the client goes
//! away, or takes nothing for [`STALLED`]. When something fails on the way the connection breaks off before the end of the
//! answer, so that half a file is never taken for a whole one.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use poem::http::{StatusCode, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::{Binary, Payload};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use shared::media::MediaError;
use shared::store::StoreError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tracing::Instrument;

use crate::batches::text_header;

/// What is sent at once.
const CHUNK: usize = 64 * 1024;
/// Chunks that wait for the client.
const AHEAD: usize = 2;
/// How long a client may take nothing.
const STALLED: Duration = Duration::from_mins(2);

/// Why a file was not written to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExportError {
    #[error("the client went away")]
    Gone,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error("a file could not be written: {0}")]
    Write(#[from] std::io::Error),
}

/// Where a file is written to.
pub(super) struct Sink {
    chunks: mpsc::Sender<std::io::Result<Bytes>>,
    buffer: BytesMut,
}

impl Sink {
    /// Writes bytes; what does not fill a chunk is sent with what follows.
    pub(super) async fn write(&mut self, mut bytes: &[u8]) -> Result<(), ExportError> {
        while self.buffer.len() + bytes.len() >= CHUNK {
            let (now, later) = bytes.split_at(CHUNK - self.buffer.len());
            self.buffer.extend_from_slice(now);
            self.flush().await?;
            bytes = later;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Sends what is left.
    pub(super) async fn flush(&mut self) -> Result<(), ExportError> {
        let bytes = self.buffer.split().freeze();
        if bytes.is_empty() { Ok(()) } else { self.pass_on(bytes).await }
    }

    async fn pass_on(&self, bytes: Bytes) -> Result<(), ExportError> {
        match tokio::time::timeout(STALLED, self.chunks.send(Ok(bytes))).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(ExportError::Gone),
        }
    }
}

/// 200 with a file to be saved.
pub(super) struct Download(Response);

impl Download {
    /// Answers with what `write` writes.
    pub(super) fn new<W, F>(content_type: &str, name: &str, write: W) -> Self
    where
        W: FnOnce(Sink) -> F + Send + 'static,
        F: Future<Output = Result<(), ExportError>> + Send + 'static,
    {
        let (chunks, sent) = mpsc::channel(AHEAD);
        tokio::spawn(run(chunks, write).instrument(tracing::Span::current()));
        Self(
            Response::builder()
                .status(StatusCode::OK)
                .content_type(content_type)
                .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))
                .body(Body::from_bytes_stream(ReceiverStream::new(sent))),
        )
    }
}

async fn run<W, F>(chunks: mpsc::Sender<std::io::Result<Bytes>>, write: W)
where
    W: FnOnce(Sink) -> F,
    F: Future<Output = Result<(), ExportError>>,
{
    let sink = Sink { chunks: chunks.clone(), buffer: BytesMut::with_capacity(2 * CHUNK) };
    let outcome = tokio::select! {
        outcome = write(sink) => outcome,
        () = chunks.closed() => Err(ExportError::Gone),
    };
    match outcome {
        Ok(()) => {}
        Err(ExportError::Gone) => tracing::debug!("a download was given up by its client"),
        Err(error) => {
            tracing::warn!(%error, "a download broke off");
            // A client that is gone need not be told.
            drop(chunks.send(Err(std::io::Error::other("the file could not be written to its end"))).await);
        }
    }
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Download {
    fn meta() -> MetaResponses {
        let text = || MetaSchemaRef::Inline(Box::new(MetaSchema::new("string")));
        let media = |content_type, schema| MetaMediaType { content_type, schema };
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The file",
                status: Some(200),
                status_range: None,
                content: vec![
                    media("application/x-ndjson", text()),
                    media("text/csv", text()),
                    media("application/zip", Binary::<Vec<u8>>::schema_ref()),
                ],
                headers: vec![text_header("Content-Disposition", "A name to save it under")],
            }],
        }
    }

    fn register(_: &mut Registry) {}
}
