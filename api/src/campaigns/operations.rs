//! The operations about campaigns.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use shared::domain::{CampaignId, ProjectId};
use shared::store::campaigns::{self, CampaignChange, NewCampaign};
use uuid::Uuid;

use super::keeping;
use super::views::CampaignView;
use crate::answer::{Created, NoContent};
use crate::app::App;
use crate::caller::Caller;
use crate::idempotency_key::GivenKey;
use crate::page::{Page, PageRequest};
use crate::parse::Body;
use crate::problem::Problem;
use crate::routes::Chapter;

/// What cursors of the list are for.
const LIST: &str = "campaigns";

/// Campaigns of the caller; anybody else's is not there.
pub struct CampaignsApi {
    app: Arc<App>,
}

impl CampaignsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Campaigns")]
impl CampaignsApi {
    /// Make a campaign
    #[oai(path = "/campaigns", method = "post")]
    async fn create(
        &self,
        caller: Caller,
        /// The same key and body again give the first answer, for 24 hours.
        #[oai(name = "Idempotency-Key")]
        key: GivenKey,
        body: Body<NewCampaign>,
    ) -> Result<Created<CampaignView>, Problem> {
        keeping::create(&self.app, caller.user, key.0, &body.0).await
    }

    /// List campaigns, the newest first
    #[oai(path = "/campaigns", method = "get")]
    async fn list(
        &self,
        caller: Caller,
        /// Only those that belong to this project.
        project_id: Query<Option<Uuid>>,
        /// 1 to 200; 50 when it is left out.
        limit: Query<Option<u32>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<CampaignView>>, Problem> {
        let page = PageRequest::new(LIST, limit.0, cursor.0.as_deref())?;
        let project = project_id.0.map(ProjectId);
        let rows = campaigns::list(self.app.store.orm(), caller.user, project, page.after, page.rows() as u64).await?;
        Ok(Json(page.page(LIST, rows, |row| row.id, CampaignView::from)))
    }

    /// Read a campaign
    #[oai(path = "/campaigns/:id", method = "get")]
    async fn read(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<CampaignView>, Problem> {
        Ok(Json(keeping::read(&self.app, caller.user, CampaignId(id.0)).await?.into()))
    }

    /// Change a campaign
    ///
    /// What is left out stays as it is.
    #[oai(path = "/campaigns/:id", method = "put")]
    async fn change(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        body: Body<CampaignChange>,
    ) -> Result<Json<CampaignView>, Problem> {
        Ok(Json(keeping::change(&self.app, caller.user, CampaignId(id.0), body.0).await?.into()))
    }

    /// Delete a campaign
    ///
    /// Its unfinished batches are cancelled with it. Its batches, their posts and what they cost stay readable.
    #[oai(path = "/campaigns/:id", method = "delete")]
    async fn delete(&self, caller: Caller, id: Path<Uuid>) -> Result<NoContent, Problem> {
        keeping::delete(&self.app, caller.user, CampaignId(id.0)).await?;
        Ok(NoContent)
    }
}
