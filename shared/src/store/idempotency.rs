//! A request that names a key is done once, however often it comes.
//!
//! Inside the transaction that does the work: [`claim`] takes a lock named after (user, key) and looks for a stored answer;
//! after the work, [`keep`] stores the answer. Both are committed with the work or not at all, so a request that fails does
//! not use its key up. A key is kept for 24 hours.

use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgExecutor, Row};
use uuid::Uuid;

use super::StoreError;
use crate::domain::UserId;

/// What names a request, and what it says.
#[derive(Clone, Debug)]
pub struct KeyedRequest {
    pub user: UserId,
    /// 1 to 255 characters.
    pub key: String,
    /// A hash of everything that makes the request what it is.
    pub fingerprint: [u8; 32],
}

impl KeyedRequest {
    /// A request to do `what` (a method and a path) with `body`.
    pub fn new(user: UserId, key: &str, what: &str, body: &[u8]) -> Self {
        let hash = Sha256::new().chain_update(what).chain_update([0]).chain_update(body).finalize();
        Self { user, key: key.to_owned(), fingerprint: hash.into() }
    }

    fn lock(&self) -> i64 {
        let hash = Sha256::new().chain_update(self.user.0).chain_update(&self.key).finalize();
        hash.iter().take(8).fold(0, |number, byte| (number << 8) | i64::from(*byte))
    }
}

/// Whether a request was done before.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// It was not: do it, then [`keep`] the answer.
    Fresh,
    /// It was: this is what was answered.
    Replay { resource: Uuid, response: Value },
}

/// Why a request that names a key is refused.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    #[error("a request with this key is being worked on")]
    InFlight,
    #[error("the key was used for another request")]
    Reused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for IdempotencyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Takes the key for this transaction, or finds what was answered before.
pub async fn claim(tx: &mut PgConnection, request: &KeyedRequest) -> Result<Claim, IdempotencyError> {
    let row = sqlx::query(
        "SELECT pg_try_advisory_xact_lock($1) AS locked, k.fingerprint, k.resource_id, k.response
         FROM (VALUES (1)) AS one
         LEFT JOIN idempotency_keys k
           ON k.user_id = $2 AND k.key = $3 AND k.created_at > now() - interval '24 hours'",
    )
    .bind(request.lock())
    .bind(request.user)
    .bind(&request.key)
    .fetch_one(tx)
    .await?;
    match row.try_get::<Option<Vec<u8>>, _>("fingerprint")? {
        Some(fingerprint) if fingerprint == request.fingerprint => {
            Ok(Claim::Replay { resource: row.try_get("resource_id")?, response: row.try_get("response")? })
        }
        Some(_) => Err(IdempotencyError::Reused),
        None if row.try_get("locked")? => Ok(Claim::Fresh),
        None => Err(IdempotencyError::InFlight),
    }
}

/// Stores the answer. A request that committed between our look and our lock is found here, by the key itself: this one
/// is then refused as in flight, and finds the stored answer when it comes again.
pub async fn keep(
    tx: &mut PgConnection,
    request: &KeyedRequest,
    resource: Uuid,
    response: &Value,
) -> Result<(), IdempotencyError> {
    let kept = sqlx::query(
        "INSERT INTO idempotency_keys (user_id, key, fingerprint, response, resource_id) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (user_id, key) DO UPDATE
           SET fingerprint = excluded.fingerprint, response = excluded.response,
               resource_id = excluded.resource_id, created_at = excluded.created_at
           WHERE idempotency_keys.created_at <= now() - interval '24 hours'",
    )
    .bind(request.user)
    .bind(&request.key)
    .bind(&request.fingerprint[..])
    .bind(response)
    .bind(resource)
    .execute(tx)
    .await?
    .rows_affected();
    if kept == 1 { Ok(()) } else { Err(IdempotencyError::InFlight) }
}

/// Deletes up to `limit` keys that are past their time; how many it were.
pub async fn sweep(db: impl PgExecutor<'_>, limit: i64) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM idempotency_keys WHERE ctid IN (
             SELECT ctid FROM idempotency_keys WHERE created_at <= now() - interval '24 hours' LIMIT $1)",
    )
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests;
