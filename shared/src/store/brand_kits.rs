//! Brand kits, one a project. A batch takes its project's kit along when it is placed.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{FromRow, PgExecutor};

use super::StoreError;
use crate::domain::{BrandKit, ProjectId, UserId};

/// The kit of a project, and when it was last written.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
pub struct KeptKit {
    /// Empty where none was written.
    #[sqlx(json)]
    pub kit: BrandKit,
    pub updated_at: Option<DateTime<Utc>>,
}

/// Writes the kit of a project, in the place of the one before; `None` when there is no such project.
pub async fn write(
    db: impl PgExecutor<'_>,
    user: UserId,
    project: ProjectId,
    kit: &BrandKit,
) -> Result<Option<KeptKit>, StoreError> {
    Ok(sqlx::query_as(
        "INSERT INTO brand_kits (project_id, user_id, kit)
         SELECT p.id, p.user_id, $3 FROM projects p WHERE p.id = $1 AND p.user_id = $2 AND p.deleted_at IS NULL
         ON CONFLICT (project_id) DO UPDATE SET kit = excluded.kit, updated_at = now()
         RETURNING kit, updated_at",
    )
    .bind(project)
    .bind(user)
    .bind(Json(kit))
    .fetch_optional(db)
    .await?)
}

/// The kit of a project; an empty one where none was written, `None` when there is no such project.
pub async fn read(db: impl PgExecutor<'_>, user: UserId, project: ProjectId) -> Result<Option<KeptKit>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT coalesce(k.kit, '{}') AS kit, k.updated_at
         FROM projects p LEFT JOIN brand_kits k ON k.project_id = p.id
         WHERE p.id = $1 AND p.user_id = $2 AND p.deleted_at IS NULL",
    )
    .bind(project)
    .bind(user)
    .fetch_optional(db)
    .await?)
}

/// Takes the kit of a project away; whether there is such a project.
pub async fn remove(db: impl PgExecutor<'_>, user: UserId, project: ProjectId) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "WITH project AS (SELECT id FROM projects WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL),
              gone AS (DELETE FROM brand_kits k USING project WHERE k.project_id = project.id)
         SELECT EXISTS (SELECT FROM project)",
    )
    .bind(project)
    .bind(user)
    .fetch_one(db)
    .await?)
}

/// What prompts and checks of a project's work are given; `None` where no kit was written. Also of a project that was
/// deleted: what belongs to it stays as it is.
pub async fn of_project(
    db: impl PgExecutor<'_>,
    user: UserId,
    project: ProjectId,
) -> Result<Option<BrandKit>, StoreError> {
    let kit: Option<Json<BrandKit>> =
        sqlx::query_scalar("SELECT kit FROM brand_kits WHERE project_id = $1 AND user_id = $2")
            .bind(project)
            .bind(user)
            .fetch_optional(db)
            .await?;
    Ok(kit.map(|kit| kit.0))
}
