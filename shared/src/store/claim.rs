//! Claims: how a worker comes to own the rows of batches.

use std::sync::Arc;

use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgPool, Row};

use super::StoreError;
use super::advance::Caption;
use crate::domain::{BatchId, Context, Kind, Moderation, PostId, PostStatus, UnknownName, UserId, WorkerId};
use crate::progress::Progress;
use crate::queue::Slice;

/// A post, or a part of a generation, that this worker owns, with everything that making it needs.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Claim {
    #[sqlx(rename = "id")]
    pub post: PostId,
    #[sqlx(rename = "batch_job_id")]
    pub batch: BatchId,
    #[sqlx(rename = "user_id")]
    pub user: UserId,
    pub position: i32,
    pub epoch: i32,
    /// Workers that died while they ran it, or one that died while it waited.
    pub deliveries: i16,
    pub retries: i16,
    pub revision: i32,
    pub caption_ordinal: i16,
    pub image_ordinal: i16,
    pub moderation_ordinal: i16,
    pub text_ordinal: i16,
    #[sqlx(flatten)]
    pub work: Work,
    /// What its batch was placed with, for prompts and checks.
    #[sqlx(skip)]
    context: Arc<Context>,
    version: i64,
    /// As the first of the slice brings it along.
    #[sqlx(rename = "context")]
    brought: Option<Json<Context>>,
}

/// What is to be made.
#[derive(Clone, Debug)]
pub enum Work {
    Post(Box<PostWork>),
    Generation(Box<Order>),
}

/// A post to be made, and what is made of it already.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
pub struct PostWork {
    #[sqlx(flatten)]
    pub brief: Brief,
    #[sqlx(flatten)]
    made: Made,
}

/// A part of a generation to be made.
#[derive(Clone, Debug)]
pub struct Order {
    pub kind: Kind,
    /// As the kind's parameters are written.
    pub parameters: Value,
}

impl FromRow<'_, PgRow> for Work {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let kind: &str = row.try_get("kind")?;
        match kind.parse().map_err(|error: UnknownName| sqlx::Error::Decode(Box::new(error)))? {
            Kind::Post => PostWork::from_row(row).map(|post| Self::Post(Box::new(post))),
            kind => Ok(Self::Generation(Box::new(Order { kind, parameters: row.try_get("parameters")? }))),
        }
    }
}

/// What the post's author asked for.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
pub struct Brief {
    pub brand_name: String,
    pub topic: Option<String>,
    pub tone: String,
    pub brief: Option<String>,
    pub target_audience: Option<String>,
    pub platform: Option<String>,
    pub language: Option<String>,
    /// `None` when no image is wanted.
    pub image_size: Option<String>,
    pub image_quality: Option<String>,
}

/// What earlier runs of this post have made and paid for.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
struct Made {
    generated_caption: Option<String>,
    hashtags: Option<Vec<String>>,
    image_prompt: Option<String>,
    alt_text: Option<String>,
    generated_image_url: Option<String>,
    #[sqlx(try_from = "Option<String>")]
    moderation: Judged,
}

/// What moderation said of the caption, if it was asked.
#[derive(Clone, Copy, Debug, Default)]
struct Judged(Option<Moderation>);

impl TryFrom<Option<String>> for Judged {
    type Error = UnknownName;

    fn try_from(text: Option<String>) -> Result<Self, UnknownName> {
        text.map(|text| text.parse()).transpose().map(Self)
    }
}

impl Claim {
    /// A claim of a post that nobody has worked on, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub fn bare(post: PostId, batch: BatchId, user: UserId) -> Self {
        Self {
            post,
            batch,
            user,
            position: 0,
            epoch: 1,
            deliveries: 0,
            retries: 0,
            revision: 1,
            caption_ordinal: 0,
            image_ordinal: 0,
            moderation_ordinal: 0,
            text_ordinal: 0,
            work: Work::Post(Box::default()),
            context: Arc::default(),
            version: 1,
            brought: None,
        }
    }

    /// What its batch was placed with, for prompts and checks.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The post, if this is one.
    pub fn as_post(&self) -> Option<&PostWork> {
        match &self.work {
            Work::Post(post) => Some(post),
            Work::Generation(_) => None,
        }
    }
}

impl PostWork {
    /// What moderation said of the caption, where it was asked.
    pub fn moderation(&self) -> Option<Moderation> {
        self.made.moderation.0
    }

    /// The caption, where it is already made. One that moderation flagged is made anew: its post was retried.
    pub fn caption(&self) -> Option<Caption> {
        if self.moderation() == Some(Moderation::Flagged) {
            return None;
        }
        Some(Caption {
            caption: self.made.generated_caption.clone()?,
            hashtags: self.made.hashtags.clone().unwrap_or_default(),
            image_prompt: self.made.image_prompt.clone()?,
            alt_text: self.made.alt_text.clone().unwrap_or_default(),
        })
    }

    /// The stored image's key, where it is already made.
    pub fn image(&self) -> Option<&str> {
        self.made.generated_image_url.as_deref()
    }
}

/// Takes those posts of a slice that nobody has, while this worker's lease lives and the batch runs. Posts that another
/// worker has, that are final, or that a newer message names are left out; none at all is no error.
pub async fn claim(
    pool: &PgPool,
    worker: WorkerId,
    slice: &Slice,
) -> Result<(Vec<Claim>, Option<Progress>), StoreError> {
    let waiting = if slice.due { PostStatus::Retrying } else { PostStatus::Pending };
    let mut tx = pool.begin().await?;
    let alive = sqlx::query("SELECT FROM workers WHERE id = $1 AND lease_until > now() FOR KEY SHARE")
        .bind(worker)
        .execute(&mut *tx)
        .await?;
    if alive.rows_affected() == 0 {
        return Ok((Vec::new(), None));
    }
    super::advance::lock_batches(&mut tx, &[slice.batch]).await?;
    let mut claims: Vec<Claim> = sqlx::query_as(include_str!("sql/claim.sql"))
        .bind(worker)
        .bind(slice.batch)
        .bind(&slice.posts)
        .bind(waiting.as_str())
        .fetch_all(&mut *tx)
        .await?;
    tx.commit().await?;
    let context: Arc<Context> =
        Arc::new(claims.iter_mut().find_map(|claim| claim.brought.take()).unwrap_or_default().0);
    for claim in &mut claims {
        claim.context = Arc::clone(&context);
    }
    let progress = claims.first().map(|claim| Progress { batch: slice.batch, version: claim.version });
    Ok((claims, progress))
}
