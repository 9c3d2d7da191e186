//! Rescue: taking posts back from workers whose leases ran out.

use sqlx::{PgConnection, PgPool};

use super::StoreError;
use super::budgets::{Doubt, book_doubts};
use super::workers::LEASE;
use crate::domain::{BatchId, CampaignId, Nanodollars, UserId, WorkerId};
use crate::progress::Progress;

/// What a rescue did.
#[derive(Debug, Default)]
pub struct Rescued {
    pub workers: Vec<WorkerId>,
    pub posts: i64,
    pub progress: Vec<Progress>,
}

/// Takes back every post of every dead worker, a batch a statement, and removes the workers. `max_deliveries` is the number
/// of unclean ends after which a post is given up.
///
/// Leases that ran out while Postgres was down say nothing: nobody could renew them. So nothing is rescued until Postgres
/// has been up for a lease's length.
pub async fn rescue(pool: &PgPool, max_deliveries: i16) -> Result<Rescued, StoreError> {
    // The usual answer costs one statement.
    let anybody: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM workers WHERE lease_until <= now())").fetch_one(pool).await?;
    if !anybody {
        return Ok(Rescued::default());
    }
    let mut tx = pool.begin().await?;
    let dead: Vec<WorkerId> = sqlx::query_scalar(
        "SELECT id FROM workers
         WHERE lease_until <= now() AND pg_postmaster_start_time() < now() - make_interval(secs => $1)
         ORDER BY id FOR UPDATE SKIP LOCKED",
    )
    .bind(LEASE.as_secs_f64())
    .fetch_all(&mut *tx)
    .await?;
    if dead.is_empty() {
        return Ok(Rescued::default());
    }
    let batches: Vec<BatchId> =
        sqlx::query_scalar("SELECT id FROM batch_jobs WHERE finished_at IS NULL AND processing > 0 ORDER BY id")
            .fetch_all(&mut *tx)
            .await?;
    let mut rescued = Rescued { workers: dead, ..Rescued::default() };
    let mut doubts = Vec::new();
    for batch in batches {
        if let Some(lost) = rescue_batch(&mut tx, batch, &rescued.workers, max_deliveries).await? {
            rescued.posts += lost.posts;
            rescued.progress.push(Progress { batch, version: lost.version });
            doubts.extend(lost.doubts());
        }
    }
    // Budgets come after every batch in the order of locks.
    book_doubts(&mut tx, &doubts).await?;
    sqlx::query("DELETE FROM workers WHERE id = ANY ($1)").bind(&rescued.workers).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(rescued)
}

/// What was taken back of one batch.
#[derive(sqlx::FromRow)]
struct Lost {
    version: i64,
    #[sqlx(rename = "freed")]
    posts: i64,
    campaign_id: Option<CampaignId>,
    user_id: UserId,
    /// Calls that were under way, by the month that they were reserved in.
    months: Vec<String>,
    by_month: Vec<Nanodollars>,
}

impl Lost {
    fn doubts(self) -> impl Iterator<Item = Doubt> {
        let (campaign, user) = (self.campaign_id, self.user_id);
        self.months.into_iter().zip(self.by_month).map(move |(month, held)| Doubt { campaign, user, month, held })
    }
}

async fn rescue_batch(
    tx: &mut PgConnection,
    batch: BatchId,
    dead: &[WorkerId],
    max_deliveries: i16,
) -> Result<Option<Lost>, StoreError> {
    super::advance::lock_batches(tx, &[batch]).await?;
    Ok(sqlx::query_as(include_str!("sql/rescue.sql"))
        .bind(batch)
        .bind(dead)
        .bind(max_deliveries)
        .fetch_optional(tx)
        .await?)
}
