//! The writer: groups, halves and never leaves a post behind.

use std::time::Duration;

use shared::domain::{AttemptState, Nanodollars, Outcome, PostId, Step, UserId};
use shared::store::advance::{
    Answer, Bill, Caption, CheckedCaption, Checkpoint, CostSource, Ending, Quote, Reason, Refusal,
};
use shared::store::claim::Claim;
use shared::testing::{Ground, batches};
use tokio::task::JoinHandle;
use worker::halted::Halted;
use worker::in_hand::InHand;
use worker::settle::{self, Ledger, Line, Writer};

fn quote() -> Quote {
    Quote {
        provider: "provider".into(),
        pool: "pool".into(),
        key_label: "key".into(),
        model: "model".into(),
        reserved: Nanodollars(9),
        price_version: "today".into(),
    }
}

fn bill() -> Bill {
    Bill {
        state: AttemptState::Settled,
        outcome: Outcome::Ok,
        verdict: None,
        cost: Nanodollars(5),
        cost_source: CostSource::Prices,
        usage: None,
        provider_request_id: None,
        duration: Duration::from_millis(1),
    }
}

fn caption() -> Checkpoint {
    Checkpoint::Caption(CheckedCaption::from(Caption {
        caption: "Fresh bread!".into(),
        hashtags: Vec::new(),
        image_prompt: "bread".into(),
        alt_text: "a loaf".into(),
    }))
}

/// A writer, its task, and `posts` claimed posts.
async fn crew(ground: &Ground, posts: i32) -> (Writer, JoinHandle<()>, Vec<Claim>) {
    let batch = batches::batch(&ground.store, UserId::new(), posts, None).await;
    let me = batches::worker(&ground.store).await;
    let slice = batches::release(&ground.store, batch, i64::from(posts)).await;
    let claims = batches::take(&ground.store, me, &slice).await;
    let (doorbell, _) = worker::doorbell::start(ground.queue.clone(), ground.settings.redis.namespace.clone());
    let (writer, run) = settle::start(ground.store.clone(), me, doorbell);
    (writer, tokio::spawn(run), claims)
}

/// A claimed post's line to the books.
fn line(claim: &Claim, writer: &Writer) -> Line {
    Line::new(claim, writer.clone(), Halted::default().hold(claim.batch), InHand::default().hold(claim))
}

async fn statuses(ground: &Ground) -> Vec<(String, i64)> {
    sqlx::query_as("SELECT status, count(*) FROM campaign_posts GROUP BY status ORDER BY status")
        .fetch_all(ground.store.pool())
        .await
        .expect("counts")
}

#[tokio::test]
async fn posts_that_speak_at_once_are_written_in_few_groups() {
    let ground = Ground::fresh().await;
    let (writer, running, claims) = crew(&ground, 100).await;
    let before: i64 =
        sqlx::query_scalar("SELECT version FROM batch_jobs").fetch_one(ground.store.pool()).await.expect("v");
    let posts = claims.iter().map(async |claim| {
        let mut line = line(claim, &writer);
        line.reserve(Step::Caption, quote()).await.expect("granted");
        line.settle(bill());
        line.checkpoint(caption());
        line.end(Ending::Completed).await
    });
    assert_eq!(futures::future::join_all(posts).await, vec![Answer::Done; 100]);
    assert_eq!(statuses(&ground).await, [("completed".to_owned(), 100)]);
    let after: i64 =
        sqlx::query_scalar("SELECT version FROM batch_jobs").fetch_one(ground.store.pool()).await.expect("v");
    assert!(after - before <= 10, "100 posts in {} groups", after - before);
    drop(writer);
    running.await.expect("the writer ends after the last item");
}

#[tokio::test]
async fn one_item_that_can_never_be_written_fails_alone() {
    let ground = Ground::fresh().await;
    let (writer, _running, claims) = crew(&ground, 9).await;
    let posts = claims.iter().enumerate().map(async |(n, claim)| {
        let mut line = line(claim, &writer);
        // Completed without a caption is against the schema.
        if n != 4 {
            line.checkpoint(caption());
        }
        line.end(Ending::Completed).await
    });
    assert_eq!(futures::future::join_all(posts).await, vec![Answer::Done; 9]);
    assert_eq!(statuses(&ground).await, [("completed".to_owned(), 8), ("failed".to_owned(), 1)]);
}

/// A caption that no column of text can hold.
fn unwritable() -> Checkpoint {
    let Checkpoint::Caption(caption) = caption() else { panic!("a caption") };
    Checkpoint::Caption(CheckedCaption::from(Caption { caption: "Fresh\0bread!".into(), ..caption.caption }))
}

/// The post's status and class, and the state and cost of its calls.
async fn trail(ground: &Ground) -> (String, String, Vec<(String, i64)>) {
    let (status, class) = sqlx::query_as("SELECT status, error_class FROM campaign_posts")
        .fetch_one(ground.store.pool())
        .await
        .expect("one post");
    let calls = sqlx::query_as("SELECT state, cost_nanos FROM attempts ORDER BY step, ordinal")
        .fetch_all(ground.store.pool())
        .await
        .expect("calls");
    (status, class, calls)
}

#[tokio::test]
async fn a_result_that_can_never_be_written_fails_its_post_and_is_still_paid() {
    let settled = ("settled".to_owned(), 5);
    for before_the_next_call in [false, true] {
        let ground = Ground::fresh().await;
        let (writer, _running, claims) = crew(&ground, 1).await;
        let mut line = line(&claims[0], &writer);
        line.reserve(Step::Caption, quote()).await.expect("granted");
        line.settle(bill());
        line.checkpoint(unwritable());
        if before_the_next_call {
            assert_eq!(line.reserve(Step::Image, quote()).await, Err(Refusal::Unwritten));
            let reason = Reason { class: "unwritable", message: "It cannot be stored.".into() };
            assert_eq!(line.end(Ending::Failed(reason)).await, Answer::Done);
        } else {
            assert_eq!(line.end(Ending::Completed).await, Answer::Done);
        }
        assert_eq!(trail(&ground).await, ("failed".into(), "unwritable".into(), vec![settled.clone()]));
    }
}

#[tokio::test]
async fn a_line_that_is_dropped_hands_its_post_back_and_says_that_its_call_is_unknown() {
    let ground = Ground::fresh().await;
    let (writer, running, claims) = crew(&ground, 1).await;
    let mut line = line(&claims[0], &writer);
    line.reserve(Step::Caption, quote()).await.expect("granted");
    drop(line);
    drop(writer);
    running.await.expect("the writer ends after the last item");
    assert_eq!(statuses(&ground).await, [("retrying".to_owned(), 1)]);
    let (post, state, verdict): (PostId, String, String) =
        sqlx::query_as("SELECT work_id, state, verdict FROM attempts")
            .fetch_one(ground.store.pool())
            .await
            .expect("one");
    assert_eq!((post, state.as_str(), verdict.as_str()), (claims[0].post, "unknown", "interrupted"));
}

#[tokio::test]
async fn a_group_is_written_once_the_database_is_back() {
    let ground = Ground::fresh().await;
    let (writer, _running, claims) = crew(&ground, 1).await;
    let mut line = line(&claims[0], &writer);
    line.checkpoint(caption());
    let name = &ground.settings.redis.namespace;
    let cut = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND usename = current_user AND pid <> pg_backend_pid()"
    );
    sqlx::query(sqlx::AssertSqlSafe(cut)).execute(ground.store.pool()).await.expect("every connection is cut");
    assert_eq!(line.end(Ending::Completed).await, Answer::Done);
}
