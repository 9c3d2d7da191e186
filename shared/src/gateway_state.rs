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
//! | `br:<host>/<model>`, `br:<host>` | hash, a breaker: `state` (`open`, `half`, `ramp`; none while closed), `until`, `backoff` |
//! | `epoch` | tells that Redis lost its memory |
//!
//! Where limits belong to a pool whatever the model, the model is `*`. Times inside `pm`, `fl` and `br` are microseconds
//! since [`EPOCH_SECONDS`]: whole numbers of that size are exact in the scripts of Redis.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use futures::Stream;
use redis::aio::ConnectionManager;
use serde::{Deserialize, Serialize};

use crate::channel::{listen, send};
use crate::config::RedisSettings;
use crate::queue::QueueError;

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

/// What can be put aside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    Key { provider: String, label: String },
    Pool { provider: String, pool: String },
    Model { provider: String, pool: String, model: String },
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { provider, label } => write!(f, "key/{provider}/{label}"),
            Self::Pool { provider, pool } => write!(f, "pool/{provider}/{pool}"),
            Self::Model { provider, pool, model } => write!(f, "model/{provider}/{pool}/{model}"),
        }
    }
}

/// Not the name of anything that can be put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must read key/PROVIDER/LABEL, pool/PROVIDER/POOL or model/PROVIDER/POOL/MODEL")]
pub struct NoScope;

impl std::str::FromStr for Scope {
    type Err = NoScope;

