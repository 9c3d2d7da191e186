//! Workers and their leases, on the database's clock.
//!
//! A worker leases *itself*: one row a boot. Posts are owned while their owner's lease lives; a worker whose lease has run
//! out is dead, whatever it thinks, and its posts are rescued.

use std::time::Duration;

use sqlx::PgExecutor;

use super::StoreError;
use crate::domain::WorkerId;

/// How long a lease lasts.
pub const LEASE: Duration = Duration::from_secs(8);

/// How often it is renewed.
pub const RENEWAL: Duration = Duration::from_secs(2);

/// A worker that has not renewed its lease for so long sends nothing: well before others take its posts.
pub const SEND_WITHIN: Duration = Duration::from_secs(6);

/// How far renewals may lie apart without a gap. After a longer one the worker takes nobody for dead until it has renewed for a
/// lease's length: what kept it from renewing may have kept the others too.
const GAP: Duration = Duration::from_secs(4);

/// Enters a worker, alive from now on.
pub async fn enter(db: impl PgExecutor<'_>, worker: WorkerId, name: &str, slots: usize) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO workers (id, name, slots, lease_until) VALUES ($1, $2, $3, now() + make_interval(secs => $4))",
    )
    .bind(worker)
    .bind(name)
    .bind(i32::try_from(slots).unwrap_or(i32::MAX))
    .bind(LEASE.as_secs_f64())
    .execute(db)
    .await?;
    Ok(())
}

/// Renews a lease. A rescue removes the worker with its posts, so one whose row is still there has lost nothing, even when
/// its lease ran out while Postgres was away. False: the worker is dead to the others and must start anew under another id.
pub async fn renew(db: impl PgExecutor<'_>, worker: WorkerId) -> Result<bool, StoreError> {
    let renewed = sqlx::query(
        "UPDATE workers
         SET lease_until = now() + make_interval(secs => $2),
             steady_since = CASE WHEN lease_until > now() + make_interval(secs => $2 - $3) THEN steady_since ELSE now() END
         WHERE id = $1",
    )
    .bind(worker)
    .bind(LEASE.as_secs_f64())
    .bind(GAP.as_secs_f64())
    .execute(db)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Ends a lease at once, so that whatever the worker still has is taken back without waiting and without a suspicion: it left,
/// and did not die.
pub async fn leave(db: impl PgExecutor<'_>, worker: WorkerId) -> Result<(), StoreError> {
    sqlx::query("UPDATE workers SET lease_until = '-infinity' WHERE id = $1").bind(worker).execute(db).await?;
    Ok(())
}

/// Workers alive, and the slots that they have together.
pub async fn living(db: impl PgExecutor<'_>) -> Result<(i64, i64), StoreError> {
    Ok(sqlx::query_as("SELECT count(*), coalesce(sum(slots), 0) FROM workers WHERE lease_until > now()")
        .fetch_one(db)
        .await?)
}
