//! The trials, one file each.

mod bodies;
mod budget;
mod dead_keys;
mod exports;
mod faults;
mod imports;
mod independent;
mod interactive;
mod limits;
mod overhead;
mod redis_outage;
mod throughput;
mod worker_kills;

use anyhow::Result;

use crate::ground::Ground;
use crate::options::Options;
use crate::report::Report;

/// What can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trial {
    Limits,
    Faults,
    Budget,
    RedisOutage,
    DeadKeys,
    Bodies,
    WorkerKills,
    Independent,
    Overhead,
    Throughput,
    Interactive,
    Imports,
    Exports,
}

impl Trial {
    /// Those that need nothing that is not ours.
    pub(crate) const PROMISES: [Self; 7] =
        [Self::Limits, Self::Faults, Self::Budget, Self::RedisOutage, Self::DeadKeys, Self::Bodies, Self::WorkerKills];
    pub(crate) const MEASUREMENTS: [Self; 5] =
        [Self::Overhead, Self::Throughput, Self::Interactive, Self::Imports, Self::Exports];

    pub(crate) fn named(name: &str) -> Option<Self> {
        let all = Self::PROMISES.into_iter().chain(Self::MEASUREMENTS).chain([Self::Independent]);
        all.into_iter().find(|trial| trial.name() == name)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Limits => "limits",
            Self::Faults => "faults",
            Self::Budget => "budget",
            Self::RedisOutage => "redis-outage",
            Self::DeadKeys => "dead-keys",
            Self::Bodies => "bodies",
            Self::WorkerKills => "worker-kills",
            Self::Independent => "independent",
            Self::Overhead => "overhead",
            Self::Throughput => "throughput",
            Self::Interactive => "interactive",
            Self::Imports => "imports",
            Self::Exports => "exports",
        }
    }

    pub(crate) async fn run(self, ground: &Ground, options: &Options) -> Result<Report> {
        match self {
            Self::Limits => limits::run(ground, options).await,
            Self::Faults => faults::run(ground, options).await,
            Self::Budget => budget::run(ground, options).await,
            Self::RedisOutage => redis_outage::run(ground, options).await,
            Self::DeadKeys => dead_keys::run(ground, options).await,
            Self::Bodies => bodies::run(ground, options).await,
            Self::WorkerKills => worker_kills::run(ground, options).await,
            Self::Independent => independent::run(ground, options).await,
            Self::Overhead => overhead::run(ground, options).await,
            Self::Throughput => throughput::run(ground, options).await,
            Self::Interactive => interactive::run(ground, options).await,
            Self::Imports => imports::run(ground, options).await,
            Self::Exports => exports::run(ground, options).await,
        }
    }
}
