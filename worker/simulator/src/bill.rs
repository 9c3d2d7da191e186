//! The billing log: every provider call that arrived, what it was answered, and what it cost.
//!
//! A line is written when the answer is decided, before any byte of it leaves. So a call whose client hung up, or whose
//! answer was cut on the way, is in the log with its price, as it would be on a provider's invoice.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::kind::Kind;

/// The whole log, or the part of it from some line on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bill {
    pub calls: Vec<BilledCall>,
    /// What all calls cost so far, also those left out of `calls`. Nano-dollars.
    pub total_nanos: i64,
    /// Number of lines so far: pass it as `since` to read on.
    pub next: usize,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BilledCall {
    /// The `x-request-id` of the answer.
    pub request_id: String,
    /// The `X-Client-Request-Id` of the request.
    pub client_request_id: Option<String>,
    /// The key as stated in the configuration. A key that was not stated, or refused, is shortened to `sk-...abcd`.
    pub key: String,
    /// Empty when the request did not say.
    pub model: String,
    pub kind: Kind,
    /// HTTP status decided for the call; 0 when it was left hanging.
    pub status: u16,
    pub usage: Usage,
    /// 0 for calls that produced nothing. Nano-dollars.
    pub cost_nanos: i64,
    /// Why the call was answered as it was.
    #[serde(default)]
    pub cause: Cause,
    /// How long the answer asked the client to stay away (`Retry-After`), where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// When the answer was decided: RFC 3339, UTC.
    pub at: String,
    /// The batch that the call was a line of; such calls cost the price of batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<String>,
}

/// What decided the answer of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nothing was in its way: the answer that was asked for.
    #[default]
    Served,
    /// A fault of the scenario.
    Fault,
    /// It was over a limit.
    Limit,
    /// The request itself: its key, its model, its fields.
    Request,
}

/// What a call used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub images: u64,
}

/// A line as it is kept: cheap to append.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) request: RequestId,
    pub(crate) client_request_id: Option<Box<str>>,
    pub(crate) key: Arc<str>,
    pub(crate) model: Arc<str>,
    pub(crate) kind: Kind,
    pub(crate) status: u16,
    pub(crate) usage: Usage,
    pub(crate) cost_nanos: i64,
    pub(crate) cause: Cause,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) batch: Option<Box<str>>,
}

/// Names a call in the answer's `x-request-id`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId {
    /// Differs between runs, so that ids of two runs do not meet in one database.
    pub(crate) run: u64,
    pub(crate) number: u64,
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "req_{:016x}{:016x}", self.run, self.number)
    }
}

#[derive(Debug, Default)]
pub(crate) struct BillingLog {
    book: Mutex<Book>,
    length: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Book {
    lines: Vec<Line>,
    total_nanos: i64,
}

impl BillingLog {
    pub(crate) fn append(&self, line: Line) {
        let length = {
            let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
            book.total_nanos += line.cost_nanos;
            book.lines.push(line);
            book.lines.len()
        };
        if self.length.receiver_count() > 0 {
            self.length.send_replace(length);
        }
    }

    /// Lines from number `since` on, at most `limit` of them.
    pub(crate) fn read(&self, since: usize, limit: usize) -> Bill {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let calls: Vec<_> = book.lines.iter().skip(since).take(limit).map(render).collect();
        let next = (since + calls.len()).min(book.lines.len());
        Bill { calls, total_nanos: book.total_nanos, next }
    }

    /// Resolves once the log has `count` lines.
    pub(crate) async fn reaches(&self, count: usize) {
        let mut length = self.length.subscribe();
        loop {
            length.mark_unchanged();
            if self.len() >= count || length.changed().await.is_err() {
                return;
            }
        }
    }

    fn len(&self) -> usize {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).lines.len()
    }

    pub(crate) fn clear(&self) {
        *self.book.lock().unwrap_or_else(PoisonError::into_inner) = Book::default();
    }
}

fn render(line: &Line) -> BilledCall {
    BilledCall {
        request_id: line.request.to_string(),
        client_request_id: line.client_request_id.as_deref().map(str::to_owned),
        key: line.key.to_string(),
        model: line.model.to_string(),
        kind: line.kind,
        status: line.status,
        usage: line.usage,
        cost_nanos: line.cost_nanos,
        cause: line.cause,
        retry_after_ms: line.retry_after.map(|rest| rest.as_millis() as u64),
        at: line.at.to_rfc3339_opts(SecondsFormat::Micros, true),
        batch_id: line.batch.as_deref().map(str::to_owned),
    }
}
