//! How the service is: each thing that it leans on, with how long it took to answer.

use std::future::Future;
use std::time::{Duration, Instant};

use chrono::Utc;
use poem_openapi::Object;
use shared::notices;
use shared::store::workers;

use crate::app::App;
use crate::generation::Generation;
use crate::time::rfc3339;

/// How long a part may take to answer before it counts as away.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was found of one part.
pub(super) struct Finding {
    fault: Option<&'static str>,
    took: Duration,
}

impl Finding {
    pub(super) fn is_healthy(&self) -> bool {
        self.fault.is_none()
    }

    /// As older clients read it.
    pub(super) fn connection(&self) -> &'static str {
        if self.is_healthy() { "connected" } else { "unavailable" }
    }

    fn view(&self) -> PartView {
        PartView {
            status: if self.is_healthy() { "healthy" } else { "unhealthy" }.to_owned(),
            latency_ms: (self.took.as_secs_f64() * 1e5).round() / 1e2,
            detail: self.fault.map(str::to_owned),
        }
    }
}

/// One part of the service.
#[derive(Object)]
#[oai(rename = "HealthOfPart")]
struct PartView {
    /// `healthy` or `unhealthy`.
    status: String,
    latency_ms: f64,
    #[oai(skip_serializing_if_is_none)]
    detail: Option<String>,
}

/// The parts.
#[derive(Object)]
#[oai(rename = "HealthOfParts")]
struct PartsView {
    postgres: PartView,
    redis: PartView,
    /// Where images lie.
    storage: PartView,
    /// Unhealthy when none is up: batches are recorded and wait.
    workers: PartView,
    /// Whether anything can be generated: workers are up, and a provider is configured.
    logo_generator: PartView,
}

/// How the service is.
#[derive(Object)]
#[oai(rename = "Health")]
pub(super) struct HealthView {
    /// `healthy`, `degraded`, or `unhealthy` when the database is away.
    status: String,
    version: String,
    environment: String,
    uptime_seconds: u64,
    timestamp: String,
    /// `connected` or `unavailable`.
    database: String,
    /// `connected` or `unavailable`.
    redis: String,
    services: PartsView,
    /// What an operator should know of the configured models and keys, as their providers last said: models that are gone
    /// or will be, keys that are refused. None of it makes the service unhealthy.
    warnings: Vec<String>,
}

/// What was found of everything.
pub(super) struct Health {
    postgres: Finding,
    redis: Finding,
    storage: Finding,
    workers: Finding,
    generation: Finding,
    warnings: Vec<String>,
}

impl Health {
    /// Asks every part at once.
    pub(super) async fn check(app: &App) -> Self {
        let (postgres, redis, storage, workers, warnings) =
            tokio::join!(postgres(app, PATIENCE), redis(app), storage(app), workers(app), warnings(app));
        let generation = Finding {
            fault: match app.generation {
                Generation::Unconfigured => Some("no provider is configured"),
                Generation::Configured => workers.fault,
            },
            took: workers.took,
        };
        Self { postgres, redis, storage, workers, generation, warnings }
    }

    /// Whether requests can be answered at all.
    pub(super) fn is_serving(&self) -> bool {
        self.postgres.is_healthy()
    }

    pub(super) fn view(&self, app: &App) -> HealthView {
        let all = [&self.redis, &self.storage, &self.workers, &self.generation];
        let status = match (self.is_serving(), all.into_iter().all(Finding::is_healthy)) {
            (false, _) => "unhealthy",
            (true, false) => "degraded",
            (true, true) => "healthy",
        };
        HealthView {
            status: status.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            environment: app.settings.environment.as_str().to_owned(),
            uptime_seconds: app.started.elapsed().as_secs(),
            timestamp: rfc3339(Utc::now()),
            database: self.postgres.connection().to_owned(),
            redis: self.redis.connection().to_owned(),
            services: PartsView {
                postgres: self.postgres.view(),
                redis: self.redis.view(),
                storage: self.storage.view(),
                workers: self.workers.view(),
                logo_generator: self.generation.view(),
            },
            warnings: self.warnings.clone(),
        }
    }
}

/// Whether the database answers.
pub(super) async fn postgres(app: &App, patience: Duration) -> Finding {
    timed(patience, async {
        let answer = sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(app.store.pool()).await;
        answer.map_or(Some("it cannot be reached"), |_| None)
    })
    .await
}

async fn redis(app: &App) -> Finding {
    let mut redis = app.queue.redis();
    timed(PATIENCE, async {
        let pong: Result<String, _> = redis::cmd("PING").query_async(&mut redis).await;
        pong.map_or(Some("it cannot be reached; posts wait until it can"), |_| None)
    })
    .await
}

async fn storage(app: &App) -> Finding {
    timed(PATIENCE, async { app.media.check().await.map_or(Some("images cannot be stored or read"), |()| None) }).await
}

async fn workers(app: &App) -> Finding {
    timed(PATIENCE, async {
        match workers::living(app.store.pool()).await {
            Ok((0, _)) => Some("no workers are running"),
            Ok(_) => None,
            Err(_) => Some("it is not known whether workers are running"),
        }
    })
    .await
}

/// What the providers last said; nothing when Redis does not tell.
async fn warnings(app: &App) -> Vec<String> {
    let mut redis = app.queue.redis();
    let read = notices::read(&mut redis, &app.settings.redis.namespace);
    let notices = tokio::time::timeout(PATIENCE, read).await.ok().and_then(Result::ok).flatten();
    notices.into_iter().flat_map(|notices| notices.warnings).map(|warning| warning.text).collect()
}

async fn timed(patience: Duration, check: impl Future<Output = Option<&'static str>>) -> Finding {
    let began = Instant::now();
    let fault = tokio::time::timeout(patience, check).await.unwrap_or(Some("it gave no answer in time"));
    Finding { fault, took: began.elapsed() }
}
