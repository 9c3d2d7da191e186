//! Batches to move, workers to move them, and short words for what they do.

use std::time::Duration;

use shared::domain::{AttemptState, BatchId, CallId, CampaignId, Nanodollars, Outcome, PostId, Step, UserId, WorkerId};
use shared::queue::Slice;
use shared::store::advance::{
    Answer, Bill, Caption, Checkpoint, CostSource, Ending, Item, Next, Quote, Reason, Reservation, Settlement, advance,
};
use shared::store::claim::{Claim, claim};
use shared::store::{Store, StoreError, dispatch, rescue, workers};
use shared::testing::Ground;

pub(crate) const PRICE: Nanodollars = Nanodollars(100);
pub(crate) const BOUND: Nanodollars = Nanodollars(250);

/// A batch of `posts` posts without images, as a submit leaves it.
pub(crate) async fn batch(ground: &Ground, user: UserId, posts: i32, cap: Option<Nanodollars>) -> BatchId {
    let (batch, campaign) = (BatchId::new(), CampaignId::new());
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
    .execute(ground.store.pool())
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
    .execute(ground.store.pool())
    .await
    .expect("posts");
    batch
}

/// A living worker.
pub(crate) async fn worker(store: &Store) -> WorkerId {
    let id = WorkerId::new();
    workers::enter(store.pool(), id, &format!("worker-{id}"), 8).await.expect("entered");
    id
}

/// Releases at most `posts` posts of a batch as one slice.
pub(crate) async fn release(store: &Store, batch: BatchId, posts: i64) -> Slice {
    let mut tx = store.pool().begin().await.expect("a transaction");
    let (posts, _) = dispatch::release_fresh(&mut tx, batch, posts).await.expect("released");
    tx.commit().await.expect("committed");
    Slice { batch, posts, due: false }
}

/// Releases those posts of a batch whose time has come, whatever the clock says.
pub(crate) async fn release_due(store: &Store, batch: BatchId) -> Slice {
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

pub(crate) async fn rewind(store: &Store, batch: BatchId) {
    let mut tx = store.pool().begin().await.expect("a transaction");
    dispatch::rewind(&mut tx, batch).await.expect("rewound");
    tx.commit().await.expect("committed");
}

pub(crate) async fn take(store: &Store, worker: WorkerId, slice: &Slice) -> Vec<Claim> {
    claim(store.pool(), worker, slice).await.expect("claimed").0
}

/// Ends a worker's lease without its knowledge, as a crash would after a while, and has its posts rescued.
pub(crate) async fn bury(store: &Store, worker: WorkerId) {
    workers::leave(store.pool(), worker).await.expect("expired");
    // A server that has just started waits for leases to be renewed before it believes that anybody is dead.
    while !rescue::rescue(store.pool(), 3).await.expect("rescued").workers.contains(&worker) {
        let gone: bool = sqlx::query_scalar("SELECT NOT EXISTS (SELECT FROM workers WHERE id = $1)")
            .bind(worker)
            .fetch_one(store.pool())
            .await
            .expect("an answer");
        if gone {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(crate) fn item(claim: &Claim, next: Next) -> Item {
    Item {
        post: claim.post,
        batch: claim.batch,
        user: claim.user,
        epoch: claim.epoch,
        settle: None,
        checkpoint: None,
        next,
    }
}

pub(crate) fn send(claim: &Claim, ordinal: i16) -> Item {
    let quote = Quote {
        provider: "provider".into(),
        pool: "pool".into(),
        key_label: "key".into(),
        model: "model".into(),
        reserved: BOUND,
        price_version: "today".into(),
    };
    let reservation =
        Reservation { call: CallId::new(), step: Step::Caption, ordinal, revision: claim.revision, quote };
    item(claim, Next::Send(reservation))
}

pub(crate) fn settled(mut item: Item, ordinal: i16, state: AttemptState) -> Item {
    let billed = state == AttemptState::Settled;
    let bill = Bill {
        state,
        outcome: if billed { Outcome::Ok } else { Outcome::Error },
        verdict: (!billed).then(|| "server_error".into()),
        cost: if billed { PRICE } else { Nanodollars::ZERO },
        cost_source: if billed { CostSource::Prices } else { CostSource::None },
        usage: None,
        provider_request_id: None,
        duration: Duration::from_millis(5),
    };
    item.settle = Some(Settlement { step: Step::Caption, ordinal, bill });
    item
}

pub(crate) fn captioned(mut item: Item) -> Item {
    item.checkpoint = Some(Checkpoint::Caption(Caption {
        caption: "Fresh bread!".into(),
        hashtags: vec!["#bread".into(), "#fresh".into()],
        image_prompt: "bread".into(),
        alt_text: "a loaf".into(),
    }));
    item
}

pub(crate) fn end(claim: &Claim, ending: Ending) -> Item {
    item(claim, Next::End(ending))
}

pub(crate) fn reason() -> Reason {
    Reason { class: "content_policy", message: "The provider refused this brief.".into() }
}

pub(crate) async fn write(store: &Store, worker: WorkerId, items: &[Item]) -> Vec<Answer> {
    try_write(store, worker, items).await.expect("written")
}

pub(crate) async fn try_write(store: &Store, worker: WorkerId, items: &[Item]) -> Result<Vec<Answer>, StoreError> {
    advance(store.pool(), worker, items).await.map(|advanced| advanced.answers)
}
