//! Placing a batch: the batch and all of its posts, in the caller's transaction, in two statements for any number of posts.
//!
//! The posts that were not pushed yet *are* the outbox: what is committed here cannot be lost, whatever happens to the push
//! that follows. Posts that the caller is about to push count as released from the start, so the push needs no second write.

mod copy;

use sqlx::{FromRow, PgConnection, Row};

use super::StoreError;
use super::batches::Batch;
use crate::domain::{BatchId, CampaignId, Mode, NewBatch, NewPost, Platform, PostId, UserId};
use crate::queue::SLICE;

/// From this many posts on, binary COPY is faster than `unnest`. Below it, COPY is not only slower: over TCP a COPY of some
/// dozen rows waits 40 ms for a delayed acknowledgement.
const COPY_FROM: usize = 2_000;

/// Why a batch was not placed.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    #[error("the user has no such campaign")]
    NoCampaign,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for PlaceError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A batch that was placed.
#[derive(Clone, Debug)]
pub struct Placed {
    pub batch: Batch,
    /// The posts that are released already, to be pushed after the commit.
    pub first: Vec<PostId>,
}

/// What is released with a new batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    FirstSlice,
    /// Dispatch releases all of it.
    Nothing,
}

/// What every post of a batch has in common.
struct Parents<'a> {
    batch: BatchId,
    campaign: CampaignId,
    user: UserId,
    /// The campaign's audience, for posts that name none.
    audience: Option<&'a str>,
}

/// Writes a batch and its posts. Ids rise with the position. With `release` the first slice of posts counts as pushed, and
/// the caller pushes it after the commit.
pub async fn place(
    tx: &mut PgConnection,
    user: UserId,
    campaign: CampaignId,
    new: &NewBatch<'_>,
    release: Release,
) -> Result<Placed, PlaceError> {
    let released = match release {
        // The posts of an economy batch are its lane's first.
        _ if new.mode != Mode::Live => 0,
        Release::FirstSlice => new.posts.len().min(SLICE),
        Release::Nothing => 0,
    };
    let row = sqlx::query(include_str!("sql/batch_place.sql"))
        .bind(BatchId::new())
        .bind(campaign)
        .bind(user)
        .bind(&new.name)
        .bind(new.priority.rank())
        .bind(new.posts.len() as i32)
        .bind(released as i32)
        .bind(new.cap)
        .bind(new.mode.deadline())
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(PlaceError::NoCampaign)?;
    let batch = Batch::from_row(&row)?;
    let parents = Parents { batch: batch.id, campaign, user, audience: row.try_get("target_audience")? };
    let ids: Vec<PostId> = new.posts.iter().map(|_| PostId::new()).collect();
    if new.posts.len() < COPY_FROM {
        insert(tx, &parents, &ids, &new.posts).await?;
    } else {
        copy::posts(tx, &parents, &ids, &new.posts).await?;
    }
    Ok(Placed { batch, first: ids.into_iter().take(released).collect() })
}

async fn insert(
    tx: &mut PgConnection,
    parents: &Parents<'_>,
    ids: &[PostId],
    posts: &[NewPost<'_>],
) -> Result<(), sqlx::Error> {
    let column = |of: for<'p> fn(&'p NewPost<'_>) -> Option<&'p str>| posts.iter().map(of).collect::<Vec<_>>();
    let audiences: Vec<_> = posts.iter().map(|post| post.target_audience.as_deref().or(parents.audience)).collect();
    sqlx::query(include_str!("sql/posts_insert.sql"))
        .bind(parents.batch)
        .bind(parents.campaign)
        .bind(parents.user)
        .bind(ids)
        .bind(column(|post| post.external_id.as_deref()))
        .bind(column(|post| Some(&post.brand_name)))
        .bind(column(|post| post.topic.as_deref()))
        .bind(column(|post| Some(&post.tone)))
        .bind(column(|post| post.brief.as_deref()))
        .bind(audiences)
        .bind(column(|post| post.platform.map(Platform::as_str)))
        .bind(column(|post| post.language.as_deref()))
        .bind(column(|post| post.image.map(|image| image.size.as_str())))
        .bind(column(|post| post.image.map(|image| image.quality.as_str())))
        .execute(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
