//! Filters by project and campaign: they must be, or have been, the caller's.

use shared::domain::{CampaignId, ProjectId, UserId};
use shared::store::batches;

use crate::app::App;
use crate::problem::Problem;

/// 404 when one of them is not there, or is somebody else's. Deleted ones stay readable: their costs and figures do too.
pub(crate) async fn check(
    app: &App,
    user: UserId,
    project: Option<ProjectId>,
    campaign: Option<CampaignId>,
) -> Result<(), Problem> {
    let db = app.store.pool();
    if let Some(project) = project
        && !batches::owns_project(db, user, project).await?
    {
        return Err(Problem::not_found("project"));
    }
    if let Some(campaign) = campaign
        && !batches::owns_campaign(db, user, campaign).await?
    {
        return Err(Problem::not_found("campaign"));
    }
    Ok(())
}
