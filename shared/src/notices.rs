//! What the providers last said of the configured models and keys: models that are gone or will be, keys that are refused.
//!
//! One worker reads the providers' lists of models once a day, which costs nothing, and leaves here what an operator should
//! know; the API shows it. It lies in Redis under `<namespace>:{gateway}:notices`, as JSON, and is gone after three days
//! without a reading.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use redis::aio::ConnectionManager;
use serde::{Deserialize, Serialize};

use crate::gateway_state::prefix;
use crate::queue::QueueError;

/// How long a reading is shown.
const KEPT: Duration = Duration::from_hours(72);
/// How long a worker that set out to read keeps the others from it.
const CLAIM: Duration = Duration::from_mins(2);

/// One reading of all providers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notices {
    pub read_at: DateTime<Utc>,
    /// Changes with the configuration that was read for.
    pub configuration: u64,
    pub warnings: Vec<Warning>,
}

/// Something that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    pub kind: WarningKind,
    pub provider: String,
    /// The pool that it is about, where not all are.
    pub pool: Option<String>,
    /// The label of the key that it is about.
    pub key: Option<String>,
    pub model: Option<String>,
    /// The day that the model is switched off.
    pub date: Option<NaiveDate>,
    /// For people. It names no key, not even by its label.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// The provider does not list a model that is configured.
    ModelMissing,
    /// The day that the model is switched off has come.
    ModelShutDown,
    /// The model will be switched off.
    ShutdownAnnounced,
    /// The provider states another price than the price list.
    PriceDiffers,
    KeyRefused,
    /// The provider could not be asked.
    NoAnswer,
}

impl WarningKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ModelMissing => "model_missing",
            Self::ModelShutDown => "model_shut_down",
            Self::ShutdownAnnounced => "shutdown_announced",
            Self::PriceDiffers => "price_differs",
            Self::KeyRefused => "key_refused",
            Self::NoAnswer => "no_answer",
        }
    }
}

/// The last reading; none when there was none, or what lies there cannot be read.
pub async fn read(redis: &mut ConnectionManager, namespace: &str) -> Result<Option<Notices>, QueueError> {
    let text: Option<String> = redis::cmd("GET").arg(key(namespace)).query_async(redis).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Leaves a reading.
pub async fn write(redis: &mut ConnectionManager, namespace: &str, notices: &Notices) -> Result<(), QueueError> {
    let text = serde_json::to_string(notices).unwrap_or_default();
    redis::cmd("SET").arg(key(namespace)).arg(text).arg("EX").arg(KEPT.as_secs()).query_async::<()>(redis).await?;
    Ok(())
}

/// Whether the caller is the one to read now: one at a time, for two minutes.
pub async fn claim(redis: &mut ConnectionManager, namespace: &str) -> Result<bool, QueueError> {
    let mut claim = redis::cmd("SET");
    claim.arg(format!("{}:reader", key(namespace))).arg(1).arg("NX").arg("EX").arg(CLAIM.as_secs());
    let claimed: Option<String> = claim.query_async(redis).await?;
    Ok(claimed.is_some())
}

fn key(namespace: &str) -> String {
    format!("{}notices", prefix(namespace))
}
