//! Campaigns. Every function takes the user: another's campaign, and one that was deleted, is not there.

use chrono::Utc;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Select, prelude::DateTimeUtc,
};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor};

use super::entity::campaign::{ActiveModel, Column, Entity};
use super::{StoreError, control};
use crate::domain::{CampaignId, ProjectId, UserId};
use crate::progress::Progress;

pub use super::entity::campaign::Model as Campaign;

/// A campaign to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewCampaign {
    pub name: String,
    pub description: Option<String>,
    pub brand_name: String,
    pub target_audience: Option<String>,
    pub tone_id: Option<String>,
    pub status: Option<String>,
    /// Of the same user, and not deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
}

/// What changes of a campaign; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignChange {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub brand_name: Option<String>,
    pub target_audience: Option<Option<String>>,
    pub tone_id: Option<Option<String>>,
    pub status: Option<String>,
    /// Of the same user.
    pub project_id: Option<Option<ProjectId>>,
}

/// Makes a campaign; its status is `draft` when none is given.
pub async fn insert(db: impl PgExecutor<'_>, user: UserId, new: &NewCampaign) -> Result<Campaign, StoreError> {
    Ok(sqlx::query_as(
        "INSERT INTO campaigns (id, user_id, name, description, brand_name, target_audience, tone_id, status,
                                project_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, 'draft'), $9)
         RETURNING *",
    )
    .bind(CampaignId::new())
    .bind(user)
    .bind(&new.name)
    .bind(&new.description)
    .bind(&new.brand_name)
    .bind(&new.target_audience)
    .bind(&new.tone_id)
    .bind(&new.status)
    .bind(new.project_id)
    .fetch_one(db)
    .await?)
}

/// One campaign of a user.
pub async fn find(
    db: &impl ConnectionTrait,
    user: UserId,
    campaign: CampaignId,
) -> Result<Option<Campaign>, StoreError> {
    Ok(of(user).filter(Expr::col(Column::Id).eq(campaign)).one(db).await?)
}

/// A user's campaigns, or those of one project, the newest first, beginning after `after`.
pub async fn list(
    db: &impl ConnectionTrait,
    user: UserId,
    project: Option<ProjectId>,
    after: Option<CampaignId>,
    limit: u64,
) -> Result<Vec<Campaign>, StoreError> {
    let mut query = of(user).order_by_desc(Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(Expr::col(Column::Id).lt(after));
    }
    if let Some(project) = project {
        query = query.filter(Expr::col(Column::ProjectId).eq(project));
    }
    Ok(query.all(db).await?)
}

/// The same for clients that count: skips that many.
pub async fn list_from(
    db: &impl ConnectionTrait,
    user: UserId,
    skip: u64,
    limit: u64,
) -> Result<Vec<Campaign>, StoreError> {
    Ok(of(user).order_by_desc(Column::Id).offset(skip).limit(limit).all(db).await?)
}

/// Changes a campaign; `None` when there is no such campaign.
pub async fn update(
    db: &impl ConnectionTrait,
    user: UserId,
    campaign: CampaignId,
    change: CampaignChange,
) -> Result<Option<Campaign>, StoreError> {
    let now: DateTimeUtc = Utc::now();
    let row = ActiveModel {
        name: change.name.map_or(NotSet, Set),
        description: change.description.map_or(NotSet, Set),
        brand_name: change.brand_name.map_or(NotSet, Set),
        target_audience: change.target_audience.map_or(NotSet, Set),
        tone_id: change.tone_id.map_or(NotSet, Set),
        status: change.status.map_or(NotSet, Set),
        project_id: change.project_id.map_or(NotSet, Set),
        updated_at: Set(now),
        ..Default::default()
    };
    let mut changed = Entity::update_many()
        .set(row)
        .filter(Expr::col(Column::Id).eq(campaign))
        .filter(Expr::col(Column::UserId).eq(user))
        .filter(Expr::col(Column::DeletedAt).is_null())
        .exec_with_returning(db)
        .await?;
    Ok(changed.pop())
}

/// Hides a campaign and cancels its batches; what changed of them is to be published after the commit. `None` when there is
/// no such campaign. A submit holds the campaign's row, so no batch slips in between.
pub async fn delete(
    tx: &mut PgConnection,
    user: UserId,
    campaign: CampaignId,
) -> Result<Option<Vec<Progress>>, StoreError> {
    let hidden = sqlx::query(
        "UPDATE campaigns SET deleted_at = now(), updated_at = now()
         WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL",
    )
    .bind(campaign)
    .bind(user)
    .execute(&mut *tx)
    .await?;
    if hidden.rows_affected() == 0 {
        return Ok(None);
    }
    Ok(Some(control::cancel_campaign(tx, campaign).await?))
}

fn of(user: UserId) -> Select<Entity> {
    Entity::find().filter(Expr::col(Column::UserId).eq(user)).filter(Expr::col(Column::DeletedAt).is_null())
}

/// The project of a campaign of the user's, if it has one; `None` when there is no such campaign.
pub async fn project_of(
    db: impl PgExecutor<'_>,
    user: UserId,
    campaign: CampaignId,
) -> Result<Option<Option<ProjectId>>, StoreError> {
    let statement = "SELECT project_id FROM campaigns WHERE id = $2 AND user_id = $1 AND deleted_at IS NULL";
    Ok(sqlx::query_scalar(statement).bind(user).bind(campaign).fetch_optional(db).await?)
}
