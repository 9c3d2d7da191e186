//! What the workers know together about the providers, as it lies in Redis: the catalog, limits, rests, breakers and what
//! was put aside. The workers' admission writes it; the API and operators read it, and an operator may release what was put
//! aside.
//!
//! All keys share one hash tag, so that one script may touch any of them: `<namespace>:{gateway}:` and then
//!
//! | key | what |
//! |---|---|
//! | `catalog` | [`Catalog`] as JSON, written by every worker every few seconds, gone a minute after the last. Never a key |
//! | `closed` | hash: a [`Scope`] to `{until_ms, class, since_ms}` (Unix milliseconds): what is not to be called |
//! | `pm:<provider>/<pool>/<model>` | hash, what a limit belongs to: `requests`, `tokens`, `images` (when the next unit may go), `hold` and `hold_class` (no call before), `limit_<dimension>` (learnt from headers), `left_<dimension>` (as last reported) |
//! | `fl:<provider>/<pool>` | sorted set: calls in flight, each with the time that it is given up |
//! | `cc:<provider>/<pool>` | hash: `conc`, how many calls may be in flight |
//! | `br:<host>/<model>`, `br:<host>` | hash, a breaker: `state` (`open` until a probe served, then `ramp`; none while closed), `until`, `backoff` |
//! | `epoch` | tells that Redis lost its memory |
//!
//! Where limits belong to a pool whatever the model, the model is `*`. Times inside `pm`, `fl` and `br` are microseconds
//! since [`EPOCH_SECONDS`]: whole numbers of that size are exact in the scripts of Redis.

mod reading;
mod scope;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use futures::Stream;
use redis::aio::ConnectionManager;
use serde::{Deserialize, Serialize};

use crate::channel::{listen, send};
use crate::config::RedisSettings;
use crate::queue::QueueError;

pub use reading::{
    BreakerPhase, BreakerState, GatewayState, KeyState, LimitState, ModelState, PoolState, ProviderState, read,
};
pub use scope::{NoScope, Scope};

/// Unix seconds that the times inside `pm`, `fl` and `br` count from.
pub const EPOCH_SECONDS: i64 = 1_750_000_000;

/// How long a catalog outlives its worker.
pub const CATALOG_SECONDS: u64 = 60;

/// What every key of the gateway begins with.
pub fn prefix(namespace: &str) -> String {
    format!("{namespace}:{{gateway}}:")
}

/// What providers limit in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    Requests,
    Tokens,
    Images,
}

impl Dimension {
    pub const ALL: [Self; 3] = [Self::Requests, Self::Tokens, Self::Images];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::Images => "images",
        }
    }
}

/// What one worker is configured to call. It holds labels of keys, never a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    pub providers: Vec<CatalogProvider>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogProvider {
    pub name: String,
    pub dialect: String,
    /// Host and port, as breakers know it.
    pub host: String,
    /// The length of the limits' window.
    pub window_seconds: u64,
    pub pools: Vec<CatalogPool>,
    pub models: Vec<CatalogModel>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogPool {
    pub name: String,
    /// Labels of its keys.
    pub keys: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogModel {
    /// The steps that ask it.
    pub steps: Vec<String>,
    pub name: String,
    /// What its limits belong to in each pool: its name, or `*` where all models of a pool share them.
    pub meter: String,
    /// Stated limits in a window, by dimension; none where nobody stated one.
    pub limits: BTreeMap<Dimension, u64>,
}

/// Something that was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    pub scope: Scope,
    /// `key_refused`, `out_of_credit`, `model_unavailable`, …
    pub class: String,
    pub since: DateTime<Utc>,
    /// When it is tried again.
    pub until: DateTime<Utc>,
}

/// An entry of the hash `closed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedEntry {
    pub until_ms: i64,
    pub class: String,
    pub since_ms: i64,
}

