//! The providers as the workers know them: limits, breakers, what was put aside, what it cost. Never a key.
//!
//! How they stand is the same for everyone who works with the installation; what they cost is shown of the caller's own work,
//! and of everybody's only to an administrator.

mod spending;
mod view;

use std::sync::Arc;
use std::time::Duration;

use poem_openapi::OpenApi;
use poem_openapi::payload::Json;
use shared::store::users;
use shared::{gateway_state, notices};

pub use spending::SpendingBoard;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::routes::Chapter;
use spending::Whose;
use view::{Known, ProvidersView};

/// How long Redis may take before how the providers stand counts as unknown.
const PATIENCE: Duration = Duration::from_secs(1);

/// Operations on providers.
pub struct ProvidersApi {
    app: Arc<App>,
}

impl ProvidersApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Service")]
impl ProvidersApi {
    /// The AI providers and how they stand
    ///
    /// Each provider's pools, keys (by their labels) and models, with limits, breakers and what was put aside. Spending is
    /// the caller's own; an administrator sees the whole installation's. It is read from the calls of this month and may be
    /// a few seconds old. While Redis is away, or no worker runs, `state` is `unknown` and only the spending is told.
    #[oai(path = "/providers", method = "get")]
    async fn providers(&self, caller: Caller) -> Result<Json<ProvidersView>, Problem> {
        let app = &self.app;
        let whose = if users::is_admin(app.store.orm(), caller.user).await? {
            Whose::Installation
        } else {
            Whose::Own(caller.user)
        };
        let (spending, known) = tokio::join!(app.spending.read(app.store.pool(), whose), self.known());
        Ok(Json(ProvidersView::of(known, &spending?, whose)))
    }

    /// What Redis tells, as far as it does so in time.
    async fn known(&self) -> Known {
        let (mut redis, namespace) = (self.app.queue.redis(), &self.app.settings.redis.namespace);
        let read = async {
            let state = gateway_state::read(&mut redis, namespace).await?;
            let notices = notices::read(&mut redis, namespace).await?;
            Ok::<_, shared::queue::QueueError>(Known { state: Some(state), notices })
        };
        match tokio::time::timeout(PATIENCE, read).await {
            Ok(Ok(known)) => known,
            Ok(Err(_)) | Err(_) => Known { state: None, notices: None },
        }
    }
}
