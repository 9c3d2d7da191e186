//! Bytes of uploaded images, which leave the store once nothing refers to them.
//!
//! The same image is stored once, whoever brings it, so an asset that goes cannot take its bytes along. Instead each key that
//! nothing may refer to has a row in `unreferenced_media`: an upload [touches](touch) its keys before it looks whether
//! the bytes lie there, and an asset that was deleted leaves its keys there when its row is [dropped](drop_deleted).
//! [`sweep`] deletes the bytes of a row that nobody has touched for a grace period, after a last look at who refers to them,
//! while it holds the row. An upload of the same bytes waits for that at its touch, finds them gone, and stores them again;
//! it takes far less than the grace period to enter its asset.

use std::time::Duration;

use sqlx::{PgConnection, PgExecutor, PgPool};

use super::StoreError;
use crate::media::{MediaError, MediaKey, MediaStore};

/// How long the bytes of one image may take to be deleted; less than a transaction may wait for its next statement.
const DELETION: Duration = Duration::from_secs(4);

/// Failure of a sweep.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error("the media store did not delete {0} in time")]
    Late(String),
    #[error("{0:?} is no key of an image")]
    Key(String),
}

impl From<sqlx::Error> for SweepError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Result of looking for one image to sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swept {
    /// The bytes were deleted.
    Deleted,
    /// Something refers to them.
    Kept,
    /// No row is old enough.
    Nothing,
}

/// Keeps the bytes of these keys from being swept for a grace period.
pub async fn touch(db: impl PgExecutor<'_>, keys: [&MediaKey; 2]) -> Result<(), StoreError> {
    // In one order, so that two uploads of the same image never wait for each other.
    let mut keys = keys.map(MediaKey::as_str);
    keys.sort_unstable();
    let keys: &[&str] = if keys[0] == keys[1] { &keys[1..] } else { &keys };
    sqlx::query(
        "INSERT INTO unreferenced_media (media_key) SELECT unnest($1::text[])
         ON CONFLICT (media_key) DO UPDATE SET touched_at = now()",
    )
    .bind(keys)
    .execute(db)
    .await?;
    Ok(())
}

/// Drops the rows of at most `limit` assets that were deleted, or whose project was, and leaves their keys to the sweep.
/// Returns how many.
pub async fn drop_deleted(db: impl PgExecutor<'_>, limit: i64) -> Result<u64, StoreError> {
    let dropped: i64 =
        sqlx::query_scalar(include_str!("sql/drop_deleted_assets.sql")).bind(limit).fetch_one(db).await?;
    Ok(dropped.unsigned_abs())
}

/// Deletes the bytes of one image that nothing refers to and nobody has touched for `grace`.
pub async fn sweep(pool: &PgPool, media: &MediaStore, grace: Duration) -> Result<Swept, SweepError> {
    let mut tx = pool.begin().await?;
    let Some((text, needed_by)) = next(&mut tx, grace).await? else { return Ok(Swept::Nothing) };
    if needed_by == NeededBy::Work {
        // Nothing tells when it has ended, so this row is looked at again a grace period from now.
        sqlx::query("UPDATE unreferenced_media SET touched_at = now() WHERE media_key = $1")
            .bind(&text)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        return Ok(Swept::Kept);
    }
    if needed_by == NeededBy::Nothing {
        let key: MediaKey = text.parse().map_err(|_| SweepError::Key(text.clone()))?;
        let deleted = tokio::time::timeout(DELETION, media.delete(&key)).await;
        deleted.map_err(|_| SweepError::Late(text.clone()))??;
    }
    sqlx::query("DELETE FROM unreferenced_media WHERE media_key = $1").bind(&text).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(if needed_by == NeededBy::Nothing { Swept::Deleted } else { Swept::Kept })
}

/// Reason to keep the bytes of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NeededBy {
    /// An asset has them; when it goes, its key comes back here.
    Asset,
    /// Work that is not finished was given them.
    Work,
    Nothing,
}

/// Locks the row that was touched first, when that is long enough ago, and tells what its key is used for.
async fn next(tx: &mut PgConnection, grace: Duration) -> Result<Option<(String, NeededBy)>, StoreError> {
    let key: Option<String> = sqlx::query_scalar(
        "SELECT media_key FROM unreferenced_media WHERE touched_at < now() - make_interval(secs => $1)
         ORDER BY touched_at LIMIT 1 FOR UPDATE SKIP LOCKED",
    )
    .bind(grace.as_secs_f64())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(key) = key else { return Ok(None) };
    // A statement of its own: it sees what was committed before the row was ours.
    let (asset, work): (bool, bool) =
        sqlx::query_as(include_str!("sql/media_is_referred_to.sql")).bind(&key).fetch_one(tx).await?;
    let needed_by = match (asset, work) {
        (true, _) => NeededBy::Asset,
        (false, true) => NeededBy::Work,
        (false, false) => NeededBy::Nothing,
    };
    Ok(Some((key, needed_by)))
}
