//! The answer cache: the generation that answers a request, by a hash of what the request says.
//!
//! [`claim`] is called inside the transaction that places the generation. Its row is taken by one of several identical
//! requests in flight, in whichever process; the others wait until that transaction ends, and find what it has placed. The
//! holder needs nothing but its own transaction to get there, so whoever waits, waits for a few statements.

use std::time::Duration;

use sqlx::{PgConnection, PgExecutor};

use super::StoreError;
use crate::domain::{BatchId, UserId};

/// A request whose answer is kept.
#[derive(Clone, Debug)]
pub struct CachedRequest {
    pub user: UserId,
    /// A hash of everything that makes the request what it is.
    pub hash: [u8; 16],
    /// How long a new answer is kept.
    pub lifetime: Duration,
}

/// Returns the generation that answers a request, unless it has failed or is being cancelled.
async fn find(db: impl PgExecutor<'_>, request: &CachedRequest) -> Result<Option<BatchId>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT a.generation_id FROM cached_answers a JOIN batch_jobs b ON b.id = a.generation_id
         WHERE a.user_id = $1 AND a.request = $2 AND a.expires_at > now()
           AND b.status NOT IN ('failed', 'cancelling', 'cancelled')",
    )
    .bind(request.user)
    .bind(&request.hash[..])
    .fetch_optional(db)
    .await?)
}

/// Returns the generation that answers a request already, or makes `new` its answer and returns `None`: the caller then
/// places `new` in the same transaction.
pub async fn claim(
    tx: &mut PgConnection,
    request: &CachedRequest,
    new: BatchId,
) -> Result<Option<BatchId>, StoreError> {
    if let Some(found) = find(&mut *tx, request).await? {
        return Ok(Some(found));
    }
    // Waits for a transaction that has written the same row. Where the row stays as it is, it is locked all the same.
    let taken = sqlx::query(
        "INSERT INTO cached_answers (user_id, request, generation_id, expires_at)
         VALUES ($1, $2, $3, now() + make_interval(secs => $4))
         ON CONFLICT (user_id, request) DO UPDATE
           SET generation_id = excluded.generation_id, expires_at = excluded.expires_at
           WHERE cached_answers.expires_at <= now()",
    )
    .bind(request.user)
    .bind(&request.hash[..])
    .bind(new)
    .bind(request.lifetime.as_secs_f64())
    .execute(&mut *tx)
    .await?;
    if taken.rows_affected() == 1 {
        return Ok(None);
    }
    if let Some(found) = find(&mut *tx, request).await? {
        return Ok(Some(found));
    }
    // Nothing came of the one that it names.
    sqlx::query(
        "UPDATE cached_answers SET generation_id = $3, expires_at = now() + make_interval(secs => $4)
         WHERE user_id = $1 AND request = $2",
    )
    .bind(request.user)
    .bind(&request.hash[..])
    .bind(new)
    .bind(request.lifetime.as_secs_f64())
    .execute(tx)
    .await?;
    Ok(None)
}

/// Deletes up to `limit` answers that are past their time, and returns how many it deleted.
pub async fn sweep(db: impl PgExecutor<'_>, limit: i64) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM cached_answers WHERE ctid IN (
             SELECT ctid FROM cached_answers WHERE expires_at <= now() LIMIT $1)",
    )
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
