//! Batches, placed as the API places them, and how far they are.

use std::borrow::Cow;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use shared::domain::{
    BatchId, CampaignId, Image, ImageQuality, ImageSize, Mode, Nanodollars, NewBatch, NewPost, Priority, UserId,
};
use shared::store::campaigns::{self, NewCampaign};
use shared::store::place::{Release, place};
use shared::store::users::{self, NewUser};
use tokio::time::{Instant, sleep};

use crate::fleet::Fleet;
use crate::ground::Ground;

/// Somebody with a campaign.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    user: UserId,
    campaign: CampaignId,
}

/// What the posts of a batch are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Captions,
    /// A caption and an image of 1024 x 1024.
    Images(ImageQuality),
}

/// How far the posts of a trial are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Progress {
    pub(crate) total: i64,
    pub(crate) completed: i64,
    pub(crate) failed: i64,
    pub(crate) processing: i64,
    /// Batches that are neither final nor paused.
    pub(crate) open: i64,
}

impl Client {
    pub(crate) async fn new(ground: &Ground) -> Result<Self> {
        let new = NewUser {
            username: "trial".to_owned(),
            email: "trial@example.com".to_owned(),
            password_hash: "none".to_owned(),
            first_name: None,
            last_name: None,
        };
        let user = users::insert(ground.store.orm(), new).await?.id;
        let campaign = NewCampaign {
            name: "trial".to_owned(),
            description: None,
            brand_name: "Crust & Co".to_owned(),
            target_audience: None,
            tone_id: None,
            status: None,
            project_id: None,
        };
        let campaign = campaigns::insert(ground.store.pool(), user, &campaign).await?.id;
        Ok(Self { user, campaign })
    }

    /// Places a batch of posts, each about a topic of its own, so that no two requests are alike.
    pub(crate) async fn submit(
        &self,
        ground: &Ground,
        posts: usize,
        content: Content,
        cap: Option<Nanodollars>,
    ) -> Result<BatchId> {
        self.submit_about(ground, "Sourdough number", posts, content, cap).await
    }

    /// The same, with topics that begin with `topic`.
    pub(crate) async fn submit_about(
        &self,
        ground: &Ground,
        topic: &str,
        posts: usize,
        content: Content,
        cap: Option<Nanodollars>,
    ) -> Result<BatchId> {
        let image = match content {
            Content::Captions => None,
            Content::Images(quality) => Some(Image { size: ImageSize::Square, quality }),
        };
        let post = |number: usize| NewPost {
            brand_name: Cow::Borrowed("Crust & Co"),
            topic: Some(Cow::Owned(format!("{topic} {number}"))),
            tone: Cow::Borrowed("warm"),
            brief: None,
            target_audience: None,
            platform: None,
            language: None,
            image,
            external_id: None,
        };
        let new = NewBatch {
            name: Cow::Borrowed("trial"),
            priority: Priority::Normal,
            cap,
            mode: Mode::Live,
            posts: (1..=posts).map(post).collect(),
        };
        let mut tx = ground.store.pool().begin().await?;
        // What is not pushed here is dispatched by the workers.
        let placed = place(&mut tx, self.user, self.campaign, &new, Release::Nothing).await?;
        tx.commit().await?;
        Ok(placed.batch.id)
    }
}

pub(crate) async fn progress(ground: &Ground) -> Result<Progress> {
    sqlx::query_as(
        "SELECT coalesce(sum(total_posts), 0)::bigint AS total, coalesce(sum(completed_posts), 0)::bigint AS completed,
                coalesce(sum(failed_posts), 0)::bigint AS failed, coalesce(sum(processing), 0)::bigint AS processing,
                count(*) FILTER (WHERE finished_at IS NULL AND status <> 'paused') AS open
         FROM batch_jobs",
    )
    .fetch_one(ground.store.pool())
    .await
    .context("the batches cannot be read")
}

/// Waits until no batch is open any more, for `most` at most, and answers how far they are then.
pub(crate) async fn settled(ground: &Ground, fleet: &mut Fleet, most: Duration) -> Result<Progress> {
    reached(ground, fleet, most, |progress| progress.open == 0).await
}

/// Waits until `is` holds, for `most` at most.
pub(crate) async fn reached(
    ground: &Ground,
    fleet: &mut Fleet,
    most: Duration,
    is: impl Fn(&Progress) -> bool,
) -> Result<Progress> {
    let began = Instant::now();
    loop {
        let now = progress(ground).await?;
        if is(&now) || began.elapsed() >= most {
            return Ok(now);
        }
        if fleet.dead() > 0 {
            bail!("a worker ended by itself: its log is in {} (see --keep)", ground.folder.display());
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until workers have entered the database.
pub(crate) async fn living(ground: &Ground, count: usize) -> Result<()> {
    let began = Instant::now();
    while shared::store::workers::living(ground.store.pool()).await?.0 < count as i64 {
        if began.elapsed() > Duration::from_secs(30) {
            bail!("{count} workers were started and did not enter within 30 s");
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
