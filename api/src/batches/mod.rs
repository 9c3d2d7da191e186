//! Batches of posts: submitted whole, followed while workers make them, steered by their owner.
//!
//! A submit is read ([`body`]), checked ([`parse`]) and placed in one transaction ([`submit`]); the [`doorbell`] tells the
//! workers. From then on the batch's row says how it stands: the [`board`] reads it for everyone who looks, [`poll`] answers
//! polls, and the streams live next door.

mod board;
mod body;
mod change;
mod control;
mod doorbell;
mod incoming;
mod news;
pub mod parse;
mod poll;
mod scene;
mod submit;
mod tag;
mod view;

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use shared::domain::{BatchId, CampaignId};
use shared::store::batches as store;
use uuid::Uuid;

pub use board::Board;
pub use body::BatchBody;
pub use doorbell::Doorbell;
pub(crate) use incoming::Incoming;
pub use incoming::LargeBodies;
pub(crate) use news::{announce, announce_cancelled};
pub use poll::{Condition, Polled, poll};
pub(crate) use poll::{preferred_wait, text_header};
pub use scene::Scene;
pub use submit::{Submission, Submitted, submit};
pub(crate) use submit::{off_the_loop, refuse_without_providers, submit_parsed};
pub use view::BatchView;

use crate::app::App;
use crate::caller::Caller;
use crate::idempotency_key::GivenKey;
use crate::page::{Page, PageRequest};
use crate::parse::Body;
use crate::problem::Problem;
use crate::routes::Chapter;
use change::{BatchChange, change};
use control::{Command, command};
use parse::UnknownFields;

/// Operations on batches.
pub struct BatchesApi {
    app: Arc<App>,
}

impl BatchesApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Batches")]
impl BatchesApi {
    /// Submit a batch
    ///
    /// 1 to 50,000 posts in one request of 32 MiB at most. Every post is checked: the answer to a bad batch lists up to
    /// 1,000 errors with their JSON pointers and counts all of them; nothing is written then.
    #[oai(path = "/campaigns/:id/generate-batch", method = "post")]
    async fn generate_batch(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        /// Names the request: the same key with the same body gives the first answer again, for 24 hours.
        #[oai(name = "Idempotency-Key")]
        key: GivenKey,
        body: BatchBody,
    ) -> Result<Submitted, Problem> {
        let submission = Submission { campaign: CampaignId(id.0), body, key: key.0, unknown: UnknownFields::Refuse };
        submit(&self.app, caller, submission).await
    }

    /// A campaign's batches, newest first
    #[oai(path = "/campaigns/:id/batches", method = "get")]
    async fn history(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        limit: Query<Option<u32>>,
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<BatchView>>, Problem> {
        Ok(Json(history(&self.app, caller, CampaignId(id.0), limit.0, cursor.0.as_deref()).await?))
    }

    /// One batch
    ///
    /// Answers 304 when it stands as `If-None-Match` says. `Prefer: wait=N` holds the answer for up to N seconds (120 at
    /// most): with `If-None-Match` until the batch changes, without it until the batch is finished.
    #[oai(path = "/batch-jobs/:id", method = "get")]
    async fn batch(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        #[oai(name = "If-None-Match")] if_none_match: Header<Option<String>>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
    ) -> Result<Polled, Problem> {
        let condition = Condition::new(if_none_match.0, prefer.0.as_deref());
        poll(&self.app, caller, BatchId(id.0), &condition).await
    }

    /// One batch, under another name
    #[oai(path = "/batch-jobs/:id/status", method = "get")]
    async fn status(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        #[oai(name = "If-None-Match")] if_none_match: Header<Option<String>>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
    ) -> Result<Polled, Problem> {
        let condition = Condition::new(if_none_match.0, prefer.0.as_deref());
        poll(&self.app, caller, BatchId(id.0), &condition).await
    }

    /// Change what a batch may cost
    ///
    /// In any state. A batch that its budget has paused goes on if what it was refused fits now; a cap below what is spent
    /// is taken, and pauses the batch at its next call.
    #[oai(path = "/batch-jobs/:id", method = "patch")]
    async fn change(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        body: Body<BatchChange>,
    ) -> Result<Json<BatchView>, Problem> {
        Ok(Json(change(&self.app, caller, BatchId(id.0), body.0).await?))
    }

    /// Cancel a batch
    ///
    /// What waits is cancelled at once; what runs stops before its next call to a provider.
    #[oai(path = "/batch-jobs/:id/cancel", method = "post")]
    async fn cancel(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<BatchView>, Problem> {
        Ok(Json(command(&self.app, caller, BatchId(id.0), Command::Cancel).await?))
    }

    /// Pause a batch
    #[oai(path = "/batch-jobs/:id/pause", method = "post")]
    async fn pause(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<BatchView>, Problem> {
        Ok(Json(command(&self.app, caller, BatchId(id.0), Command::Pause).await?))
    }

    /// Let a paused batch go on
    #[oai(path = "/batch-jobs/:id/resume", method = "post")]
    async fn resume(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<BatchView>, Problem> {
        Ok(Json(command(&self.app, caller, BatchId(id.0), Command::Resume).await?))
    }

    /// Run the failed posts of a finished batch again
    ///
    /// What they have made and paid for is kept.
    #[oai(path = "/batch-jobs/:id/retry", method = "post")]
    async fn retry(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<BatchView>, Problem> {
        Ok(Json(command(&self.app, caller, BatchId(id.0), Command::Retry).await?))
    }
}

/// A page of a campaign's batches, newest first.
pub async fn history(
    app: &App,
    caller: Caller,
    campaign: CampaignId,
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Result<Page<BatchView>, Problem> {
    const LIST: &str = "batches";
    let request = PageRequest::new(LIST, limit, cursor)?;
    let batches = store::history(app.store.pool(), caller.user, campaign, request.after, request.rows()).await?;
    if batches.is_empty() && !store::owns_campaign(app.store.pool(), caller.user, campaign).await? {
        return Err(Problem::not_found("campaign"));
    }
    Ok(request.page(LIST, batches, |batch| batch.id, |batch| BatchView::for_caller(&batch, &app.links, caller)))
}
