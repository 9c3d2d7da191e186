//! Jobs: generations under another name, for clients that ask first and come back later.

mod body;
mod view;

use std::sync::Arc;

use poem::http::HeaderMap;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use shared::domain::{BatchId, BatchStatus, Kind, ProjectId};
use shared::queue::Track;
use shared::store::{control, generations};
use uuid::Uuid;

use crate::app::App;
use crate::batches::announce_cancelled;
use crate::caller::Caller;
use crate::generations::{Patience, Placing, ended, read};
use crate::page::{Page, PageRequest};
use crate::parse::Body;
use crate::problem::Problem;
use crate::query::named;
use crate::routes::Chapter;
use body::NewJob;
use view::{JobAccepted, JobView};

/// What cursors of the list are for.
const LIST: &str = "jobs";

/// Operations on jobs.
pub struct JobsApi {
    app: Arc<App>,
}

impl JobsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Generations")]
impl JobsApi {
    /// Make a job
    ///
    /// Answers 202 at once; the job's `status` says when it is done and `result_url` where its result is.
    #[oai(path = "/jobs", method = "post")]
    async fn create(
        &self,
        caller: Caller,
        /// The same key and body again give the first job, for 24 hours.
        #[oai(name = "Idempotency-Key")]
        _key: Header<Option<String>>,
        headers: &HeaderMap,
        body: Body<NewJob>,
    ) -> Result<JobAccepted, Problem> {
        let placing = Placing { patience: Patience::none(), ..Placing::of(headers)? };
        let (generation, _, headers) = ended(&self.app, caller, body.0.0, placing).await?;
        Ok(JobAccepted { view: JobView::of(generation, &self.app.links), headers })
    }

    /// List jobs, the newest first
    #[oai(path = "/jobs", method = "get")]
    async fn list(
        &self,
        caller: Caller,
        /// A kind: `text`, `image`, `design`, …
        r#type: Query<Option<String>>,
        /// `pending`, `processing`, `completed`, `failed`, `cancelling` or `cancelled`.
        status: Query<Option<String>>,
        project_id: Query<Option<Uuid>>,
        /// 1 to 200; 50 when it is left out.
        limit: Query<Option<u32>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<JobView>>, Problem> {
        let page = PageRequest::new(LIST, limit.0, cursor.0.as_deref())?;
        let filter = generations::Filter {
            kinds: named::<Kind>("type", r#type.0.as_deref())?.into_iter().collect(),
            status: named::<BatchStatus>("status", status.0.as_deref())?,
            project: project_id.0.map(ProjectId),
            ..generations::Filter::default()
        };
        let rows = generations::list(self.app.store.pool(), caller.user, &filter, page.after, page.rows()).await?;
        Ok(Json(page.page(LIST, rows, |row| row.id, |row| JobView::of(row, &self.app.links))))
    }

    /// One job
    #[oai(path = "/jobs/:id", method = "get")]
    async fn read(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<JobView>, Problem> {
        let generation = read(&self.app, caller.user, BatchId(id.0)).await?;
        Ok(Json(JobView::of(generation, &self.app.links)))
    }

    /// Cancel a job
    ///
    /// One that waits is never run. One that runs stops before its next call to a provider; what was paid for is kept.
    #[oai(path = "/jobs/:id", method = "delete")]
    async fn cancel(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<JobView>, Problem> {
        let id = BatchId(id.0);
        let mut tx = self.app.store.pool().begin().await?;
        // Batches of posts are cancelled elsewhere.
        generations::read(&mut *tx, caller.user, id).await?.ok_or_else(|| Problem::not_found("job"))?;
        let changed = control::cancel(&mut tx, caller.user, Track::Generations, id).await?;
        tx.commit().await?;
        announce_cancelled(&self.app, &[changed]).await;
        Ok(Json(JobView::of(read(&self.app, caller.user, id).await?, &self.app.links)))
    }
}
