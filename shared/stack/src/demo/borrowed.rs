//! Servers that the environment names, used without touching what is on them: a database and a Redis namespace of the
//! demonstration's own, removed in the end.

use anyhow::Context;
use redis::AsyncCommands;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use url::Url;

use crate::settings::Environment;
use crate::terminal::complain;

/// What was borrowed; private servers are started for the rest.
pub(super) struct Borrowed {
    /// Of the database and the namespace.
    pub(super) name: String,
    /// Names the servers to use.
    pub(super) servers: Environment,
    database_server: Option<Url>,
    redis_server: Option<String>,
}

impl Borrowed {
    /// Makes the database when a server is named.
    pub(super) async fn of(environment: &Environment) -> anyhow::Result<Self> {
        let name = format!("broadside_demo_{:016x}", rand::random::<u64>());
        let mut borrowed = Self { name, servers: Environment::default(), database_server: None, redis_server: None };
        if let Some(url) = environment.setting("REDIS_URL", "redis", "url")? {
            borrowed.servers = borrowed.servers.with("REDIS_URL", &url);
            borrowed.redis_server = Some(url);
        }
        if let Some(server) = database_server(environment)? {
            let statement = format!("CREATE DATABASE {}", borrowed.name);
            execute(&server, statement)
                .await
                .context("cannot make a database for the demo where DATABASE_URL points")?;
            let mut database = server.clone();
            database.set_path(&borrowed.name);
            borrowed.servers = borrowed.servers.with("DATABASE_URL", database.as_str());
            borrowed.database_server = Some(server);
        }
        Ok(borrowed)
    }

    /// Removes the database and the keys.
    pub(super) async fn give_back(self) {
        if let Some(server) = &self.database_server
            && let Err(error) = execute(server, format!("DROP DATABASE {} WITH (FORCE)", self.name)).await
        {
            complain(format_args!("the database {} could not be removed: {error}", self.name));
        }
        if let Some(server) = &self.redis_server
            && let Err(error) = forget_keys(server, &self.name).await
        {
            complain(format_args!("the keys of {} in Redis could not be removed: {error}", self.name));
        }
    }
}

fn database_server(environment: &Environment) -> anyhow::Result<Option<Url>> {
    let Some(url) = environment.setting("DATABASE_URL", "database", "url")? else { return Ok(None) };
    let mut url: Url = url.parse().context("DATABASE_URL is not a URL")?;
    if let Some(user) = environment.setting("DATABASE_USER", "database", "user")?
        && url.username().is_empty()
    {
        let _ = url.set_username(&user);
    }
    if let Some(password) = environment.setting("DATABASE_PASSWORD", "database", "password")?
        && url.password().is_none()
    {
        let _ = url.set_password(Some(&password));
    }
    Ok(Some(url))
}

/// `statement` holds no input of anybody's: a fixed text and a name of hexadecimal digits.
async fn execute(server: &Url, statement: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(server.as_str()).await?;
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}

async fn forget_keys(server: &str, namespace: &str) -> redis::RedisResult<()> {
    let mut connection = redis::Client::open(server)?.get_multiplexed_async_connection().await?;
    let mut keys: Vec<String> = Vec::new();
    let mut found = connection.scan_match(format!("*{namespace}*")).await?;
    while let Some(key) = found.next_item().await {
        keys.push(key?);
    }
    drop(found);
    if !keys.is_empty() {
        let _: () = connection.unlink(keys).await?;
    }
    Ok(())
}
