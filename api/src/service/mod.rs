//! The service itself: what it is, whether it lives, its documentation.

mod documents;
mod health;
mod metrics;

use std::sync::Arc;
use std::time::Duration;

use poem::http::StatusCode;
use poem_openapi::payload::{Json, PlainText, Response};
use poem_openapi::{Object, OpenApi};

use self::health::{Health, HealthView};
use crate::app::App;
use crate::generation::Generation;
use crate::problem::Problem;
use crate::routes::Chapter;

pub use documents::{Pages, documents};
pub use metrics::{Metrics, Observation};

/// How long a probe waits for the database: an answer is due within a second.
const PROBE: Duration = Duration::from_millis(800);

/// What this service is.
#[derive(Object)]
#[oai(rename = "Service")]
struct ServiceView {
    service: String,
    version: String,
    /// `healthy`, or `unhealthy` when the database is away.
    status: String,
    /// `development` or `production`.
    environment: String,
    /// Whether a provider's key is set, or the simulator stands in.
    openai_configured: bool,
    /// `connected` or `unavailable`.
    database: String,
    /// Where people read how to call it.
    docs: String,
}

/// Operations about the service.
pub struct ServiceApi {
    app: Arc<App>,
}

impl ServiceApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(tag = "Chapter::Service")]
impl ServiceApi {
    /// What this service is
    #[oai(path = "/", method = "get")]
    async fn service(&self) -> Json<ServiceView> {
        let database = health::postgres(&self.app, PROBE).await;
        Json(ServiceView {
            service: "Broadside".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            status: if database.is_healthy() { "healthy" } else { "unhealthy" }.to_owned(),
            environment: self.app.settings.environment.as_str().to_owned(),
            openai_configured: self.app.generation == Generation::Configured,
            database: database.connection().to_owned(),
            docs: "/docs".to_owned(),
        })
    }

    /// How it is, part by part
    ///
    /// 200 with `healthy` or `degraded`; 503 when the database cannot be reached.
    #[oai(path = "/health", method = "get")]
    async fn health(&self) -> Response<Json<HealthView>> {
        self.checked().await
    }

    /// How it is, part by part
    ///
    /// The same as `/health`.
    #[oai(path = "/api/health", method = "get")]
    async fn api_health(&self) -> Response<Json<HealthView>> {
        self.checked().await
    }

    /// Counts of requests and the length of the queues, for Prometheus
    #[oai(path = "/metrics", method = "get")]
    async fn metrics(&self) -> PlainText<String> {
        PlainText(metrics::exposed(&self.app).await)
    }

    /// Whether the process lives
    #[oai(path = "/livez", method = "get")]
    #[expect(clippy::unused_async, reason = "every operation is asynchronous")]
    async fn livez(&self) -> PlainText<&'static str> {
        PlainText("ok\n")
    }

    /// Whether it can take requests
    ///
    /// It can as long as the database answers; without Redis or workers, batches are still recorded.
    #[oai(path = "/readyz", method = "get")]
    async fn readyz(&self) -> Result<PlainText<&'static str>, Problem> {
        if self.app.stopping.is_cancelled() {
            return Err(Problem::unavailable("stopping", "This process is stopping.", Duration::from_secs(1)));
        }
        if health::postgres(&self.app, PROBE).await.is_healthy() {
            Ok(PlainText("ready\n"))
        } else {
            let detail = "The database cannot be reached.";
            Err(Problem::unavailable("database_unavailable", detail, Duration::from_secs(1)))
        }
    }
}

impl ServiceApi {
    async fn checked(&self) -> Response<Json<HealthView>> {
        let health = Health::check(&self.app).await;
        let status = if health.is_serving() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        Response::new(Json(health.view(&self.app))).status(status)
    }
}