/// What one worker tells the others at once. A hint: what matters lies in the keys, and is read again every second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum News {
    /// A [`Scope`] was put aside.
    Closed { name: String, for_ms: u64, class: String },
    /// A [`Scope`] was released.
    Open { name: String },
    /// The limit `<provider>/<pool>/<meter>` is used up.
    Rest { name: String, for_ms: u64 },
    /// The breaker of `<host>/<model>` or `<host>` opened.
    Breaker { name: String, for_ms: u64 },
}

/// The channel that [`News`] is told on.
pub fn channel(namespace: &str) -> String {
    format!("{namespace}:gateway")
}

/// All news from now on, until the connection breaks; then the caller subscribes again.
pub async fn subscribe(settings: &RedisSettings) -> Result<impl Stream<Item = News> + use<>, QueueError> {
    listen(settings, &channel(&settings.namespace)).await
}

type Fields = HashMap<String, String>;

/// What is put aside now.
pub async fn list(redis: &mut ConnectionManager, namespace: &str) -> Result<Vec<Closed>, QueueError> {
    let mut pipe = redis::pipe();
    pipe.cmd("HGETALL").arg(format!("{}closed", prefix(namespace))).cmd("TIME");
    let (closed, clock): (Fields, (i64, i64)) = pipe.query_async(redis).await?;
    Ok(closed_of(closed, Clock(clock.0 * 1_000_000 + clock.1)))
}

/// Releases what was put aside, and for a model its rest too; workers obey within a second. False: it was not put aside.
pub async fn release(redis: &mut ConnectionManager, namespace: &str, scope: &Scope) -> Result<bool, QueueError> {
    let prefix = prefix(namespace);
    let mut pipe = redis::pipe();
    pipe.atomic().cmd("HDEL").arg(format!("{prefix}closed")).arg(scope.to_string());
    if let Scope::Model { provider, pool, model } = scope {
        for meter in [model.as_str(), "*"] {
            let key = format!("{prefix}pm:{provider}/{pool}/{meter}");
            pipe.cmd("HDEL").arg(key).arg("hold").arg("hold_class");
        }
    }
    let removed: Vec<u64> = pipe.query_async(redis).await?;
    send(redis, &channel(namespace), &[News::Open { name: scope.to_string() }]).await?;
    Ok(removed.into_iter().any(|removed| removed > 0))
}

/// Writes the catalog, for a minute.
pub async fn show(redis: &mut ConnectionManager, namespace: &str, catalog: &Catalog) -> Result<(), QueueError> {
    redis::cmd("SET")
        .arg(format!("{}catalog", prefix(namespace)))
        .arg(serde_json::to_string(catalog).unwrap_or_default())
        .arg("EX")
        .arg(CATALOG_SECONDS)
        .query_async::<()>(redis)
        .await?;
    Ok(())
}

/// The clock of Redis, in Unix microseconds.
#[derive(Clone, Copy)]
struct Clock(i64);

impl Clock {
    /// A time of ours, if it lies ahead.
    fn ahead(self, field: Option<&String>) -> Option<DateTime<Utc>> {
        let unix = field?.parse::<f64>().ok()? as i64 + EPOCH_SECONDS * 1_000_000;
        if unix > self.0 { DateTime::from_timestamp_micros(unix) } else { None }
    }

    fn now(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

/// What is put aside and has not had its time.
fn closed_of(fields: Fields, now: Clock) -> Vec<Closed> {
    let read = |(name, entry): (String, String)| {
        let entry: ClosedEntry = serde_json::from_str(&entry).ok()?;
        let until = DateTime::from_timestamp_millis(entry.until_ms).filter(|until| *until > now.now())?;
        let since = DateTime::from_timestamp_millis(entry.since_ms)?;
        Some(Closed { scope: name.parse().ok()?, class: entry.class, since, until })
    };
    let mut closed: Vec<_> = fields.into_iter().filter_map(read).collect();
    closed.sort_by(|one, other| one.scope.cmp(&other.scope));
    closed
}

#[cfg(test)]
mod tests;
