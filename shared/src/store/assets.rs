//! Assets: images that were uploaded to a project. Every function takes the user: another's asset, one that was deleted, and
//! one of a project that was deleted, is not there. The bytes leave the store by themselves; see [`super::uploads`].

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgExecutor};
use uuid::Uuid;

use super::StoreError;
use crate::domain::{AssetId, ProjectId, UserId};
use crate::media::{ImageFormat, MediaKey};

/// The row of an asset.
#[derive(Clone, Debug, FromRow)]
pub struct Asset {
    pub id: AssetId,
    pub project_id: ProjectId,
    pub name: String,
    pub format: String,
    #[sqlx(try_from = "String")]
    pub media_key: MediaKey,
    /// A small copy.
    #[sqlx(try_from = "String")]
    pub thumbnail_key: MediaKey,
    pub bytes: i32,
    /// In pixels.
    pub width: i32,
    pub height: i32,
    /// A preview in about 25 bytes.
    pub thumbhash: Vec<u8>,
    pub created_at: DateTime<Utc>,
}

/// An image that lies in the store and is to be an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAsset {
    pub name: String,
    pub format: ImageFormat,
    pub media_key: MediaKey,
    pub thumbnail_key: MediaKey,
    pub bytes: usize,
    pub width: u32,
    pub height: u32,
    pub thumbhash: Vec<u8>,
}

/// Enters an asset; `None` when there is no such project.
pub async fn insert(
    db: impl PgExecutor<'_>,
    user: UserId,
    project: ProjectId,
    new: &NewAsset,
) -> Result<Option<Asset>, StoreError> {
    Ok(sqlx::query_as(
        "INSERT INTO assets (id, user_id, project_id, name, format, media_key, thumbnail_key, bytes, width, height, thumbhash)
         SELECT $1, p.user_id, p.id, $4, $5, $6, $7, $8, $9, $10, $11
         FROM projects p WHERE p.id = $3 AND p.user_id = $2 AND p.deleted_at IS NULL
         RETURNING *",
    )
    .bind(AssetId::new())
    .bind(user)
    .bind(project)
    .bind(&new.name)
    .bind(new.format.as_str())
    .bind(new.media_key.as_str())
    .bind(new.thumbnail_key.as_str())
    .bind(new.bytes as i32)
    .bind(new.width as i32)
    .bind(new.height as i32)
    .bind(&new.thumbhash)
    .fetch_optional(db)
    .await?)
}

/// One asset of a user.
pub async fn read(db: impl PgExecutor<'_>, user: UserId, asset: AssetId) -> Result<Option<Asset>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT a.* FROM assets a JOIN projects p ON p.id = a.project_id
         WHERE a.id = $1 AND a.user_id = $2 AND a.deleted_at IS NULL AND p.deleted_at IS NULL",
    )
    .bind(asset)
    .bind(user)
    .fetch_optional(db)
    .await?)
}

/// A project's assets, the newest first, beginning after `after`.
pub async fn list(
    db: impl PgExecutor<'_>,
    user: UserId,
    project: ProjectId,
    after: Option<AssetId>,
    limit: i64,
) -> Result<Vec<Asset>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT a.* FROM assets a JOIN projects p ON p.id = a.project_id
         WHERE a.project_id = $1 AND a.user_id = $2 AND a.deleted_at IS NULL AND p.deleted_at IS NULL AND a.id < $3
         ORDER BY a.id DESC
         LIMIT $4",
    )
    .bind(project)
    .bind(user)
    .bind(after.unwrap_or(AssetId(Uuid::max())))
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Tells whether an asset is there and has the image of this key. Whoever asks has a link that speaks for the asset.
pub async fn shows(db: impl PgExecutor<'_>, asset: AssetId, key: &MediaKey) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM assets a JOIN projects p ON p.id = a.project_id
         WHERE a.id = $1 AND $2 IN (a.media_key, a.thumbnail_key) AND a.deleted_at IS NULL AND p.deleted_at IS NULL)",
    )
    .bind(asset)
    .bind(key.as_str())
    .fetch_one(db)
    .await?)
}

/// Hides an asset; whether there was one.
pub async fn delete(db: impl PgExecutor<'_>, user: UserId, asset: AssetId) -> Result<bool, StoreError> {
    let hidden = sqlx::query(
        "UPDATE assets a SET deleted_at = now()
         FROM projects p
         WHERE a.id = $1 AND a.user_id = $2 AND a.deleted_at IS NULL AND p.id = a.project_id AND p.deleted_at IS NULL",
    )
    .bind(asset)
    .bind(user)
    .execute(db)
    .await?;
    Ok(hidden.rows_affected() == 1)
}
