//! Segments: people whom texts speak to. Every function takes the user: another's segment is not there.
//!
//! Work takes a copy when it is placed, so a segment may be changed and deleted at any time.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgExecutor};
use uuid::Uuid;

use super::StoreError;
use crate::domain::{Handle, Segment, SegmentId, UserId};

/// The row of a segment.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SegmentRow {
    pub id: SegmentId,
    pub number: i64,
    pub name: String,
    pub description: Option<String>,
    /// A JSON object, in its author's order.
    pub criteria: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A segment to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewSegment {
    pub name: String,
    pub description: Option<String>,
    /// A JSON object without NUL characters.
    pub criteria: String,
}

/// What changes of a segment; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentChange {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub criteria: Option<String>,
}

impl From<SegmentRow> for Segment {
    fn from(row: SegmentRow) -> Self {
        // The table holds objects only.
        let criteria = serde_json::from_str(&row.criteria).unwrap_or_default();
        Self { name: row.name, description: row.description, criteria }
    }
}

/// Makes a segment.
pub async fn insert(db: impl PgExecutor<'_>, user: UserId, new: &NewSegment) -> Result<SegmentRow, StoreError> {
    Ok(sqlx::query_as(
        "INSERT INTO segments (id, user_id, name, description, criteria)
         VALUES ($1, $2, $3, $4, $5::json)
         RETURNING id, number, name, description, criteria::text AS criteria, created_at, updated_at",
    )
    .bind(SegmentId::new())
    .bind(user)
    .bind(&new.name)
    .bind(&new.description)
    .bind(&new.criteria)
    .fetch_one(db)
    .await?)
}

/// One segment of a user.
pub async fn find(
    db: impl PgExecutor<'_>,
    user: UserId,
    segment: Handle<SegmentId>,
) -> Result<Option<SegmentRow>, StoreError> {
    let (id, number) = segment.parts();
    Ok(sqlx::query_as(
        "SELECT id, number, name, description, criteria::text AS criteria, created_at, updated_at
         FROM segments
         WHERE user_id = $1 AND (id = $2 OR number = $3)",
    )
    .bind(user)
    .bind(id)
    .bind(number)
    .fetch_optional(db)
    .await?)
}

/// A segment as prompts are given it.
pub async fn read(
    db: impl PgExecutor<'_>,
    user: UserId,
    segment: Handle<SegmentId>,
) -> Result<Option<Segment>, StoreError> {
    Ok(find(db, user, segment).await?.map(Segment::from))
}

/// A user's segments, the newest first, beginning after `after`.
pub async fn list(
    db: impl PgExecutor<'_>,
    user: UserId,
    after: Option<SegmentId>,
    limit: i64,
) -> Result<Vec<SegmentRow>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, number, name, description, criteria::text AS criteria, created_at, updated_at
         FROM segments
         WHERE user_id = $1 AND id < $2
         ORDER BY id DESC
         LIMIT $3",
    )
    .bind(user)
    .bind(after.unwrap_or(SegmentId(Uuid::max())))
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// The same for clients that know no pages: the oldest first, at most `limit`.
pub async fn list_all(db: impl PgExecutor<'_>, user: UserId, limit: i64) -> Result<Vec<SegmentRow>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, number, name, description, criteria::text AS criteria, created_at, updated_at
         FROM segments
         WHERE user_id = $1
         ORDER BY id
         LIMIT $2",
    )
    .bind(user)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Changes a segment; `None` when there is no such segment.
pub async fn update(
    db: impl PgExecutor<'_>,
    user: UserId,
    segment: SegmentId,
    change: &SegmentChange,
) -> Result<Option<SegmentRow>, StoreError> {
    Ok(sqlx::query_as(
        "UPDATE segments
         SET name = coalesce($3, name),
             description = CASE WHEN $4 THEN $5 ELSE description END,
             criteria = coalesce($6::json, criteria),
             updated_at = now()
         WHERE user_id = $1 AND id = $2
         RETURNING id, number, name, description, criteria::text AS criteria, created_at, updated_at",
    )
    .bind(user)
    .bind(segment)
    .bind(&change.name)
    .bind(change.description.is_some())
    .bind(change.description.as_ref().and_then(Option::as_ref))
    .bind(&change.criteria)
    .fetch_optional(db)
    .await?)
}

/// Deletes a segment; whether there was one.
pub async fn delete(db: impl PgExecutor<'_>, user: UserId, segment: Handle<SegmentId>) -> Result<bool, StoreError> {
    let (id, number) = segment.parts();
    let deleted = sqlx::query("DELETE FROM segments WHERE user_id = $1 AND (id = $2 OR number = $3)")
        .bind(user)
        .bind(id)
        .bind(number)
        .execute(db)
        .await?;
    Ok(deleted.rows_affected() > 0)
}
