//! Projects: what campaigns, generations and assets may belong to. Every function takes the user: another's project, and one
//! that was deleted, is not there. What belongs to a deleted project stays, and so does what it cost.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgExecutor};
use uuid::Uuid;

use super::StoreError;
use crate::domain::{Nanodollars, ProjectId, UserId};

/// A project with what belongs to it.
#[derive(Clone, Debug, FromRow)]
pub struct Project {
    pub id: ProjectId,
    /// A short integer name for clients that cannot hold a UUID.
    pub number: i64,
    pub user_id: UserId,
    pub name: String,
    pub description: Option<String>,
    pub status: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Those that are not deleted.
    pub campaigns: i64,
    pub generations: i64,
    /// What its batches and generations have cost.
    #[sqlx(rename = "cost_nanos")]
    pub cost: Nanodollars,
}

/// A project to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewProject {
    pub name: String,
    pub description: Option<String>,
    pub status: Option<String>,
}

/// What changes of a project; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectChange {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub status: Option<String>,
}

/// Makes a project; its status is `draft` when none is given.
pub async fn insert(db: impl PgExecutor<'_>, user: UserId, new: &NewProject) -> Result<Project, StoreError> {
    Ok(sqlx::query_as(
        "INSERT INTO projects (id, user_id, name, description, status)
         VALUES ($1, $2, $3, $4, coalesce($5, 'draft'))
         RETURNING *, 0::bigint AS campaigns, 0::bigint AS generations, 0::bigint AS cost_nanos",
    )
    .bind(ProjectId::new())
    .bind(user)
    .bind(&new.name)
    .bind(&new.description)
    .bind(&new.status)
    .fetch_one(db)
    .await?)
}

/// One project of a user.
pub async fn find(db: impl PgExecutor<'_>, user: UserId, project: ProjectId) -> Result<Option<Project>, StoreError> {
    Ok(page(db, user, None, 1, Some(project)).await?.pop())
}

/// A user's projects, the newest first, beginning after `after`.
pub async fn list(
    db: impl PgExecutor<'_>,
    user: UserId,
    after: Option<ProjectId>,
    limit: i64,
) -> Result<Vec<Project>, StoreError> {
    page(db, user, after, limit, None).await
}

async fn page(
    db: impl PgExecutor<'_>,
    user: UserId,
    after: Option<ProjectId>,
    limit: i64,
    one: Option<ProjectId>,
) -> Result<Vec<Project>, StoreError> {
    Ok(sqlx::query_as(include_str!("sql/projects_page.sql"))
        .bind(user)
        .bind(after.unwrap_or(ProjectId(Uuid::max())))
        .bind(limit)
        .bind(one)
        .fetch_all(db)
        .await?)
}

/// Whether something may be put into a project.
pub async fn takes(db: impl PgExecutor<'_>, user: UserId, project: ProjectId) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM projects WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL)")
        .bind(project)
        .bind(user)
        .fetch_one(db)
        .await?)
}

/// Changes a project; whether there is such a project.
pub async fn update(
    db: impl PgExecutor<'_>,
    user: UserId,
    project: ProjectId,
    change: &ProjectChange,
) -> Result<bool, StoreError> {
    let changed = sqlx::query(
        "UPDATE projects
         SET name = coalesce($3, name), status = coalesce($4, status),
             description = CASE WHEN $5 THEN $6 ELSE description END, updated_at = now()
         WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL",
    )
    .bind(project)
    .bind(user)
    .bind(&change.name)
    .bind(&change.status)
    .bind(change.description.is_some())
    .bind(change.description.as_ref().and_then(Option::as_ref))
    .execute(db)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Hides a project; whether there was one.
pub async fn delete(db: impl PgExecutor<'_>, user: UserId, project: ProjectId) -> Result<bool, StoreError> {
    let hidden = sqlx::query(
        "UPDATE projects SET deleted_at = now(), updated_at = now()
         WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL",
    )
    .bind(project)
    .bind(user)
    .execute(db)
    .await?;
    Ok(hidden.rows_affected() == 1)
}
