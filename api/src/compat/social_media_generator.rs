//! The social media generator: `/api/auth/*`, `/api/campaigns/` and `/api/batch-jobs/*`.

use std::sync::Arc;

use poem::Request;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::{Json, Response};
use poem_openapi::{Object, OpenApi};
use shared::domain::{BatchId, CampaignId};
use shared::store::campaigns::{self, CampaignChange, NewCampaign};
use uuid::Uuid;

use super::naming_ignored;
use crate::answer::Created;
use crate::app::App;
use crate::auth::bodies::{Login, Registration};
use crate::auth::views::{GrantView, UserView};
use crate::auth::{Client, accounts, logins};
use crate::batches::parse::UnknownFields;
use crate::batches::{self, BatchBody, BatchView, Condition, Polled, Submission, Submitted};
use crate::caller::Caller;
use crate::campaigns::keeping;
use crate::campaigns::views::CampaignView;
use crate::idempotency_key::GivenKey;
use crate::page::Page;
use crate::parse::Lenient;
use crate::problem::Problem;
use crate::routes::Chapter;

/// How many campaigns a list shows when nobody says.
const USUAL: u64 = 100;
const MOST: u64 = 1_000;

/// A sentence about what was done.
#[derive(Object)]
#[oai(rename = "Message")]
pub(crate) struct Message {
    message: String,
}

/// The paths that the social media generator documents.
pub struct SocialMediaGeneratorApi {
    app: Arc<App>,
}

impl SocialMediaGeneratorApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api", tag = "Chapter::SocialMediaGenerator")]
impl SocialMediaGeneratorApi {
    /// Make an account
    #[oai(path = "/auth/register", method = "post")]
    async fn register(
        &self,
        request: &Request,
        body: Lenient<Registration>,
    ) -> Result<Response<Created<UserView>>, Problem> {
        self.app.door_limit.admit(request)?;
        let user = accounts::register(&self.app, body.body).await?;
        Ok(naming_ignored(Created::new("/api/auth/me".to_owned(), user.into()), &body.ignored))
    }

    /// Log in
    #[oai(path = "/auth/login", method = "post")]
    async fn log_in(&self, request: &Request, body: Lenient<Login>) -> Result<Response<Json<GrantView>>, Problem> {
        self.app.door_limit.admit(request)?;
        let grant = logins::log_in(&self.app, body.body, &Client::of(&self.app, request)).await?;
        Ok(naming_ignored(Json(grant.into()), &body.ignored))
    }

    /// Log out
    #[oai(path = "/auth/logout", method = "post")]
    async fn log_out(&self, caller: Caller) -> Result<Json<Message>, Problem> {
        logins::log_out(&self.app, caller).await?;
        Ok(said("Successfully logged out"))
    }

    /// The caller
    #[oai(path = "/auth/me", method = "get")]
    async fn me(&self, caller: Caller) -> Result<Json<UserView>, Problem> {
        Ok(Json(accounts::me(&self.app, caller.user).await?.into()))
    }

    /// Make a campaign
    #[oai(path = "/campaigns", method = "post")]
    async fn create(
        &self,
        caller: Caller,
        body: Lenient<NewCampaign>,
    ) -> Result<Response<Created<CampaignView>>, Problem> {
        let mut created = keeping::create(&self.app, caller.user, None, &body.body).await?;
        created.location = format!("/api/campaigns/{}", created.body.id);
        Ok(naming_ignored(created, &body.ignored))
    }

    /// List campaigns
    #[oai(path = "/campaigns", method = "get")]
    async fn list(
        &self,
        caller: Caller,
        /// How many to pass over.
        skip: Query<Option<u32>>,
        /// 1 to 1,000; 100 when it is left out.
        limit: Query<Option<u64>>,
    ) -> Result<Json<Page<CampaignView>>, Problem> {
        let limit = limit.0.unwrap_or(USUAL).clamp(1, MOST);
        let skip = u64::from(skip.0.unwrap_or(0));
        let mut rows = campaigns::list_from(self.app.store.orm(), caller.user, skip, limit + 1).await?;
        let has_more = rows.len() as u64 > limit;
        rows.truncate(limit as usize);
        let data = rows.into_iter().map(CampaignView::from).collect();
        Ok(Json(Page { data, next_cursor: None, has_more }))
    }

    /// Read a campaign
    #[oai(path = "/campaigns/:id", method = "get")]
    async fn read(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<CampaignView>, Problem> {
        Ok(Json(keeping::read(&self.app, caller.user, CampaignId(id.0)).await?.into()))
    }

    /// Change a campaign
    #[oai(path = "/campaigns/:id", method = "put")]
    async fn change(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        body: Lenient<CampaignChange>,
    ) -> Result<Response<Json<CampaignView>>, Problem> {
        let campaign = keeping::change(&self.app, caller.user, CampaignId(id.0), body.body).await?;
        Ok(naming_ignored(Json(campaign.into()), &body.ignored))
    }

    /// Submit a batch
    #[oai(path = "/campaigns/:id/generate-batch", method = "post")]
    async fn generate_batch(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        /// The same key and body again give the first answer, for 24 hours.
        #[oai(name = "Idempotency-Key")]
        key: GivenKey,
        body: BatchBody,
    ) -> Result<Submitted, Problem> {
        let submission = Submission { campaign: CampaignId(id.0), body, key: key.0, unknown: UnknownFields::Ignore };
        batches::submit(&self.app, caller, submission).await
    }

    /// A campaign's batches, newest first
    #[oai(path = "/campaigns/:id/batches", method = "get")]
    async fn batches(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        limit: Query<Option<u32>>,
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<BatchView>>, Problem> {
        Ok(Json(batches::history(&self.app, caller, CampaignId(id.0), limit.0, cursor.0.as_deref()).await?))
    }

    /// How a batch stands
    #[oai(path = "/batch-jobs/:id/status", method = "get")]
    async fn batch_status(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        #[oai(name = "If-None-Match")] if_none_match: Header<Option<String>>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
    ) -> Result<Polled, Problem> {
        let condition = Condition::new(if_none_match.0, prefer.0.as_deref());
        batches::poll(&self.app, caller, BatchId(id.0), &condition).await
    }

    /// Delete a campaign
    #[oai(path = "/campaigns/:id", method = "delete")]
    async fn delete(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<Message>, Problem> {
        keeping::delete(&self.app, caller.user, CampaignId(id.0)).await?;
        Ok(said("Campaign deleted successfully"))
    }
}

fn said(message: &str) -> Json<Message> {
    Json(Message { message: message.to_owned() })
}
