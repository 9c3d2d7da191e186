//! Siblings: the parts of one generation, whose pictures must not be near-copies of each other.
//!
//! A part offers the print of its picture, under the lock of their batch: either a sibling has almost the same print, or
//! the print is kept and later ones are held against it. So of two that look alike and are made at the same time, one is
//! told so and the other is not.

use sqlx::PgPool;

use super::StoreError;
use super::advance::lock_batches;
use super::claim::Claim;
use crate::domain::WorkerId;

/// What became of an offered print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// Nothing like it; it is kept. How far off the nearest sibling's is, where one has one.
    Kept { nearest: Option<u32> },
    /// The sibling at this position has almost the same.
    NearCopy { of: i32, distance: u32 },
    /// Another worker has this part.
    Fenced,
}

#[derive(sqlx::FromRow)]
struct Row {
    held: bool,
    kept: bool,
    position: Option<i32>,
    distance: Option<i32>,
}

/// Offers the print of a part's picture. Prints that differ in at most `near` bits are near-copies.
pub async fn offer(
    pool: &PgPool,
    worker: WorkerId,
    part: &Claim,
    print: u64,
    near: u32,
) -> Result<Offered, StoreError> {
    let mut tx = pool.begin().await?;
    lock_batches(&mut tx, &[part.batch]).await?;
    let row: Row = sqlx::query_as(include_str!("sql/siblings_offer.sql"))
        .bind(part.post)
        .bind(part.batch)
        .bind(worker)
        .bind(part.epoch)
        .bind(print.cast_signed())
        .bind(near.cast_signed())
        .fetch_one(&mut *tx)
        .await?;
    tx.commit().await?;
    let distance = row.distance.map(i32::cast_unsigned);
    Ok(match (row.held, row.kept, row.position, distance) {
        (false, ..) => Offered::Fenced,
        (true, false, Some(of), Some(distance)) => Offered::NearCopy { of, distance },
        (true, ..) => Offered::Kept { nearest: distance },
    })
}
