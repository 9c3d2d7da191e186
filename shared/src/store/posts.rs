//! Posts as readers see them.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgExecutor};

use super::StoreError;
use crate::domain::{BatchId, CampaignId, Nanodollars, PostId, ShownStatus, UserId};

/// The row of a post.
#[derive(Clone, Debug, FromRow)]
pub struct Post {
    pub id: PostId,
    pub batch_job_id: BatchId,
    pub campaign_id: CampaignId,
    pub position: i32,
    pub external_id: Option<String>,
    pub brand_name: String,
    pub topic: Option<String>,
    pub tone: String,
    pub brief: Option<String>,
    pub target_audience: Option<String>,
    pub platform: Option<String>,
    pub language: Option<String>,
    pub image_size: Option<String>,
    pub image_quality: Option<String>,
    #[sqlx(try_from = "String")]
    pub status: ShownStatus,
    /// When a post that waits is tried again.
    pub wake_at: Option<DateTime<Utc>>,
    pub retries: i16,
    pub revision: i32,
    pub generated_caption: Option<String>,
    pub hashtags: Option<Vec<String>>,
    pub image_prompt: Option<String>,
    pub alt_text: Option<String>,
    pub moderation: Option<String>,
    pub flags: Vec<String>,
    pub near_duplicate_of: Option<PostId>,
    /// The key of the stored image.
    pub generated_image_url: Option<String>,
    /// In pixels.
    pub image_width: Option<i32>,
    pub image_height: Option<i32>,
    pub image_bytes: Option<i32>,
    pub image_format: Option<String>,
    pub image_thumbhash: Option<Vec<u8>>,
    #[sqlx(rename = "cost_nanos")]
    pub cost: Nanodollars,
    pub error_class: Option<String>,
    pub error_message: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub finalized_at: Option<DateTime<Utc>>,
}

/// A post of the user's.
pub async fn read(db: impl PgExecutor<'_>, user: UserId, post: PostId) -> Result<Option<Post>, StoreError> {
    Ok(sqlx::query_as(include_str!("sql/post_read.sql")).bind(user).bind(post).fetch_optional(db).await?)
}

/// A page of a batch's posts in their order, after the position `after`.
pub async fn page(
    db: impl PgExecutor<'_>,
    user: UserId,
    batch: BatchId,
    status: Option<ShownStatus>,
    after: Option<i32>,
    limit: i64,
) -> Result<Vec<Post>, StoreError> {
    Ok(sqlx::query_as(include_str!("sql/posts_page.sql"))
        .bind(user)
        .bind(batch)
        .bind(after.unwrap_or(-1))
        .bind(status.map(ShownStatus::as_str))
        .bind(limit)
        .fetch_all(db)
        .await?)
}