    /// The names of models may hold slashes.
    fn from_str(text: &str) -> Result<Self, NoScope> {
        let filled = |parts: &[&str]| parts.iter().all(|part| !part.is_empty());
        let own = |part: &str| part.to_owned();
        match text.splitn(4, '/').collect::<Vec<_>>()[..] {
            ["key", provider, label] if filled(&[provider, label]) => {
                Ok(Self::Key { provider: own(provider), label: own(label) })
            }
            ["pool", provider, pool] if filled(&[provider, pool]) => {
                Ok(Self::Pool { provider: own(provider), pool: own(pool) })
            }
            ["model", provider, pool, model] if filled(&[provider, pool, model]) => {
                Ok(Self::Model { provider: own(provider), pool: own(pool), model: own(model) })
            }
            _ => Err(NoScope),
        }
    }
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

/// How everything stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GatewayState {
    /// Empty while no worker runs.
    pub providers: Vec<ProviderState>,
    /// What was put aside, also of providers that are no longer configured.
    pub closed: Vec<Closed>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ProviderState {
    pub name: String,
    pub dialect: String,
    pub host: String,
    pub window_seconds: u64,
    /// The breaker of the host as a whole; none while it is closed.
    pub breaker: Option<BreakerState>,
    pub pools: Vec<PoolState>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PoolState {
    pub name: String,
    pub keys: Vec<KeyState>,
    pub closed: Option<Closed>,
    /// Calls booked or under way.
    pub in_flight: u64,
    /// How many may be; none where only its limits bound them.
    pub concurrency: Option<u64>,
    pub models: Vec<ModelState>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct KeyState {
    pub label: String,
    pub closed: Option<Closed>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ModelState {
    pub name: String,
    pub steps: Vec<String>,
    pub closed: Option<Closed>,
    /// Over its limit until then.
    pub resting_until: Option<DateTime<Utc>>,
    /// Only dimensions that have a limit.
    pub limits: Vec<LimitState>,
    /// None while it is closed, as it should be.
    pub breaker: Option<BreakerState>,
}

/// A limit in a window. Models that share it show the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitState {
    pub dimension: Dimension,
    /// As configured.
    pub stated: Option<u64>,
    /// As the provider's headers say.
    pub learnt: Option<u64>,
    /// The tighter of the two.
    pub limit: u64,
    /// What the provider said was left, when it last said so.
    pub remaining: Option<u64>,
    /// How far ahead calls are booked: zero when the next one may go at once.
    pub booked_ahead_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerPhase {
    /// Nothing is called.
    Open,
    /// One call tries.
    HalfOpen,
    /// More and more calls are let through.
    RampingUp,
}

impl BreakerPhase {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::RampingUp => "ramping_up",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerState {
    pub phase: BreakerPhase,
    /// When it lets a call try.
    pub until: DateTime<Utc>,
}

type Fields = HashMap<String, String>;

/// How everything stands now.
pub async fn read(redis: &mut ConnectionManager, namespace: &str) -> Result<GatewayState, QueueError> {
    let prefix = prefix(namespace);
    let mut pipe = redis::pipe();
    pipe.cmd("GET").arg(format!("{prefix}catalog"));
    pipe.cmd("HGETALL").arg(format!("{prefix}closed"));
    pipe.cmd("TIME");
    let (catalog, closed, clock): (Option<String>, Fields, (i64, i64)) = pipe.query_async(redis).await?;
    let now = Clock(clock.0 * 1_000_000 + clock.1);
    let catalog: Catalog = catalog.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let closed = closed_of(closed, now);
    let mut providers = Vec::new();
    for provider in &catalog.providers {
        let scene = Scene { prefix: &prefix, provider, closed: &closed, now };
        providers.push(scene.read(redis).await?);
    }
    Ok(GatewayState { providers, closed })
}

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

/// One provider, about to be read.
struct Scene<'a> {
    prefix: &'a str,
    provider: &'a CatalogProvider,
    closed: &'a [Closed],
    now: Clock,
}

impl Scene<'_> {
    async fn read(&self, redis: &mut ConnectionManager) -> Result<ProviderState, QueueError> {
        let CatalogProvider { name, host, .. } = self.provider;
        let prefix = self.prefix;
        let mut pipe = redis::pipe();
        pipe.cmd("HGETALL").arg(format!("{prefix}br:{host}"));
        for model in &self.provider.models {
            pipe.cmd("HGETALL").arg(format!("{prefix}br:{host}/{}", model.name));
        }
        for pool in &self.provider.pools {
            pipe.cmd("HGETALL").arg(format!("{prefix}cc:{name}/{}", pool.name));
            for model in &self.provider.models {
                pipe.cmd("HGETALL").arg(format!("{prefix}pm:{name}/{}/{}", pool.name, model.meter));
            }
        }
        let mut found = pipe.query_async::<Vec<Fields>>(redis).await?.into_iter();
        let mut pipe = redis::pipe();
        for pool in &self.provider.pools {
            let since = self.now.0 - EPOCH_SECONDS * 1_000_000;
            pipe.cmd("ZCOUNT").arg(format!("{prefix}fl:{name}/{}", pool.name)).arg(since).arg("+inf");
        }
        let in_flight: Vec<u64> = pipe.query_async(redis).await?;
        let mut next = || found.next().unwrap_or_default();
        let breaker = self.breaker(&next());
        let breakers: Vec<_> = self.provider.models.iter().map(|_| self.breaker(&next())).collect();
        let mut pools = Vec::new();
        for (pool, in_flight) in self.provider.pools.iter().zip(in_flight) {
            let concurrency = next().get("conc").and_then(|conc| conc.parse::<f64>().ok()).map(|conc| conc as u64);
            let models = self.provider.models.iter().zip(&breakers);
            pools.push(PoolState {
                name: pool.name.clone(),
                keys: pool.keys.iter().map(|label| self.key(label)).collect(),
                closed: self.closed_as(&Scope::Pool { provider: name.clone(), pool: pool.name.clone() }),
                in_flight,
                concurrency,
                models: models.map(|(model, breaker)| self.model(pool, model, *breaker, &next())).collect(),
            });
        }
        Ok(ProviderState {
            name: name.clone(),
            dialect: self.provider.dialect.clone(),
            host: host.clone(),
            window_seconds: self.provider.window_seconds,
            breaker,
            pools,
        })
    }

    fn key(&self, label: &str) -> KeyState {
        let scope = Scope::Key { provider: self.provider.name.clone(), label: label.to_owned() };
        KeyState { label: label.to_owned(), closed: self.closed_as(&scope) }
    }

    fn model(
        &self,
        pool: &CatalogPool,
        model: &CatalogModel,
        breaker: Option<BreakerState>,
        meter: &Fields,
    ) -> ModelState {
        let (provider, pool, name) = (self.provider.name.clone(), pool.name.clone(), model.name.clone());
        ModelState {
            steps: model.steps.clone(),
            closed: self.closed_as(&Scope::Model { provider, pool, model: name.clone() }),
            name,
            resting_until: self.now.ahead(meter.get("hold")),
            limits: Dimension::ALL.into_iter().filter_map(|dimension| self.limit(dimension, model, meter)).collect(),
            breaker,
        }
    }

    fn limit(&self, dimension: Dimension, model: &CatalogModel, meter: &Fields) -> Option<LimitState> {
        let number = |what: &str| meter.get(&format!("{what}_{}", dimension.as_str()))?.parse().ok();
        let (stated, learnt) = (model.limits.get(&dimension).copied(), number("limit"));
        let limit = stated.into_iter().chain(learnt).min()?;
        let booked = self.now.ahead(meter.get(dimension.as_str()));
        let ahead = booked.map_or(TimeDelta::zero(), |booked| booked - self.now.now());
        Some(LimitState {
            dimension,
            stated,
            learnt,
            limit,
            remaining: number("left"),
            booked_ahead_ms: ahead.num_milliseconds().max(0) as u64,
        })
    }

    fn breaker(&self, fields: &Fields) -> Option<BreakerState> {
        let until = self.now.ahead(fields.get("until"));
        let phase = match fields.get("state").map(String::as_str) {
            Some("open") if until.is_some() => BreakerPhase::Open,
            Some("open" | "half") => BreakerPhase::HalfOpen,
            Some("ramp") => BreakerPhase::RampingUp,
            _ => return None,
        };
        Some(BreakerState { phase, until: until.unwrap_or_else(|| self.now.now()) })
    }

    fn closed_as(&self, scope: &Scope) -> Option<Closed> {
        self.closed.iter().find(|closed| closed.scope == *scope).cloned()
    }
}

#[cfg(test)]
mod tests;
