//! Taking posts back from their owners: from workers that died, and from a living worker that owns posts without having them
//! in hand, because the answer to its claim was lost.
//!
//! A worker is dead when its lease has run out, but only a worker whose own lease was renewed without a gap for longer than
//! a lease lasts may say so. While the database is away nobody can renew; whoever comes back first then waits until all
//! the others had time to come back too.

mod verdict;

use sqlx::{PgConnection, PgExecutor, PgPool};

use super::StoreError;
use super::budgets::{Doubt, book_doubts};
use super::workers::LEASE;
use crate::domain::{BatchId, CampaignId, Nanodollars, PostId, UserId, WorkerId};
use crate::progress::Progress;
use verdict::{Evidence, Return};

/// A post that a worker owns.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Owned {
    pub post: PostId,
    pub batch: BatchId,
    pub owner: WorkerId,
    pub epoch: i32,
    /// Its hold has written something: it ran, and did not only wait.
    pub begun: bool,
    /// Workers that died while they ran it.
    pub deliveries: i16,
    pub retries: i16,
}

/// Outcome of taking posts back.
#[derive(Debug, Default)]
pub struct Rescued {
    pub workers: Vec<WorkerId>,
    pub posts: i64,
    pub progress: Vec<Progress>,
}

/// Takes back every post of every dead worker and removes the workers, if `rescuer` may judge. `max_deliveries` is the number
/// of deaths, each of a worker that ran nothing but this post, after which a post is given up.
pub async fn rescue(pool: &PgPool, rescuer: WorkerId, max_deliveries: i16) -> Result<Rescued, StoreError> {
    // The usual answer costs one statement.
    let anybody: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM workers WHERE lease_until <= now())").fetch_one(pool).await?;
    if !anybody {
        return Ok(Rescued::default());
    }
    let mut tx = pool.begin().await?;
    let gone = lock_gone(&mut tx, rescuer).await?;
    if gone.is_empty() {
        return Ok(Rescued::default());
    }
    let workers: Vec<WorkerId> = gone.iter().map(|worker| worker.id).collect();
    let batches: Vec<BatchId> = in_work(&mut *tx).await?.into_iter().map(|(batch, _)| batch).collect();
    let owned = owned(&mut *tx, &workers, &batches).await?;
    let dead: Vec<WorkerId> = gone.iter().filter(|worker| !worker.left).map(|worker| worker.id).collect();
    let evidence = record_deaths(&mut tx, &dead, &owned).await?;
    let mut posts: Vec<(Owned, Return)> = owned
        .into_iter()
        .map(|post| {
            let fate = if dead.contains(&post.owner) {
                verdict::after_death(&post, evidence.iter().find(|of| of.post == post.post), max_deliveries)
            } else {
                verdict::unchanged(&post)
            };
            (post, fate)
        })
        .collect();
    let mut outcome = take_back(&mut tx, &mut posts).await?;
    let given_up: Vec<PostId> =
        posts.iter().filter(|(_, fate)| fate.failure.is_some()).map(|(post, _)| post.post).collect();
    if !given_up.is_empty() {
        // Its author may retry it: it begins anew.
        sqlx::query("DELETE FROM worker_deaths WHERE sole_post = ANY ($1)").bind(&given_up).execute(&mut *tx).await?;
    }
    sqlx::query("DELETE FROM workers WHERE id = ANY ($1)").bind(&workers).execute(&mut *tx).await?;
    tx.commit().await?;
    outcome.workers = workers;
    Ok(outcome)
}

/// Hands back posts that a living worker owns without having them in hand. One that had begun is counted as tried, and fails
/// after `max_retries`.
pub async fn hand_back(pool: &PgPool, posts: Vec<Owned>, max_retries: i16) -> Result<Rescued, StoreError> {
    let mut posts: Vec<(Owned, Return)> = posts
        .into_iter()
        .map(|post| {
            let fate = verdict::after_loss(&post, max_retries);
            (post, fate)
        })
        .collect();
    let mut tx = pool.begin().await?;
    let handed_back = take_back(&mut tx, &mut posts).await?;
    tx.commit().await?;
    Ok(handed_back)
}

/// Every batch that has posts in workers' hands, and how many.
pub async fn in_work(db: impl PgExecutor<'_>) -> Result<Vec<(BatchId, i32)>, StoreError> {
    let statement = "SELECT id, processing FROM batch_jobs WHERE finished_at IS NULL AND processing > 0 ORDER BY id";
    Ok(sqlx::query_as(statement).fetch_all(db).await?)
}

