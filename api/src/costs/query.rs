//! The filters of a query, read.

use shared::domain::{CampaignId, ProjectId, UserId};
use shared::store::costs::Filter;
use uuid::Uuid;

use crate::app::App;
use crate::owned;
use crate::period::Period;
use crate::problem::Problem;
use crate::query::{named, text};

/// The filters as they stand in the query.
pub(super) struct Asked {
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) project: Option<Uuid>,
    pub(super) campaign: Option<Uuid>,
    pub(super) kind: Option<String>,
    pub(super) model: Option<String>,
}

impl Asked {
    /// 400 for what cannot be, 404 for what is not the user's.
    pub(super) async fn filter(self, app: &App, user: UserId) -> Result<Filter, Problem> {
        let Period { from, to } = Period::read(self.from.as_deref(), self.to.as_deref())?;
        let kind = named("kind", self.kind.as_deref())?;
        let model = text("model", self.model.as_deref())?.map(str::to_owned);
        let (project, campaign) = (self.project.map(ProjectId), self.campaign.map(CampaignId));
        owned::check(app, user, project, campaign).await?;
        Ok(Filter { from, to, project, campaign, kind, model })
    }
}
