//! Templates of posts. Every function takes the user: another's template is not there.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor};
use uuid::Uuid;

use super::StoreError;
use crate::domain::{PostField, TemplateId, UserId};

/// The texts of a template, by the field of the post that each makes.
pub type Texts = BTreeMap<PostField, String>;

/// What a template holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTemplate {
    /// Unique among the user's.
    pub name: String,
    pub description: Option<String>,
    pub texts: Texts,
    /// What a variable says when it is given no value, by its name.
    pub defaults: BTreeMap<String, String>,
}

/// The row of a template.
#[derive(Clone, Debug, FromRow)]
pub struct Template {
    pub id: TemplateId,
    pub name: String,
    pub description: Option<String>,
    pub texts: Json<Texts>,
    pub defaults: Json<BTreeMap<String, String>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Why a template was not kept.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("the user has another template of that name")]
    NameTaken,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for TemplateError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(violation) if violation.is_unique_violation() => Self::NameTaken,
            _ => Self::Store(error.into()),
        }
    }
}

/// Makes a template.
pub async fn insert(db: impl PgExecutor<'_>, user: UserId, new: &NewTemplate) -> Result<Template, TemplateError> {
    Ok(sqlx::query_as(
        "INSERT INTO templates (id, user_id, name, description, texts, defaults)
         VALUES ($1, $2, $3, $4, $5, $6)
         RETURNING *",
    )
    .bind(TemplateId::new())
    .bind(user)
    .bind(&new.name)
    .bind(&new.description)
    .bind(Json(&new.texts))
    .bind(Json(&new.defaults))
    .fetch_one(db)
    .await?)
}

/// One template of a user.
pub async fn find(db: impl PgExecutor<'_>, user: UserId, template: TemplateId) -> Result<Option<Template>, StoreError> {
    Ok(sqlx::query_as("SELECT * FROM templates WHERE id = $1 AND user_id = $2")
        .bind(template)
        .bind(user)
        .fetch_optional(db)
        .await?)
}

/// The same, and nobody changes it before this transaction ends.
pub async fn lock(tx: &mut PgConnection, user: UserId, template: TemplateId) -> Result<Option<Template>, StoreError> {
    Ok(sqlx::query_as("SELECT * FROM templates WHERE id = $1 AND user_id = $2 FOR UPDATE")
        .bind(template)
        .bind(user)
        .fetch_optional(tx)
        .await?)
}

/// A user's templates, the newest first, beginning after `after`.
pub async fn list(
    db: impl PgExecutor<'_>,
    user: UserId,
    after: Option<TemplateId>,
    limit: i64,
) -> Result<Vec<Template>, StoreError> {
    Ok(sqlx::query_as("SELECT * FROM templates WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3")
        .bind(user)
        .bind(after.unwrap_or(TemplateId(Uuid::max())))
        .bind(limit)
        .fetch_all(db)
        .await?)
}

/// Replaces what a template holds; `None` when there is no such template.
pub async fn update(
    db: impl PgExecutor<'_>,
    user: UserId,
    template: TemplateId,
    new: &NewTemplate,
) -> Result<Option<Template>, TemplateError> {
    Ok(sqlx::query_as(
        "UPDATE templates SET name = $3, description = $4, texts = $5, defaults = $6, updated_at = now()
         WHERE id = $1 AND user_id = $2
         RETURNING *",
    )
    .bind(template)
    .bind(user)
    .bind(&new.name)
    .bind(&new.description)
    .bind(Json(&new.texts))
    .bind(Json(&new.defaults))
    .fetch_optional(db)
    .await?)
}

/// Deletes a template; whether there was one. What was made with it holds the texts themselves.
pub async fn delete(db: impl PgExecutor<'_>, user: UserId, template: TemplateId) -> Result<bool, StoreError> {
    let deleted = sqlx::query("DELETE FROM templates WHERE id = $1 AND user_id = $2")
        .bind(template)
        .bind(user)
        .execute(db)
        .await?;
    Ok(deleted.rows_affected() == 1)
}
