//! The filters of a query, read.

use std::str::FromStr;

use shared::domain::{CampaignId, ProjectId, UserId};
use shared::store::costs::Filter;
use uuid::Uuid;

use crate::app::App;
use crate::owned;
use crate::period::Period;
use crate::problem::Problem;

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
        let (project, campaign) = (self.project.map(ProjectId), self.campaign.map(CampaignId));
        owned::check(app, user, project, campaign).await?;
        Ok(Filter { from, to, project, campaign, kind, model: self.model })
    }
}

/// A name of a state in a query; 400 for one that there is not.
pub(super) fn named<T: FromStr>(parameter: &str, text: Option<&str>) -> Result<Option<T>, Problem> {
    text.map(|text| text.parse().map_err(|_| Problem::bad_parameter(parameter, text))).transpose()
}