/// The posts that any of these workers owns in these batches.
pub async fn owned(
    db: impl PgExecutor<'_>,
    workers: &[WorkerId],
    batches: &[BatchId],
) -> Result<Vec<Owned>, StoreError> {
    Ok(sqlx::query_as(include_str!("sql/owned.sql")).bind(workers).bind(batches).fetch_all(db).await?)
}

/// A worker whose posts are free.
#[derive(sqlx::FromRow)]
struct Gone {
    id: WorkerId,
    /// It said so itself.
    left: bool,
}

/// Locks the workers that left, and those that died if the rescuer may judge that.
async fn lock_gone(tx: &mut PgConnection, rescuer: WorkerId) -> Result<Vec<Gone>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, lease_until = '-infinity' AS left FROM workers
         WHERE lease_until = '-infinity' OR lease_until <= now() AND EXISTS (
             SELECT FROM workers me
             WHERE me.id = $1 AND me.lease_until > now() AND me.steady_since < now() - make_interval(secs => $2))
         ORDER BY id FOR UPDATE SKIP LOCKED",
    )
    .bind(rescuer)
    .bind(LEASE.as_secs_f64())
    .fetch_all(tx)
    .await?)
}

/// Records deaths, each with the one post that ran if only one did, and returns what all recorded deaths say of these posts.
async fn record_deaths(tx: &mut PgConnection, dead: &[WorkerId], owned: &[Owned]) -> Result<Vec<Evidence>, StoreError> {
    if dead.is_empty() {
        return Ok(Vec::new());
    }
    let sole: Vec<Option<PostId>> = dead.iter().map(|worker| verdict::sole(*worker, owned)).collect();
    sqlx::query("DELETE FROM worker_deaths WHERE died_at < now() - interval '1 day'").execute(&mut *tx).await?;
    sqlx::query("INSERT INTO worker_deaths (worker_id, sole_post) SELECT * FROM unnest($1::uuid[], $2::uuid[])")
        .bind(dead)
        .bind(&sole)
        .execute(&mut *tx)
        .await?;
    Ok(sqlx::query_as(
        "SELECT d.sole_post AS post, count(*) AS alone,
                (SELECT count(*) FROM worker_deaths o WHERE o.sole_post IS NULL AND o.id > min(d.id)) AS others
         FROM worker_deaths d WHERE d.sole_post = ANY ($1) GROUP BY d.sole_post",
    )
    .bind(sole.into_iter().flatten().collect::<Vec<_>>())
    .fetch_all(tx)
    .await?)
}

/// Takes posts back, a batch a statement, in the order of locks.
async fn take_back(tx: &mut PgConnection, posts: &mut [(Owned, Return)]) -> Result<Rescued, StoreError> {
    posts.sort_by_key(|(post, _)| (post.batch, post.post));
    let (mut rescued, mut doubts) = (Rescued::default(), Vec::new());
    for group in posts.chunk_by(|(one, _), (other, _)| one.batch == other.batch) {
        let Some((first, _)) = group.first() else { continue };
        super::advance::lock_batches(tx, &[first.batch]).await?;
        if let Some(lost) = take_back_of_batch(tx, first.batch, group).await? {
            rescued.posts += lost.posts;
            rescued.progress.push(Progress { batch: first.batch, version: lost.version });
            doubts.extend(lost.doubts());
        }
    }
    // Budgets come after every batch in the order of locks.
    book_doubts(tx, &doubts).await?;
    Ok(rescued)
}

async fn take_back_of_batch(
    tx: &mut PgConnection,
    batch: BatchId,
    posts: &[(Owned, Return)],
) -> Result<Option<Lost>, StoreError> {
    /// One column of the list.
    fn column<'a, T>(posts: &'a [(Owned, Return)], value: impl Fn(&'a Owned, &'a Return) -> T) -> Vec<T> {
        posts.iter().map(|(post, fate)| value(post, fate)).collect()
    }
    Ok(sqlx::query_as(include_str!("sql/rescue.sql"))
        .bind(batch)
        .bind(column(posts, |post, _| post.post))
        .bind(column(posts, |post, _| post.owner))
        .bind(column(posts, |post, _| post.epoch))
        .bind(column(posts, |_, fate| fate.deliveries))
        .bind(column(posts, |_, fate| fate.retries))
        .bind(column(posts, |_, fate| fate.failure.as_deref()))
        .fetch_optional(tx)
        .await?)
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
