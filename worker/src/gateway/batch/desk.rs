//! Talking to the Batch API: files up and down, batches made, found again, looked at and cancelled.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::domain::ProviderBatchId;

use super::BatchPlace;
use crate::gateway::Gateway;
use crate::gateway::failure::Failure;
use crate::gateway::verdict::{Class, verdict};
use crate::gateway::wire::{Body, DeskRequest, ask_desk};

/// The key of the metadata under which our id of a file stands.
const OUR_ID: &str = "broadside_batch";
/// Clocks differ: a batch is looked for among those that the provider says are so much older than ours.
const CLOCK_SLACK: TimeDelta = TimeDelta::hours(1);
/// Pages that are looked through for one batch: ten thousand batches.
const PAGES: usize = 100;

/// Why the Batch API did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeskError {
    /// It does not accept the key, or has no credit for it.
    #[error("the key was refused: {0}")]
    Key(String),
    /// It understood and refused; asking again would end the same.
    #[error("refused: {0}")]
    Refused(String),
    /// What was asked for is not there.
    #[error("it is not there")]
    Missing,
    /// It takes nothing now; it has done nothing.
    #[error("it is busy: {0}")]
    Busy(String),
    /// Nobody knows whether it did; or it cannot now.
    #[error("{0}")]
    Trouble(String),
}

/// How a batch stands at its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    UnderWay,
    Cancelling,
    Completed,
    Failed,
    Expired,
    Cancelled,
}

