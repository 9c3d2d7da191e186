//! The economy lane's statements: what the lane may say for its posts, and what stays out of its way.

use std::time::Duration;

use shared::domain::{AttemptState, BatchId, LaneState, Nanodollars, ProviderBatchId, UserId, WorkerId};
use shared::queue::Track;
use shared::store::advance::{Answer, Ending, Item, LANE_EPOCH, Next, Refusal};
use shared::store::claim::Claim;
use shared::store::dispatch::open_batches;
use shared::store::economy::{self, Route, WaitingPost};
use shared::store::{Store, control, workers};
use shared::testing::Ground;

use crate::books::audit;
use crate::world::*;

/// A batch in its lane, and its posts as the lane finds them.
async fn lane(store: &Store, user: UserId, posts: i32, cap: Option<Nanodollars>) -> (BatchId, Vec<Claim>) {
    let batch = batch(store, user, posts, cap).await;
    sqlx::query(
        "UPDATE batch_jobs SET mode = 'economy', deadline = now() + interval '1 day', lane = 'waiting' WHERE id = $1",
    )
    .bind(batch)
    .execute(store.pool())
    .await
    .expect("a lane");
    let waiting = economy::waiting_posts(store.pool(), batch, 100).await.expect("posts");
    let of_the_lane = |post: &WaitingPost| {
        let mut claim = Claim::bare(post.post, batch, user);
        claim.epoch = LANE_EPOCH;
        claim
    };
    (batch, waiting.iter().map(of_the_lane).collect())
}

/// Takes a lane and begins a file.
async fn file(store: &Store, me: WorkerId, batch: BatchId) -> ProviderBatchId {
    economy::take(store.pool(), me, batch).await.expect("an answer").expect("the lane");
    economy::begin(store.pool(), me, batch).await.expect("begun");
    let route = Route { provider: "p".into(), pool: "p".into(), key_label: "k".into(), model: "m".into() };
    economy::insert(store.pool(), me, batch, &route).await.expect("an answer").expect("a file").id
}

fn book(file: ProviderBatchId, post: &Claim) -> Item {
    let Item { next: Next::Send(reservation), .. } = send(post, 1) else { panic!("a reservation") };
    item(post, Next::Book(file, reservation))
}

#[tokio::test]
async fn a_line_is_booked_and_settled_like_a_call_and_its_post_leaves_the_lane_with_its_caption() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let me = worker(store).await;
    let (batch, posts) = lane(store, UserId::new(), 3, None).await;
    assert!(release(store, batch, 10).await.posts.is_empty(), "what is the lane's is not dispatched");
    let file = file(store, me, batch).await;
    let items: Vec<Item> = posts.iter().map(|post| book(file, post)).collect();
    assert_eq!(write(store, me, &items).await, [Answer::Granted; 3]);
    // Again, as after a lost answer to the commit.
    assert_eq!(write(store, me, &items).await, [Answer::Granted; 3]);
    assert_eq!(audit(store, batch).await.held_nanos, 3 * BOUND.0);
    assert!(economy::waiting_posts(store.pool(), batch, 10).await.expect("posts").is_empty());
    assert_eq!(economy::lines(store.pool(), file).await.expect("lines").len(), 3);

    let made = captioned(settled(end(&posts[0], Ending::Ready), 1, AttemptState::Settled));
    let failed = settled(end(&posts[1], Ending::Failed(reason())), 1, AttemptState::Failed);
    let unanswered = settled(end(&posts[2], Ending::Ready), 1, AttemptState::Failed);
    let group = [made, failed, unanswered];
    assert_eq!(write(store, me, &group).await, [Answer::Done; 3]);
    assert_eq!(write(store, me, &group).await, [Answer::Done; 3]);
    let stand = audit(store, batch).await;
    assert_eq!((stand.failed_posts, stand.spent_nanos, stand.held_nanos), (1, PRICE.0, 0));

    let claims = take(store, me, &release_due(store, batch).await).await;
    let captions: Vec<bool> = claims.iter().map(|claim| claim.as_post().expect("a post").caption().is_some()).collect();
    assert_eq!((captions, claims[1].caption_ordinal), (vec![true, false], 1));
    audit(store, batch).await;
}

