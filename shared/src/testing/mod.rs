//! What tests stand on: a database of their own, cloned from a migrated template, and a Redis namespace of their own.
//!
//! `DATABASE_URL` and `REDIS_URL` name the servers; `make test` starts private ones and sets both.

pub mod batches;
pub mod proxy;

use std::sync::Arc;

use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;
use url::Url;

use crate::config::{Names, Settings};
use crate::queue::{self, Queue};
use crate::store::Store;

/// Makes test processes wait for each other while one of them makes the template.
const TEMPLATE_LOCK: i64 = 0x0074_656d_706c;

/// A database and a Redis namespace that no other test sees. Dropping it drops both.
#[derive(Clone)]
pub struct Ground {
    pub settings: Settings,
    pub store: Store,
    pub queue: Queue,
    _database: Arc<Database>,
}

struct Database {
    admin: Url,
    name: String,
}

impl Ground {
    /// A fresh ground. Panics when the servers are not there: a test without them says nothing.
    pub async fn fresh() -> Self {
        let names = Names::read().expect("the environment");
        let url = names.get("DATABASE_URL").expect("readable").expect("DATABASE_URL is not set: run `make test`");
        let admin: Url = url.parse().expect("DATABASE_URL is a URL");
        let name = format!("t{}", uuid::Uuid::now_v7().simple());
        let template = template(&admin).await;
        let mut connection = PgConnection::connect(admin.as_str()).await.expect("Postgres answers");
        execute(&mut connection, format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")).await;
        let mut database = admin.clone();
        database.set_path(&name);
        let mut settings = Settings::load(&names).expect("settings");
        settings.database.url = database.to_string().into();
        settings.auth.secret = "a secret of the tests, long enough to be one".into();
        settings.redis.namespace.clone_from(&name);
        let redis = queue::connect(&settings.redis).await.expect("Redis answers");
        let store = Store::open(&settings.database).expect("a pool");
        let queue = Queue::new(redis, &settings.redis.namespace);
        Self { settings, store, queue, _database: Arc::new(Database { admin, name }) }
    }

    /// The database's URL.
    pub fn url(&self) -> String {
        self.settings.database.url().expect("checked").expose_secret().to_owned()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        // A runtime of its own: the test's may be on its way out.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                if let Ok(mut connection) = PgConnection::connect(admin.as_str()).await {
                    execute(&mut connection, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
                }
            });
        });
        drop(dropping.join());
    }
}

async fn execute(connection: &mut PgConnection, statement: String) {
    sqlx::query(AssertSqlSafe(statement.as_str())).execute(connection).await.expect(&statement);
}

/// The migrated template, made once by whichever test comes first. Its name holds the schema's version and this build's
/// age, so that a changed schema makes a new one.
async fn template(admin: &Url) -> String {
    static MADE: OnceCell<String> = OnceCell::const_new();
    MADE.get_or_init(async || {
        let name = format!("template_{:016x}", migration::fingerprint());
        let mut connection = PgConnection::connect(admin.as_str()).await.expect("Postgres answers");
        sqlx::query("SELECT pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut connection).await.expect("a lock");
        let ready: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(&name)
            .fetch_one(&mut connection)
            .await
            .expect("an answer");
        if !ready {
            // Made under another name and renamed when whole, so that a killed test leaves no half template.
            let draft = format!("{name}_draft");
            execute(&mut connection, format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)")).await;
            execute(&mut connection, format!("CREATE DATABASE {draft}")).await;
            let mut url = admin.clone();
            url.set_path(&draft);
            migration::up(url.as_str()).await.expect("migrations");
            execute(&mut connection, format!("ALTER DATABASE {draft} RENAME TO {name}")).await;
        }
        name
    })
    .await
    .clone()
}
