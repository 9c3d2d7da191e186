//! Batches to move and workers to move them, without the API and without a provider.

use crate::domain::{BatchId, CampaignId, Nanodollars, PostId, UserId, WorkerId};
use crate::queue::Slice;
use crate::store::claim::{Claim, claim};
use crate::store::{Store, dispatch, workers};

/// A user.
pub async fn user(store: &Store) -> UserId {
    let id = UserId::new();
    sqlx::query("INSERT INTO users (id, username, email, password_hash) VALUES ($1, $2, $2 || '@example.com', 'x')")
        .bind(id)
        .bind(id.0.simple().to_string())
        .execute(store.pool())
        .await
        .expect("a user");
    id
}

/// A campaign of a user.
pub async fn campaign(store: &Store, user: UserId) -> CampaignId {
    let id = CampaignId::new();
    sqlx::query("INSERT INTO campaigns (id, user_id, name, brand_name) VALUES ($1, $2, 'a campaign', 'Brand')")
        .bind(id)
        .bind(user)
        .execute(store.pool())
        .await
        .expect("a campaign");
    id
}

/// A batch of `posts` posts without images, as a submit leaves it.
pub async fn batch(store: &Store, user: UserId, posts: i32, cap: Option<Nanodollars>) -> BatchId {
    batch_of(store, user, CampaignId::new(), posts, cap).await
}

/// The same for a campaign.
pub async fn batch_of(
    store: &Store,
    user: UserId,
    campaign: CampaignId,
    posts: i32,
    cap: Option<Nanodollars>,
) -> BatchId {
    let batch = BatchId::new();
    let ids: Vec<PostId> = (0..posts).map(|_| PostId::new()).collect();
    sqlx::query(
        "INSERT INTO batch_jobs (id, campaign_id, user_id, created_by, name, total_posts, cap_nanos)
         VALUES ($1, $2, $3, $3, 'a batch', $4, $5)",
    )
    .bind(batch)
    .bind(campaign)
    .bind(user)
    .bind(posts)
    .bind(cap)
    .execute(store.pool())
    .await
    .expect("a batch");
    sqlx::query(
        "INSERT INTO campaign_posts (id, batch_job_id, campaign_id, user_id, position, brand_name, tone)
         SELECT id, $2, $3, $4, n - 1, 'Brand', 'warm' FROM unnest($1::uuid[]) WITH ORDINALITY AS t (id, n)",
    )
    .bind(&ids)
    .bind(batch)
    .bind(campaign)
    .bind(user)
    .execute(store.pool())
    .await
    .expect("posts");
    batch
}

/// A living worker, whose lease has been renewed for long.
pub async fn worker(store: &Store) -> WorkerId {
    let id = WorkerId::new();
    workers::enter(store.pool(), id, &format!("worker-{id}"), 8).await.expect("entered");
    steady(store, id).await;
    id
}

/// Makes a worker's lease one that has been renewed without a gap for long.
pub async fn steady(store: &Store, worker: WorkerId) {
    sqlx::query("UPDATE workers SET steady_since = now() - interval '1 hour' WHERE id = $1")
        .bind(worker)
        .execute(store.pool())
        .await
        .expect("steady");
}

/// Lets a worker's lease run out, as a crash would after a while.
pub async fn expire(store: &Store, worker: WorkerId) {
    sqlx::query("UPDATE workers SET lease_until = now() WHERE id = $1")
        .bind(worker)
        .execute(store.pool())
        .await
        .expect("expired");
}

/// Releases at most `posts` posts of a batch as one slice.
pub async fn release(store: &Store, batch: BatchId, posts: i64) -> Slice {
    let mut tx = store.pool().begin().await.expect("a transaction");
    let (posts, _) = dispatch::release_fresh(&mut tx, batch, posts).await.expect("released");
    tx.commit().await.expect("committed");
    Slice { batch, posts, due: false }
}

/// Releases those posts of a batch whose time has come, whatever the clock says.
pub async fn release_due(store: &Store, batch: BatchId) -> Slice {
    sqlx::query("UPDATE campaign_posts SET wake_at = now() WHERE batch_job_id = $1 AND wake_at IS NOT NULL")
        .bind(batch)
        .execute(store.pool())
        .await
        .expect("woken");
    let mut tx = store.pool().begin().await.expect("a transaction");
    let posts = dispatch::release_due(&mut tx, batch, 1_000).await.expect("released");
    tx.commit().await.expect("committed");
    Slice { batch, posts, due: true }
}

pub async fn rewind(store: &Store, batch: BatchId) {
    let mut tx = store.pool().begin().await.expect("a transaction");
    dispatch::rewind(&mut tx, batch).await.expect("rewound");
    tx.commit().await.expect("committed");
}

pub async fn take(store: &Store, worker: WorkerId, slice: &Slice) -> Vec<Claim> {
    claim(store.pool(), worker, slice).await.expect("claimed").0
}
