//! The database's schema, step by step, up and down.
//!
//! Every API process calls [`up`] when it starts. A session lock on a connection of its own lets one of them work while
//! the others wait, so any number may start at once. A database that already holds tables of our names, made by somebody
//! else, is refused before anything is written.

mod steps;

use std::hash::{DefaultHasher, Hash, Hasher};

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectOptions, Database, DatabaseConnection};
use sqlx::{Connection, PgConnection};

/// The lock that makes migrations wait for each other: an arbitrary number of our own.
const LOCK: i64 = 0x0062_726f_6164;

/// The tables that are ours. Any of them without our record of migrations belongs to somebody else.
const TABLES: [&str; 20] = [
    "users",
    "sessions",
    "refresh_tokens",
    "login_attempts",
    "campaigns",
    "batch_jobs",
    "campaign_posts",
    "attempts",
    "budgets",
    "provider_batches",
    "idempotency_keys",
    "projects",
    "generations",
    "templates",
    "brand_kits",
    "assets",
    "segments",
    "metrics",
    "unreferenced_media",
    "cached_answers",
];

/// Why the schema could not be brought to where it should be.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// Tables of our names exist that we did not make.
    #[error(
        "the database already has tables that Broadside did not make ({0}): point DATABASE_URL at an empty database"
    )]
    ForeignTables(String),
    #[error("the database cannot be reached for migrations: {0}")]
    Connection(#[from] sqlx::Error),
    #[error("a migration failed: {0}")]
    Step(#[from] DbErr),
}

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        steps::STEPS.into_iter().map(|step| Box::new(step) as Box<dyn MigrationTrait>).collect()
    }

    fn migration_table_name() -> DynIden {
        "broadside_migrations".into_iden()
    }
}

/// Applies every step that is missing.
pub async fn up(url: &str) -> Result<(), MigrationError> {
    locked(url, async |db| Ok(Migrator::up(db, None).await?)).await
}

/// Takes back the newest `steps` steps, and with them what the tables held.
pub async fn down(url: &str, steps: u32) -> Result<(), MigrationError> {
    locked(url, async |db| Ok(Migrator::down(db, Some(steps)).await?)).await
}

/// The number of steps that this program knows: what a worker waits for.
pub fn version() -> usize {
    steps::STEPS.len()
}

/// A number that changes whenever any step does.
pub fn fingerprint() -> u64 {
    let mut hasher = DefaultHasher::new();
    for step in &steps::STEPS {
        step.hash(&mut hasher);
    }
    hasher.finish()
}

async fn locked(
    url: &str,
    work: impl AsyncFnOnce(&DatabaseConnection) -> Result<(), MigrationError>,
) -> Result<(), MigrationError> {
    let mut guard = PgConnection::connect(url).await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut guard).await?;
    refuse_foreign_tables(&mut guard).await?;
    let db = Database::connect(ConnectOptions::new(url).max_connections(1).sqlx_logging(false).to_owned()).await?;
    let outcome = work(&db).await;
    db.close().await?;
    // Closing the session gives the lock back.
    guard.close().await?;
    outcome
}

async fn refuse_foreign_tables(connection: &mut PgConnection) -> Result<(), MigrationError> {
    let names: Vec<String> = TABLES.iter().map(ToString::to_string).collect();
    let foreign: Vec<String> = sqlx::query_scalar(
        "SELECT tablename::text FROM pg_tables
         WHERE schemaname = current_schema() AND tablename = ANY($1)
           AND to_regclass('broadside_migrations') IS NULL
         ORDER BY tablename",
    )
    .bind(names)
    .fetch_all(connection)
    .await?;
    if foreign.is_empty() { Ok(()) } else { Err(MigrationError::ForeignTables(foreign.join(", "))) }
}
