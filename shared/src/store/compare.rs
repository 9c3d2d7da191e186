//! Near-duplicates: the captions of a batch that has ended are compared with those of its campaign.
//!
//! It is done after the end, a stretch of posts a transaction, so that it costs the writing of posts nothing. A batch that
//! has been compared says so by its run; a worker that dies in the middle leaves work that may be done again.

use sqlx::PgPool;

use super::StoreError;
use super::advance::lock_batches;
use crate::domain::{BatchId, CampaignId};

/// Bits of 64 that two captions that say almost the same differ in, at most. The prints are cut into one part more.
pub const NEAR: i32 = 5;
/// Posts compared in one transaction.
const STRETCH: i32 = 500;

/// A batch that has ended and was not compared yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Ended {
    #[sqlx(rename = "id")]
    pub batch: BatchId,
    #[sqlx(rename = "campaign_id")]
    pub campaign: CampaignId,
    run: i32,
    total_posts: i32,
}

/// A few batches that are to be compared.
pub async fn ended(pool: &PgPool) -> Result<Vec<Ended>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, campaign_id, run, total_posts FROM batch_jobs
         WHERE finished_at IS NOT NULL AND compared_run < run AND kind = 'post' ORDER BY id LIMIT 8",
    )
    .fetch_all(pool)
    .await?)
}

/// Compares a batch, and answers how many of its captions were flagged; `None` when somebody else is at this campaign.
pub async fn compare(pool: &PgPool, ended: Ended) -> Result<Option<u64>, StoreError> {
    let Ended { batch, campaign, run, total_posts } = ended;
    let mut flagged = 0;
    for first in (0..total_posts).step_by(STRETCH as usize) {
        let mut tx = pool.begin().await?;
        // Of two batches of a campaign that are compared at once, neither would see the other's prints.
        let alone: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, 0))")
            .bind(campaign)
            .fetch_one(&mut *tx)
            .await?;
        if !alone {
            return Ok(None);
        }
        lock_batches(&mut tx, &[batch]).await?;
        sqlx::query(include_str!("sql/compare_prints.sql"))
            .bind(batch)
            .bind(campaign)
            .bind(first)
            .bind(first + STRETCH)
            .execute(&mut *tx)
            .await?;
        let done = sqlx::query(include_str!("sql/compare_flag.sql"))
            .bind(batch)
            .bind(campaign)
            .bind(first)
            .bind(first + STRETCH)
            .bind(NEAR)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        flagged += done.rows_affected();
    }
    sqlx::query("UPDATE batch_jobs SET compared_run = $2 WHERE id = $1").bind(batch).bind(run).execute(pool).await?;
    Ok(Some(flagged))
}
