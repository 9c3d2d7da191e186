//! Generations: placed as a batch of another kind, read with their parts.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor};

use super::StoreError;
use super::place::Release;
use crate::domain::{
    BatchId, BatchStatus, CampaignId, Context, Kind, Nanodollars, PostId, PostStatus, ProjectId, UserId,
};
use crate::queue::SLICE;

/// Work that a person asks for. What it names (project, campaign) was found to be the user's.
#[derive(Clone, Debug)]
pub struct NewGeneration {
    pub kind: Kind,
    /// As the kind's parameters are written.
    pub parameters: Value,
    /// What it is about, for people.
    pub prompt: String,
    pub context: Context,
    /// How many parts it has: the variations of a design, the calls that a plan takes, otherwise 1.
    pub parts: u16,
    pub project: Option<ProjectId>,
    pub campaign: Option<CampaignId>,
    pub cap: Option<Nanodollars>,
    /// Who a client said that it asks for.
    pub external_user: Option<String>,
}

/// A generation that was placed.
#[derive(Clone, Debug)]
pub struct Placed {
    pub id: BatchId,
    /// The parts that are released already, to be pushed after the commit.
    pub first: Vec<PostId>,
}

/// Writes the generation `id` and its parts. With `release` the first slice of them counts as pushed, and the caller pushes it
/// after the commit.
pub async fn place(
    tx: &mut PgConnection,
    id: BatchId,
    user: UserId,
    new: &NewGeneration,
    release: Release,
) -> Result<Placed, StoreError> {
    let parts: Vec<PostId> = (0..new.parts.max(1)).map(|_| PostId::new()).collect();
    let released = if release == Release::FirstSlice { parts.len().min(SLICE) } else { 0 };
    sqlx::query(include_str!("sql/generation_place.sql"))
        .bind(id)
        .bind(user)
        .bind(new.kind.as_str())
        .bind(&new.parameters)
        .bind(&new.prompt)
        .bind(new.external_user.as_deref())
        .bind(new.project)
        .bind(new.campaign)
        .bind((!new.context.is_empty()).then_some(Json(&new.context)))
        .bind(new.cap)
        .bind(released as i32)
        .bind(&parts)
        .execute(tx)
        .await?;
    Ok(Placed { id, first: parts.into_iter().take(released).collect() })
}

/// A generation as readers see it.
#[derive(Clone, Debug, FromRow)]
pub struct Generation {
    pub id: BatchId,
    pub number: i64,
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    #[sqlx(try_from = "String")]
    pub status: BatchStatus,
    pub project_id: Option<ProjectId>,
    pub campaign_id: Option<CampaignId>,
    pub parameters: Value,
    pub prompt: String,
    pub external_user: Option<String>,
    #[sqlx(rename = "spent_nanos")]
    pub cost: Nanodollars,
    /// What calls hold of which nobody knows what they cost.
    #[sqlx(rename = "unconfirmed_nanos")]
    pub unconfirmed: Nanodollars,
    pub version: i64,
    /// Over all of its calls.
    pub prompt_tokens: Option<i64>,
    pub completion_tokens: Option<i64>,
    /// In the order of their positions.
    #[sqlx(json)]
    pub parts: Vec<Part>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// One part of a generation.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Part {
    pub id: PostId,
    pub position: i32,
    pub status: PostStatus,
    pub result: Option<Value>,
    pub scores: Option<Value>,
    pub model: Option<String>,
    /// The key of the stored image.
    pub image: Option<String>,
    pub image_width: Option<i32>,
    pub image_height: Option<i32>,
    pub image_bytes: Option<i32>,
    pub image_format: Option<String>,
    /// In base64.
    pub image_thumbhash: Option<String>,
    pub flags: Vec<String>,
    pub cost_nanos: i64,
    pub error_class: Option<String>,
    pub error_message: Option<String>,
    /// From its first call to its end, once it has ended.
    pub duration_ms: Option<i64>,
}

impl Generation {
    /// From its start to its end, once it has ended.
    pub fn duration_ms(&self) -> Option<i64> {
        Some((self.finished_at? - self.created_at).num_milliseconds())
    }
}

