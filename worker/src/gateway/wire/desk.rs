//! Calls of files and batches, over the same transport as calls that make something: one attempt, bounded, headers kept.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_openai::Client;
use async_openai::config::Config;
use async_openai::error::OpenAIError;
use async_openai::traits::RequestOptionsBuilder;
use async_openai::types::InputSource;
use async_openai::types::files::{CreateFileRequest, FileInput, FilePurpose};
use bytes::Bytes;
use serde_json::Value;

use super::{Answer, BodyMemory, Bounds, Expected, Once, WireError};

/// How long an upload or a download may take.
const LARGE: Duration = Duration::from_mins(2);
/// How long anything else may take.
pub(crate) const SMALL: Duration = Duration::from_secs(30);
/// The largest file that is downloaded: 50,000 answers of 4 KB.
const LARGEST_FILE: usize = 200 << 20;
/// The largest answer otherwise: a page of a hundred batches.
const LARGEST_ANSWER: usize = 2 << 20;
/// The longest page of batches.
const PAGE: &str = "100";

/// What is asked of the Batch API.
#[derive(Debug)]
pub(crate) enum DeskRequest<'a> {
    Upload {
        name: String,
        bytes: Bytes,
    },
    Create(Value),
    /// The batches made before this one, newest first; the newest of all without it.
    List {
        after: Option<&'a str>,
    },
    Look(&'a str),
    Cancel(&'a str),
    Download(&'a str),
    Delete(&'a str),
}

impl DeskRequest<'_> {
    fn bounds(&self) -> Bounds {
        let (whole, body) = match self {
            Self::Upload { .. } => (LARGE, LARGEST_ANSWER),
            Self::Download(_) => (LARGE, LARGEST_FILE),
            _ => (SMALL, LARGEST_ANSWER),
        };
        Bounds { first_byte: whole, whole, body: Expected::Bytes(body) }
    }
}

/// Sends `request` once and reads the answer.
pub(crate) async fn ask(
    http: &reqwest::Client,
    memory: &BodyMemory,
    endpoint: &Arc<dyn Config>,
    request: DeskRequest<'_>,
) -> Result<Answer, WireError> {
    let (slot, bounds) = (Arc::new(Mutex::new(None)), request.bounds());
    let once =
        Once { http: http.clone(), memory: memory.clone(), bounds, room: Arc::default(), slot: Arc::clone(&slot) };
    let client = Client::build(http.clone(), Arc::clone(endpoint)).with_http_service(once);
    let sent: Result<(), OpenAIError> = match request {
        DeskRequest::Upload { name, bytes } => {
            let file = FileInput { source: InputSource::Bytes { filename: name, bytes } };
            let form = CreateFileRequest { file, purpose: FilePurpose::Batch, expires_after: None };
            client.files().create_byot(form).await
        }
        DeskRequest::Create(order) => client.batches().create_byot(order).await,
        DeskRequest::List { after } => {
            let page = client.batches().query(&[("limit", PAGE)]);
            let page = match (page, after) {
                (Ok(page), Some(after)) => page.query(&[("after", after)]),
                (page, _) => page,
            };
            match page {
                Ok(page) => page.list_byot().await,
                Err(error) => Err(error),
            }
        }
        DeskRequest::Look(batch) => client.batches().retrieve_byot(batch).await,
        DeskRequest::Cancel(batch) => client.batches().cancel_byot(batch).await,
        DeskRequest::Download(file) => client.files().content(file).await.map(drop),
        DeskRequest::Delete(file) => client.files().delete_byot(file).await,
    };
    let outcome = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (outcome, sent) {
        (Some(outcome), _) => outcome,
        (None, Err(error)) => Err(WireError::Unwritable(Box::new(error))),
        (None, Ok(())) => Err(WireError::Unwritable(Box::new(OpenAIError::InvalidArgument("not sent".to_owned())))),
    }
}
