//! What happens to campaigns. Operations of every shape call these.

use shared::domain::{CampaignId, UserId};
use shared::store::campaigns::{self, Campaign, CampaignChange, NewCampaign};
use shared::store::idempotency::{self, Claim, KeyedRequest};

use super::views::CampaignView;
use crate::answer::Created;
use crate::app::App;
use crate::batches::announce_cancelled;
use crate::idempotency_key::IdempotencyKey;
use crate::problem::Problem;

/// Makes a campaign, once for each key.
pub(crate) async fn create(
    app: &App,
    user: UserId,
    key: Option<IdempotencyKey>,
    new: &NewCampaign,
) -> Result<Created<CampaignView>, Problem> {
    let mut tx = app.store.pool().begin().await?;
    let Some(key) = key else {
        let campaign = campaigns::insert(&mut *tx, user, new).await?;
        tx.commit().await?;
        return Ok(created(campaign.into()));
    };
    let body = serde_json::to_vec(new).map_err(|error| Problem::internal(&error))?;
    let request = KeyedRequest::new(user, key.as_str(), "POST /campaigns", &body);
    if let Claim::Replay { response, .. } = idempotency::claim(&mut tx, &request).await? {
        let kept =
            CampaignView::from_kept(response).ok_or_else(|| Problem::internal(&"a kept answer is unreadable"))?;
        return Ok(Created { replay: true, ..created(kept) });
    }
    let campaign = campaigns::insert(&mut *tx, user, new).await?;
    let id = campaign.id;
    let view = CampaignView::from(campaign);
    idempotency::keep(&mut tx, &request, id.into(), &view.kept()).await?;
    tx.commit().await?;
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