impl Status {
    pub(crate) const fn is_final(self) -> bool {
        !matches!(self, Self::UnderWay | Self::Cancelling)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::UnderWay => "under_way",
            Self::Cancelling => "cancelling",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A batch as its provider shows it.
#[derive(Clone, Debug)]
pub(crate) struct ProviderView {
    pub(crate) id: String,
    pub(crate) status: Status,
    /// The files of its answers and of its errors.
    pub(crate) files: Vec<String>,
    /// Why it failed: codes, never the provider's words.
    pub(crate) errors: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Batch {
    id: String,
    status: String,
    output_file_id: Option<String>,
    error_file_id: Option<String>,
    created_at: i64,
    metadata: Option<BTreeMap<String, Value>>,
    errors: Option<Errors>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Errors {
    data: Vec<BatchError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BatchError {
    code: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    data: Vec<Batch>,
    has_more: bool,
}

#[derive(Debug, Deserialize)]
struct File {
    id: String,
}

impl From<Batch> for ProviderView {
    fn from(batch: Batch) -> Self {
        let status = match batch.status.as_str() {
            "completed" => Status::Completed,
            "failed" => Status::Failed,
            "expired" => Status::Expired,
            "cancelled" => Status::Cancelled,
            "cancelling" => Status::Cancelling,
            _ => Status::UnderWay,
        };
        let plain =
            |code: &String| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let errors = batch.errors.unwrap_or_default().data.into_iter().filter_map(|error| error.code).filter(plain);
        Self {
            id: batch.id,
            status,
            files: [batch.output_file_id, batch.error_file_id].into_iter().flatten().collect(),
            errors: errors.take(5).collect(),
        }
    }
}

impl Gateway {
    /// Uploads a file of lines and answers its id there.
    pub(crate) async fn upload(
        &self,
        place: &BatchPlace,
        id: ProviderBatchId,
        lines: Bytes,
    ) -> Result<String, DeskError> {
        let request = DeskRequest::Upload { name: format!("broadside-{id}.jsonl"), bytes: lines };
        Ok(self.desk::<File>(place, request).await?.id)
    }

    /// Makes a batch of an uploaded file, with our id in its metadata.
    pub(crate) async fn create_batch(
        &self,
        place: &BatchPlace,
        id: ProviderBatchId,
        file: &str,
    ) -> Result<ProviderView, DeskError> {
        let order = json!({
            "input_file_id": file,
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "metadata": { OUR_ID: id.to_string() },
        });
        Ok(self.desk::<Batch>(place, DeskRequest::Create(order)).await?.into())
    }

    /// Looks for a batch that may have been made since `since`, by our id.
    pub(crate) async fn find_batch(
        &self,
        place: &BatchPlace,
        id: ProviderBatchId,
        since: DateTime<Utc>,
    ) -> Result<Option<ProviderView>, DeskError> {
        let (ours, oldest) = (Value::from(id.to_string()), (since - CLOCK_SLACK).timestamp());
        let mut after = None;
        for _ in 0..PAGES {
            let request = DeskRequest::List { after: after.as_deref() };
            let page: Page = self.desk(place, request).await?;
            let is_older = page.data.last().is_none_or(|batch| batch.created_at < oldest);
            let last = page.data.last().map(|batch| batch.id.clone());
            let is_ours =
                |batch: &Batch| batch.metadata.as_ref().is_some_and(|metadata| metadata.get(OUR_ID) == Some(&ours));
            if let Some(batch) = page.data.into_iter().find(is_ours) {
                return Ok(Some(batch.into()));
            }
            if is_older || !page.has_more {
                return Ok(None);
            }
            after = last;
        }
        Err(DeskError::Trouble("there are too many batches to look through".to_owned()))
    }

    /// How a batch stands.
    pub(crate) async fn look_at_batch(&self, place: &BatchPlace, batch: &str) -> Result<ProviderView, DeskError> {
        Ok(self.desk::<Batch>(place, DeskRequest::Look(batch)).await?.into())
    }

    /// Asks for a batch to be stopped; what it has made by then is still answered and billed.
    pub(crate) async fn cancel_batch(&self, place: &BatchPlace, batch: &str) -> Result<(), DeskError> {
        self.desk::<Value>(place, DeskRequest::Cancel(batch)).await.map(drop)
    }

    /// The body of a file.
    pub(crate) async fn download(&self, place: &BatchPlace, file: &str) -> Result<Body, DeskError> {
        let key = &self.inner.look_up(place).key.endpoint;
        let answer = ask_desk(&self.inner.http, &self.inner.memory, key, DeskRequest::Download(file)).await;
        answer.map(|answer| answer.body).map_err(|error| self.desk_error(place, &Failure::of_wire(&error)))
    }

    pub(crate) async fn delete_file(&self, place: &BatchPlace, file: &str) -> Result<(), DeskError> {
        self.desk::<Value>(place, DeskRequest::Delete(file)).await.map(drop)
    }

    async fn desk<T: DeserializeOwned>(&self, place: &BatchPlace, request: DeskRequest<'_>) -> Result<T, DeskError> {
        let key = &self.inner.look_up(place).key.endpoint;
        match ask_desk(&self.inner.http, &self.inner.memory, key, request).await {
            Ok(answer) => serde_json::from_slice(&answer.body.bytes)
                .map_err(|_| DeskError::Trouble("an answer of an unknown shape".to_owned())),
            Err(error) => Err(self.desk_error(place, &Failure::of_wire(&error))),
        }
    }

    /// What a failure means here, and what it teaches everybody.
    fn desk_error(&self, place: &BatchPlace, failure: &Failure) -> DeskError {
        let (what, verdict) = (failure.describe(), verdict(failure));
        match (failure, verdict.class) {
            (_, Class::KeyRefused | Class::OutOfCredit) => {
                let (_, aside) = self.inner.take_in(&self.inner.look_up(place), failure, &verdict);
                self.inner.admission.tell(aside, verdict.class);
                DeskError::Key(what)
            }
            (Failure::Status(refused), _) => match refused.status {
                404 => DeskError::Missing,
                425 | 429 => DeskError::Busy(what),
                408 | 409 => DeskError::Trouble(what),
                400..=499 => DeskError::Refused(what),
                _ => DeskError::Trouble(what),
            },
            _ => DeskError::Trouble(what),
        }
    }
}
