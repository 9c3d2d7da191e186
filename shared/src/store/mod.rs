//! The only door to the tables.
//!
//! Plain rows go through `SeaORM`; what locks, sums or moves in bulk is a commented statement in `sql/`, run through the
//! same pool. The caller owns the transaction. Locks are taken in one order everywhere: batches by id, then budgets, then
//! posts by id, then attempts. **The row of a batch is the lock of its posts**: whoever changes a post holds its batch's row, so what is
//! read of a post under that lock cannot change.

pub mod advance;
pub mod answers;
pub mod assets;
pub mod attempts;
pub mod batches;
pub mod brand_kits;
pub mod budgets;
pub mod campaigns;
pub mod claim;
pub mod compare;
pub mod control;
pub mod costs;
pub mod dispatch;
pub mod economy;
pub mod entity;
pub mod generations;
pub mod idempotency;
pub mod login_attempts;
pub mod metrics;
pub mod paid_jobs;
pub mod place;
pub mod posts;
pub mod projects;
pub mod rescue;
pub mod segments;
pub mod sessions;
pub mod siblings;
pub mod spending;
pub mod templates;
pub mod uploads;
pub mod users;
pub mod workers;

use std::time::Duration;

use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use secrecy::ExposeSecret;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::config::DatabaseSettings;

/// Why a store function did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("database: {0}")]
    Sqlx(#[from] sqlx::Error),
    #[error("database: {0}")]
    Orm(#[from] sea_orm::DbErr),
    #[error("database settings: {0}")]
    Config(#[from] crate::config::ConfigError),
}

/// How long a statement may run.
const LONGEST: Duration = Duration::from_secs(10);

/// A pool of connections to the database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
    orm: DatabaseConnection,
}

impl Store {
    /// Opens a pool; connections are made when they are first needed.
    pub fn open(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        Ok(Self::over(settings, options(settings, LONGEST)?))
    }

    /// A pool for a worker: it runs few statements, all by key, each of them thousands of times, so that they are planned
    /// once a connection and not at every turn. That turn may come while the tables are all but empty; so each statement
    /// names the keys of whatever rows it reads, no plan of it reads others, and rows are looked up one by one.
    pub fn open_for_worker(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        Ok(Self::over(
            settings,
            options(settings, LONGEST)?.options([
                ("plan_cache_mode", "force_generic_plan"),
                ("enable_hashjoin", "off"),
                ("enable_mergejoin", "off"),
            ]),
        ))
    }

    fn over(settings: &DatabaseSettings, options: PgConnectOptions) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(Duration::from_secs(2))
            .connect_lazy_with(options);
        Self { orm: SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone()), pool }
    }

    /// For statements of our own.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// For plain rows.
    pub fn orm(&self) -> &DatabaseConnection {
        &self.orm
    }
}

/// The number of migrations that this program needs.
const SCHEMA: i64 = 15;

/// Whether the database has the schema that this program needs, or a newer one.
pub async fn schema_ready(pool: &PgPool) -> Result<bool, StoreError> {
    let known: bool =
        sqlx::query_scalar("SELECT to_regclass('broadside_migrations') IS NOT NULL").fetch_one(pool).await?;
    if !known {
        return Ok(false);
    }
    let steps: i64 = sqlx::query_scalar("SELECT count(*) FROM broadside_migrations").fetch_one(pool).await?;
    Ok(steps >= SCHEMA)
}

/// How to connect: no statement runs longer than `longest`; none waits for a lock, and no transaction for its next
/// statement, longer than half of that.
pub fn options(settings: &DatabaseSettings, longest: Duration) -> Result<PgConnectOptions, StoreError> {
    let options: PgConnectOptions = settings.url()?.expose_secret().parse()?;
    let half = (longest.as_millis() / 2).to_string();
    // Statements are long and say nothing of what is wrong; whoever ran one logs its failure.
    Ok(options.application_name("broadside").disable_statement_logging().options([
        // Everything goes by key, whatever young statistics say of tables that have just begun to grow.
        ("enable_seqscan", "off".to_owned()),
        // A plan that is priced out of order on purpose must not be compiled for it.
        ("jit", "off".to_owned()),
        ("statement_timeout", longest.as_millis().to_string()),
        ("lock_timeout", half.clone()),
        // A process that was stopped in the middle of a transaction holds others up no longer than a lease lasts.
        ("idle_in_transaction_session_timeout", half),
    ]))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schema_that_is_needed_is_the_one_that_migrations_make() {
        assert_eq!(usize::try_from(super::SCHEMA), Ok(migration::version()));
    }
}