#[tokio::test]
async fn a_line_that_comes_late_is_paid_and_says_nothing() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let me = worker(store).await;
    let (batch, posts) = lane(store, UserId::new(), 2, None).await;
    let file = file(store, me, batch).await;
    write(store, me, &[book(file, &posts[0]), book(file, &posts[1])]).await;
    economy::close(store.pool(), me, batch).await.expect("closed");
    let claims = take(store, me, &release(store, batch, 10).await).await;
    assert_eq!(claims.len(), 2, "a closed lane's posts are dispatched");
    let late = captioned(settled(end(&posts[0], Ending::Ready), 1, AttemptState::Settled));
    assert_eq!(write(store, me, &[late]).await, [Answer::Refused(Refusal::Fenced)]);
    let stand = audit(store, batch).await;
    assert_eq!((stand.spent_nanos, stand.held_nanos), (PRICE.0, BOUND.0));
    let written: i64 = sqlx::query_scalar("SELECT count(*) FROM campaign_posts WHERE generated_caption IS NOT NULL")
        .fetch_one(store.pool())
        .await
        .expect("a count");
    assert_eq!(written, 0);
}

#[tokio::test]
async fn a_cap_grants_as_many_lines_as_fit() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let me = worker(store).await;
    let (batch, posts) = lane(store, UserId::new(), 3, Some(Nanodollars(2 * BOUND.0))).await;
    let file = file(store, me, batch).await;
    let items: Vec<Item> = posts.iter().map(|post| book(file, post)).collect();
    let answers = write(store, me, &items).await;
    assert_eq!(answers.iter().filter(|answer| **answer == Answer::Granted).count(), 2);
    let stand = audit(store, batch).await;
    assert_eq!((stand.status.as_str(), stand.held_nanos), ("processing", 2 * BOUND.0), "it waits for what is held");
}

#[tokio::test]
async fn a_lane_has_one_tender_until_its_lease_ends() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let (one, other) = (worker(store).await, worker(store).await);
    let (batch, _) = lane(store, UserId::new(), 1, None).await;
    let take = async |worker| economy::take(store.pool(), worker, batch).await.expect("an answer").is_some();
    assert!(take(one).await && take(one).await && !take(other).await);
    assert!(economy::fall_over(store.pool(), other, batch, "deadline").await.expect("an answer").is_none());
    workers::leave(store.pool(), one).await.expect("left");
    assert!(!take(one).await, "a dead worker tends nothing");
    assert!(take(other).await);
    assert!(economy::fall_over(store.pool(), other, batch, "deadline").await.expect("an answer").is_some());
    let lane = economy::take(store.pool(), other, batch).await.expect("an answer").expect("still its own");
    assert_eq!((lane.state, lane.pending), (LaneState::FallingOver, 1));
    assert!(lane.deadline - lane.now > chrono::TimeDelta::hours(23));
    assert_eq!(economy::open(store.pool()).await.expect("lanes"), [batch]);
    economy::close(store.pool(), other, batch).await.expect("closed").expect("it was open");
    assert!(economy::open(store.pool()).await.expect("lanes").is_empty());
    let unreleased = open_batches(store.pool(), Track::Posts).await.expect("batches")[0].unreleased;
    assert_eq!(unreleased, 1, "what is left is dispatched");
}

#[tokio::test]
async fn a_post_that_was_handed_back_does_not_wait_in_the_lane_again() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let me = worker(store).await;
    let user = UserId::new();
    let (batch, posts) = lane(store, user, 2, None).await;
    let file = file(store, me, batch).await;
    write(store, me, &[book(file, &posts[0])]).await;
    write(store, me, &[captioned(settled(end(&posts[0], Ending::Ready), 1, AttemptState::Settled))]).await;
    let claims = take(store, me, &release_due(store, batch).await).await;
    write(store, me, &[end(&claims[0], Ending::Release)]).await;
    assert!(release_due(store, batch).await.posts.is_empty());
    economy::release_strays(store.pool(), me, batch).await.expect("released").expect("one");
    assert_eq!(release_due(store, batch).await.posts, [posts[0].post]);
    audit(store, batch).await;

    // A cancel takes what waits in the lane with it; lines that are under way are settled afterwards.
    write(store, me, &[book(file, &posts[1])]).await;
    let mut tx = store.pool().begin().await.expect("a transaction");
    control::cancel(&mut tx, user, Track::Posts, batch).await.expect("cancelled");
    tx.commit().await.expect("committed");
    let mut paid = captioned(settled(end(&posts[1], Ending::Ready), 1, AttemptState::Settled));
    if let Some(settlement) = &mut paid.settle {
        settlement.bill.duration = Duration::from_hours(3);
    }
    write(store, me, &[paid]).await;
    let stand = audit(store, batch).await;
    assert_eq!((stand.status.as_str(), stand.spent_nanos, stand.held_nanos), ("cancelled", 2 * PRICE.0, 0));
}
