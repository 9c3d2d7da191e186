//! A batch: what was ordered, and how it stands.

use std::{collections::BTreeMap, sync::Arc};

use chrono::Utc;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{fields::Fields, refusal::Refusal};

/// How long a batch may take, in seconds.
const WINDOW: i64 = 86_400;

/// What a client orders.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) input_file_id: String,
    metadata: Value,
}

impl Order {
    /// Reads the body of a creation. Only chats are batched here.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Refusal> {
        let known = ["input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"];
        fields.only(&[&known])?;
        let input_file_id: String = fields.required("input_file_id")?;
        fields.required::<String>("endpoint")?;
        fields.word("endpoint", &["/v1/chat/completions"])?;
        fields.required::<String>("completion_window")?;
        fields.word("completion_window", &["24h"])?;
        let metadata: Option<Map<String, Value>> = fields.optional("metadata")?;
        if let Some(pairs) = &metadata {
            let fits =
                |(key, value): (&String, &Value)| key.len() <= 64 && value.as_str().is_some_and(|v| v.len() <= 512);
            if pairs.len() > 16 || !pairs.iter().all(fits) {
                let message = "Invalid 'metadata': expected at most 16 pairs of texts, keys of 64 characters and values \
                               of 512 at most.";
                return Err(Refusal::bad_value("metadata", message));
            }
        }
        Ok(Self { input_file_id, metadata: metadata.map_or(Value::Null, Value::Object) })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Validating,
    Failed,
    InProgress,
    Finalizing,
    Completed,
    Expired,
    Cancelling,
    Cancelled,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Validating => "validating",
            Self::Failed => "failed",
            Self::InProgress => "in_progress",
            Self::Finalizing => "finalizing",
            Self::Completed => "completed",
            Self::Expired => "expired",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }

    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Failed | Self::Completed | Self::Expired | Self::Cancelled)
    }
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) pool: Arc<str>,
    order: Order,
    pub(super) status: Status,
    pub(super) model: Option<String>,
    pub(super) errors: Vec<Value>,
    pub(super) output_file: Option<String>,
    pub(super) error_file: Option<String>,
    pub(super) total: usize,
    pub(super) completed: usize,
    pub(super) failed: usize,
    created_at: i64,
    /// When it entered each status.
    times: BTreeMap<&'static str, i64>,
    pub(super) cancel: CancellationToken,
}

impl Job {
    pub(super) fn new(id: String, pool: Arc<str>, order: Order) -> Self {
        Self {
            id,
            pool,
            order,
            status: Status::Validating,
            model: None,
            errors: Vec::new(),
            output_file: None,
            error_file: None,
            total: 0,
            completed: 0,
            failed: 0,
            created_at: Utc::now().timestamp(),
            times: BTreeMap::new(),
            cancel: CancellationToken::new(),
        }
    }

    pub(super) fn enter(&mut self, status: Status) {
        self.status = status;
        self.times.insert(status.name(), Utc::now().timestamp());
    }

    pub(super) fn describe(&self) -> Value {
        let at = |status: Status| self.times.get(status.name());
        let errors = (!self.errors.is_empty()).then(|| json!({ "object": "list", "data": self.errors }));
        json!({
            "id": self.id, "object": "batch", "endpoint": "/v1/chat/completions", "model": self.model, "errors": errors,
            "input_file_id": self.order.input_file_id, "completion_window": "24h", "status": self.status.name(),
            "output_file_id": self.output_file, "error_file_id": self.error_file,
            "created_at": self.created_at, "expires_at": self.created_at + WINDOW,
            "in_progress_at": at(Status::InProgress), "finalizing_at": at(Status::Finalizing),
            "completed_at": at(Status::Completed), "failed_at": at(Status::Failed), "expired_at": at(Status::Expired),
            "cancelling_at": at(Status::Cancelling), "cancelled_at": at(Status::Cancelled),
            "request_counts": { "total": self.total, "completed": self.completed, "failed": self.failed },
            "metadata": self.order.metadata,
        })
    }
}
