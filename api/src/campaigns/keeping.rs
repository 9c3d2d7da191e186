//! What happens to campaigns. Operations of every shape call these.

use shared::domain::{CampaignId, UserId};
use shared::store::campaigns::{self, Campaign, CampaignChange, NewCampaign};

use super::views::CampaignView;
use crate::answer::Created;
use crate::app::App;
use crate::batches::announce_cancelled;
use crate::creation::{Begun, Creation};
use crate::idempotency_key::IdempotencyKey;
use crate::problem::Problem;
use crate::projects::require_open;

/// Makes a campaign, once for each key.
pub(crate) async fn create(
    app: &App,
    user: UserId,
    key: Option<IdempotencyKey>,
    new: &NewCampaign,
) -> Result<Created<CampaignView>, Problem> {
    let mut creation = match Creation::begin(app, user, key, "POST /campaigns", new).await? {
        Begun::New(creation) => creation,
        Begun::Before(before) => return Ok(Created { replay: true, ..created(before.answer()?) }),
    };
    if let Some(project) = new.project_id {
        require_open(creation.tx(), user, project).await?;
    }
    let view = CampaignView::from(campaigns::insert(creation.tx(), user, new).await?);
    creation.keep(view.id, &view).await?;
    Ok(created(view))
}

fn created(view: CampaignView) -> Created<CampaignView> {
    Created::new(format!("/api/v1/campaigns/{}", view.id), view)
}

/// One campaign.
pub(crate) async fn read(app: &App, user: UserId, campaign: CampaignId) -> Result<Campaign, Problem> {
    campaigns::find(app.store.orm(), user, campaign).await?.ok_or_else(|| Problem::not_found("campaign"))
}

/// Changes a campaign.
pub(crate) async fn change(
    app: &App,
    user: UserId,
    campaign: CampaignId,
    change: CampaignChange,
) -> Result<Campaign, Problem> {
    if let Some(Some(project)) = change.project_id
        // One that it belongs to already may have been deleted meanwhile.
        && read(app, user, campaign).await?.project_id != Some(project)
    {
        require_open(app.store.pool(), user, project).await?;
    }
    campaigns::update(app.store.orm(), user, campaign, change).await?.ok_or_else(|| Problem::not_found("campaign"))
}

/// Hides a campaign; its unfinished batches are cancelled with it.
pub(crate) async fn delete(app: &App, user: UserId, campaign: CampaignId) -> Result<(), Problem> {
    let mut tx = app.store.pool().begin().await?;
    let cancelled = campaigns::delete(&mut tx, user, campaign).await?.ok_or_else(|| Problem::not_found("campaign"))?;
    tx.commit().await?;
    announce_cancelled(app, &cancelled).await;
    Ok(())
}
