//! Reading how everything stands: the catalog, joined with what lies in the keys.

use chrono::{DateTime, TimeDelta, Utc};
use redis::aio::ConnectionManager;

use super::{
    Catalog, CatalogModel, CatalogPool, CatalogProvider, Clock, Closed, Dimension, EPOCH_SECONDS, Fields, Scope,
    closed_of, prefix,
};
use crate::queue::QueueError;

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
            Some("open") => BreakerPhase::HalfOpen,
            Some("ramp") => BreakerPhase::RampingUp,
            _ => return None,
        };
        Some(BreakerState { phase, until: until.unwrap_or_else(|| self.now.now()) })
    }

    fn closed_as(&self, scope: &Scope) -> Option<Closed> {
        self.closed.iter().find(|closed| closed.scope == *scope).cloned()
    }
}
