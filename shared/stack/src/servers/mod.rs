//! A private Postgres and a private Redis for one state folder.
//!
//! Both listen on free loopback ports behind generated passwords and run as an unprivileged
//! account when we are root. Servers named by `DATABASE_URL` and `REDIS_URL` are used instead and
//! never touched beyond that; other servers on this machine are left alone.

pub mod account;
pub mod find;
pub mod leftovers;
pub mod placement;
pub mod postgres;
pub mod redis;

use crate::settings::Environment;
use crate::shutdown::Shutdown;
use crate::state::State;
use crate::supervise::Running;
use crate::terminal::say;

/// Whether what is written must survive a crash of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is on the disk.
    Kept,
    /// Thrown away afterwards: survives a killed server but not a crash of the machine; room for many connections.
    Throwaway,
}

/// Addresses of both servers, and those that were started for them.
pub struct Servers {
    pub database_url: String,
    pub redis_url: String,
    postgres: Option<Running>,
    redis: Option<Running>,
}

impl Servers {
    /// Uses what the environment names and starts what it does not.
    pub async fn start(
        state: &State,
        environment: &Environment,
        durability: Durability,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Self> {
        let given_database = environment.setting("DATABASE_URL", "database", "url")?;
        let given_redis = environment.setting("REDIS_URL", "redis", "url")?;
        find::install_missing(given_database.is_none(), given_redis.is_none()).await?;

        let (redis_url, redis) = match given_redis {
            Some(url) => (url, None),
            None => start_redis(state, shutdown).await?,
        };
        let started = match given_database {
            Some(url) => Ok((url, None)),
            None => start_postgres(state, durability, shutdown).await,
        };
        match started {
            Ok((database_url, postgres)) => Ok(Self { database_url, redis_url, postgres, redis }),
            Err(error) => {
                if let Some(redis) = redis {
                    redis.stop().await;
                }
                Err(error)
            }
        }
    }

    /// Whether Postgres, and whether Redis, was started here.
    pub fn ours(&self) -> (bool, bool) {
        (self.postgres.is_some(), self.redis.is_some())
    }

    /// Stops what was started here: Redis, then Postgres.
    pub async fn stop(self) {
        for server in [self.redis, self.postgres].into_iter().flatten() {
            server.stop().await;
        }
    }
}

async fn start_redis(state: &State, shutdown: &Shutdown) -> anyhow::Result<(String, Option<Running>)> {
    let server = redis::Redis::prepare()?;
    let running = Running::start(server.part(state), shutdown).await?;
    Ok((server.url(), Some(running)))
}

async fn start_postgres(
    state: &State,
    durability: Durability,
    shutdown: &Shutdown,
) -> anyhow::Result<(String, Option<Running>)> {
    let server = postgres::Postgres::prepare(state, durability).await?;
    let running = Running::start(server.part(state), shutdown).await?;
    Ok((server.url(), Some(running)))
}

/// Says that a program had to be installed, before the minute that it takes.
fn announce_installation(packages: &[&str]) {
    say(format_args!("installing from Debian's packages: {}", packages.join(" ")));
}
