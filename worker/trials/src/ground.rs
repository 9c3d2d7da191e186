//! What one trial stands on: a database, a Redis namespace and a folder of its own.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use shared::config::{Names, Settings};
use shared::store::Store;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::servers::Servers;

/// Opened before a trial and closed after it, however it ended.
#[derive(Debug)]
pub(crate) struct Ground {
    servers: Servers,
    database: String,
    pub(crate) url: String,
    pub(crate) redis: String,
    pub(crate) namespace: String,
    pub(crate) store: Store,
    pub(crate) folder: PathBuf,
}

impl Ground {
    pub(crate) async fn open(servers: &Servers, trial: &str) -> Result<Self> {
        let name = format!("trial_{}_{}", trial.replace('-', "_"), Uuid::now_v7().simple());
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        execute(servers, format!("CREATE DATABASE {name}")).await?;
        let mut url = servers.database.clone();
        url.set_path(&name);
        let mut settings = Settings::load(&Names::from([("DATABASE_URL", url.as_str())]))?;
        settings.database.max_connections = 4;
        migration::up(url.as_str()).await?;
        Ok(Self {
            servers: servers.clone(),
            database: name.clone(),
            url: url.to_string(),
            redis: servers.redis.clone(),
            namespace: name,
            store: Store::open(&settings.database)?,
            folder,
        })
    }

    /// Where the machine finds programs.
    pub(crate) fn path(&self) -> &str {
        &self.servers.path
    }

    /// Drops everything but, when it is to be kept, the folder.
    pub(crate) async fn close(self, keep: bool) -> PathBuf {
        self.store.pool().close().await;
        // A trial's result does not depend on how well it is tidied up after.
        drop(execute(&self.servers, format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.database)).await);
        drop(tokio::time::timeout(Duration::from_secs(5), self.forget_keys()).await);
        if !keep {
            drop(std::fs::remove_dir_all(&self.folder));
        }
        self.folder
    }

    async fn forget_keys(&self) -> Result<()> {
        let mut redis = redis::Client::open(self.redis.as_str())?.get_multiplexed_async_connection().await?;
        let keys: Vec<String> = redis::cmd("KEYS").arg(format!("{}*", self.namespace)).query_async(&mut redis).await?;
        if !keys.is_empty() {
            redis::cmd("DEL").arg(keys).query_async::<()>(&mut redis).await?;
        }
        Ok(())
    }
}

async fn execute(servers: &Servers, statement: String) -> Result<()> {
    let mut connection = PgConnection::connect(servers.database.as_str()).await.context("Postgres does not answer")?;
    sqlx::query(AssertSqlSafe(statement.as_str())).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