/// How a generation of whichever user stands: the one question of those who wait for it.
pub async fn status(db: impl PgExecutor<'_>, id: BatchId) -> Result<Option<BatchStatus>, StoreError> {
    let status: Option<String> =
        sqlx::query_scalar("SELECT status FROM batch_jobs WHERE id = $1").bind(id).fetch_optional(db).await?;
    let status = status.map(|status| status.parse()).transpose();
    status.map_err(|error| StoreError::Sqlx(sqlx::Error::Decode(Box::new(error))))
}

/// A generation of the user's.
pub async fn read(db: impl PgExecutor<'_>, user: UserId, id: BatchId) -> Result<Option<Generation>, StoreError> {
    const STATEMENT: &str = concat!(include_str!("sql/generation_select.sql"), " WHERE g.id = $2 AND g.user_id = $1");
    Ok(sqlx::query_as(STATEMENT).bind(user).bind(id).fetch_optional(db).await?)
}

/// What a part of a generation has come to so far.
#[derive(Clone, Debug, FromRow)]
pub struct MadePart {
    pub position: i32,
    pub result: Value,
    pub scores: Option<Value>,
    pub model: Option<String>,
}

/// What the parts of a generation have come to so far, whether or not they have ended: for the workers that make its others.
pub async fn made(db: impl PgExecutor<'_>, id: BatchId) -> Result<Vec<MadePart>, StoreError> {
    let statement = "SELECT position, result, scores, model FROM campaign_posts
                     WHERE batch_job_id = $1 AND result IS NOT NULL ORDER BY position";
    Ok(sqlx::query_as(statement).bind(id).fetch_all(db).await?)
}

/// Which generations a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Any when there are none.
    pub kinds: Vec<Kind>,
    pub status: Option<BatchStatus>,
    pub project: Option<ProjectId>,
    pub campaign: Option<CampaignId>,
    pub from: Option<DateTime<Utc>>,
    /// Not included.
    pub to: Option<DateTime<Utc>>,
    /// What the prompt or a text of the result holds, in any case.
    pub words: Option<String>,
}

impl Filter {
    /// As the statement wants it: the words as a pattern, and as they stand in JSON.
    fn patterns(&self) -> (Option<String>, Option<String>) {
        let pattern = |words: &str| format!("%{}%", words.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_"));
        let in_json = self.words.as_ref().map(|words| {
            let quoted = Value::from(words.as_str()).to_string();
            pattern(&quoted[1..quoted.len() - 1])
        });
        (self.words.as_deref().map(pattern), in_json)
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.kinds.iter().map(|kind| kind.as_str()).collect()
    }
}

/// A page of the user's generations, the newest first, after the generation `after`.
pub async fn list(
    db: impl PgExecutor<'_>,
    user: UserId,
    filter: &Filter,
    after: Option<BatchId>,
    limit: i64,
) -> Result<Vec<Generation>, StoreError> {
    const STATEMENT: &str =
        concat!(include_str!("sql/generation_select.sql"), include_str!("sql/generations_page.sql"));
    let (words, words_in_json) = filter.patterns();
    Ok(sqlx::query_as(STATEMENT)
        .bind(user)
        .bind(after.unwrap_or(BatchId(uuid::Uuid::max())))
        .bind(filter.kinds())
        .bind(filter.status.map(BatchStatus::as_str))
        .bind(filter.project)
        .bind(filter.campaign)
        .bind(filter.from)
        .bind(filter.to)
        .bind(words)
        .bind(words_in_json)
        .bind(limit)
        .fetch_all(db)
        .await?)
}

/// How many generations of these kinds (any when there are none) stand at `status`.
pub async fn count(
    db: impl PgExecutor<'_>,
    user: UserId,
    kinds: &[Kind],
    status: BatchStatus,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM batch_jobs
         WHERE user_id = $1 AND kind <> 'post' AND (cardinality($2::text[]) = 0 OR kind = ANY ($2)) AND status = $3",
    )
    .bind(user)
    .bind(kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>())
    .bind(status.as_str())
    .fetch_one(db)
    .await?)
}
