//! The economy lane, end to end: worker processes, and a provider whose batches end, fail, stall and lose their answers.
//! Whatever happens every post ends, no caption is bought twice, and the ledger equals the bill.

use std::time::Duration;

use serde_json::Value;
use shared::domain::{BatchId, UserId};
use shared::queue::Track;
use shared::store::control;
use simulator::{Fault, Kind, Latency};
use sqlx::FromRow;
use tokio::time::{Instant, sleep};

use crate::program::Stage;

/// Looked after every second, and falling over two seconds before its deadline.
const QUICK: [(&str, &str); 2] = [("BROADSIDE_ECONOMY__POLL_SECONDS", "1"), ("BROADSIDE_ECONOMY__MARGIN_SECONDS", "2")];

/// How a batch stands.
#[derive(Debug, FromRow)]
struct Stand {
    status: String,
    lane: String,
    lane_reason: Option<String>,
    completed_posts: i32,
    failed_posts: i32,
    spent_nanos: i64,
    held_nanos: i64,
    user_id: UserId,
}

impl Stage {
    async fn economy() -> Self {
        Self::with_latency(Duration::ZERO).await
    }

    /// A batch in the lane, without images.
    async fn economy_batch(&self, posts: i32, deadline: Duration) -> BatchId {
        let batch = self.batch(posts, false).await;
        sqlx::query(
            "UPDATE batch_jobs SET mode = 'economy', lane = 'waiting', deadline = now() + make_interval(secs => $2)
             WHERE id = $1",
        )
        .bind(batch)
        .bind(deadline.as_secs_f64())
        .execute(self.ground.store.pool())
        .await
        .expect("a lane");
        batch
    }

    async fn stand(&self, batch: BatchId) -> Stand {
        sqlx::query_as(
            "SELECT status, lane, lane_reason, completed_posts, failed_posts, spent_nanos, held_nanos, user_id
             FROM batch_jobs WHERE id = $1",
        )
        .bind(batch)
        .fetch_one(self.ground.store.pool())
        .await
        .expect("the batch")
    }

    /// Waits until a count is as it should be.
    async fn until(&self, what: &'static str, right: impl Fn(i64) -> bool) {
        let began = Instant::now();
        while !right(self.count(what).await) {
            assert!(began.elapsed() < Duration::from_mins(1), "it never came to that: {what}");
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until every file has ended.
    async fn files_end(&self) {
        self.until("SELECT count(*) FROM provider_batches WHERE state <> 'ended'", |files| files == 0).await;
    }

    /// Batches that there are at the provider.
    async fn batches_at_provider(&self) -> Vec<Value> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder().build().expect("a client");
        let url = format!("{}/batches?limit=100", self.simulator.url());
        let answer = http.get(url).bearer_auth("simulator").send().await.expect("an answer");
        let list: Value = serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
        list["data"].as_array().expect("a list").clone()
    }

    /// Calls on the bill that were lines of batches, and those that were live.
    fn lines_and_calls(&self) -> (usize, usize) {
        let calls = self.simulator.bill().calls;
        let lines = calls.iter().filter(|call| call.batch_id.is_some()).count();
        (lines, calls.len() - lines)
    }

    /// Every post is done, the ledger is the bill, and nothing is left held or open.
    async fn agrees(&self, batch: BatchId) -> Stand {
        let stand = self.stand(batch).await;
        let bill = self.simulator.bill();
        assert_eq!(stand.spent_nanos, bill.total_nanos, "the ledger is the bill, to the nano-dollar");
        assert_eq!(stand.held_nanos, 0, "nothing is held for nothing");
        let (open, strangers): (i64, i64) = sqlx::query_as(
            "SELECT count(*) FILTER (WHERE state IN ('reserved', 'sent', 'unknown')),
                    count(*) FILTER (WHERE state = 'settled' AND NOT call_id::text = ANY ($1)) FROM attempts",
        )
        .bind(bill.calls.iter().filter_map(|call| call.client_request_id.clone()).collect::<Vec<_>>())
        .fetch_one(self.ground.store.pool())
        .await
        .expect("counts");
        assert_eq!((open, strangers), (0, 0), "every call is settled, and on the bill");
        let twice = self
            .count(
                "SELECT count(*) FROM (SELECT work_id FROM attempts WHERE step = 'caption' AND outcome = 'ok'
                     GROUP BY work_id HAVING count(*) > 1) t",
            )
            .await;
        assert_eq!(twice, 0, "no caption was bought twice");
        stand
    }
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn captions_come_through_the_batch_api_and_are_checked_and_painted_by_live_calls() {
    let mut stage = Stage::economy().await;
    let batch = stage.economy_batch(40, HOUR).await;
    sqlx::query("UPDATE campaign_posts SET image_size = '1024x1024', image_quality = 'low'")
        .execute(stage.ground.store.pool())
        .await
        .expect("images are wanted");
    stage.start_with(8, &QUICK);
    stage.start_with(8, &[QUICK[0], QUICK[1], ("BROADSIDE_ECONOMY__MAX_LINES", "15")]);
    stage.finished().await;
    stage.until("SELECT count(*) FROM batch_jobs WHERE lane = 'done'", |done| done == 1).await;
    let stand = stage.agrees(batch).await;
    assert_eq!((stand.completed_posts, stand.lane_reason), (40, None));
    let bill = stage.simulator.bill().calls;
    assert!(bill.iter().all(|call| call.batch_id.is_some() == (call.kind == Kind::Chat)), "every caption was a line");
    assert_eq!(stage.lines_and_calls(), (40, 80), "then each was moderated and painted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tender_that_dies_while_it_uploads_leaves_nothing_to_buy_twice() {
    let mut stage = Stage::economy().await;
    let batch = stage.economy_batch(20, HOUR).await;
    // The file is there, the answer never comes.
    stage.simulator.admin().fault(Fault::file().contains("POST /v1/files").hang().times(1));
    let victim = stage.start_with(8, &QUICK);
    stage.until("SELECT count(*) FROM attempts WHERE state = 'reserved'", |booked| booked == 20).await;
    while !stage.simulator.admin().waiting_faults().is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    stage.workers[victim].kill().expect("killed");
    stage.start_with(8, &QUICK);
    stage.finished().await;
    assert_eq!(stage.agrees(batch).await.completed_posts, 20);
    assert_eq!((stage.batches_at_provider().await.len(), stage.lines_and_calls()), (1, (20, 0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_whose_order_was_never_answered_is_found_again_and_not_ordered_twice() {
    let mut stage = Stage::economy().await;
    let batch = stage.economy_batch(20, HOUR).await;
    stage.simulator.admin().fault(Fault::batch().hang().times(1));
    let victim = stage.start_with(8, &QUICK);
    stage.simulator.admin().calls_reach(20).await;
    stage.workers[victim].kill().expect("killed");
    assert_eq!(stage.count("SELECT count(*) FROM provider_batches WHERE state = 'creating'").await, 1);
    stage.start_with(8, &QUICK);
    stage.finished().await;
    assert_eq!(stage.agrees(batch).await.completed_posts, 20);
    assert_eq!((stage.batches_at_provider().await.len(), stage.lines_and_calls()), (1, (20, 0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tender_that_dies_while_it_settles_is_followed_by_one_that_settles_the_rest() {
    let mut stage = Stage::economy().await;
    let batch = stage.economy_batch(1_100, HOUR).await;
    // Each line takes its time, so that a group is written long before the last.
    for statement in [
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.003); RETURN new; END $$",
        "CREATE TRIGGER dawdle BEFORE UPDATE ON attempts FOR EACH ROW WHEN (new.state = 'settled') EXECUTE FUNCTION dawdle()",
    ] {
        sqlx::query(statement).execute(stage.ground.store.pool()).await.expect("slower");
    }
    let victim = stage.start_with(8, &QUICK);
    stage.until("SELECT count(*) FROM attempts WHERE state = 'settled'", |settled| settled > 0).await;
    stage.workers[victim].kill().expect("killed");
    let settled = stage.count("SELECT count(*) FROM attempts WHERE state = 'settled'").await;
    assert!(settled < 1_100, "it died in the middle: {settled}");
    sqlx::query("DROP TRIGGER dawdle ON attempts")
        .execute(stage.ground.store.pool())
        .await
        .expect("as quick as before");
    stage.start_with(8, &QUICK);
    stage.finished().await;
    assert_eq!(stage.agrees(batch).await.completed_posts, 1_100);
    assert_eq!((stage.batches_at_provider().await.len(), stage.lines_and_calls()), (1, (1_100, 0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_when_the_deadline_comes_near_is_made_by_live_calls() {
    let mut stage = Stage::economy().await;
    let batch = stage.economy_batch(30, Duration::from_secs(12)).await;
    stage.simulator.admin().fault(Fault::batch().batch_stalls_after(10).times(1));
    stage.start_with(8, &QUICK);
    stage.finished().await;
    let stand = stage.agrees(batch).await;
    assert_eq!((stand.completed_posts, stand.lane.as_str()), (30, "done"));
    assert_eq!(stand.lane_reason.as_deref(), Some("deadline"));
    assert_eq!(stage.lines_and_calls(), (10, 20), "what was made is kept, the rest is bought once");
    assert_eq!(stage.batches_at_provider().await[0]["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_expires_or_fails_at_the_provider_goes_on_by_live_calls() {
    let mut stage = Stage::economy().await;
    stage.simulator.admin().fault(Fault::batch().batch_expires_after(12).times(1));
    let batch = stage.economy_batch(30, HOUR).await;
    stage.start_with(8, &QUICK);
    stage.finished().await;
    let stand = stage.agrees(batch).await;
    assert_eq!((stand.completed_posts, stand.lane_reason.as_deref()), (30, Some("provider_expired")));
    assert_eq!(stage.lines_and_calls(), (12, 18));

    let mut stage = Stage::economy().await;
    stage.simulator.admin().fault(Fault::batch().batch_fails().code("token_limit_exceeded").times(1));
    let batch = stage.economy_batch(10, HOUR).await;
    stage.start_with(8, &QUICK);
    stage.finished().await;
    let stand = stage.agrees(batch).await;
    assert_eq!((stand.completed_posts, stand.lane_reason.as_deref()), (10, Some("provider_failed")));
    assert_eq!(stage.lines_and_calls(), (0, 10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_refused_sends_the_lane_to_live_calls() {
    let mut stage = Stage::economy().await;
    stage
        .simulator
        .admin()
        .fault(Fault::file().contains("POST /v1/files").status(403).code("permission_denied").times(1));
    let batch = stage.economy_batch(5, HOUR).await;
    // The other provider has no Batch API.
    let url = stage.simulator.url();
    stage.start_with(8, &[QUICK[0], QUICK[1], ("OPENROUTER_API_KEY", "other"), ("OPENROUTER_BASE_URL", &url)]);
    stage.finished().await;
    let stand = stage.agrees(batch).await;
    assert_eq!((stand.completed_posts, stand.lane_reason.as_deref()), (5, Some("key_refused")));
    assert_eq!(stage.lines_and_calls(), (0, 5));
    assert!(stage.simulator.bill().calls.iter().all(|call| call.model.contains('/')), "the refused key is left alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_fail_as_calls_do() {
    let mut stage = Stage::economy().await;
    stage.simulator.admin().faults([
        Fault::chat().status(400).code("content_policy_violation").times(1),
        Fault::chat().status(500).times(1),
        Fault::chat().breaks_schema().times(1),
    ]);
    let batch = stage.economy_batch(10, HOUR).await;
    stage.start_with(8, &QUICK);
    stage.finished().await;
    let stand = stage.agrees(batch).await;
    assert_eq!((stand.completed_posts, stand.failed_posts), (9, 1));
    assert_eq!(stage.lines_and_calls(), (10, 2), "the refused post is not tried again, the other two are");
    let class = "SELECT count(*) FROM campaign_posts WHERE error_class = 'content_policy' AND status = 'failed'";
    assert_eq!(stage.count(class).await, 1);
    let rejected = "SELECT count(*) FROM attempts WHERE outcome = 'rejected' AND state = 'settled' AND cost_nanos > 0";
    assert_eq!(stage.count(rejected).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_batch_is_cancelled_at_the_provider_and_what_was_made_is_paid() {
    let mut stage = Stage::economy().await;
    let batch = stage.economy_batch(20, HOUR).await;
    stage.simulator.admin().fault(Fault::batch().batch_stalls_after(7).times(1));
    stage.start_with(8, &QUICK);
    stage.simulator.admin().calls_reach(7).await;
    let user = stage.stand(batch).await.user_id;
    let mut tx = stage.ground.store.pool().begin().await.expect("a transaction");
    control::cancel(&mut tx, user, Track::Posts, batch).await.expect("cancelled");
    tx.commit().await.expect("committed");
    stage.finished().await;
    stage.files_end().await;
    let stand = stage.agrees(batch).await;
    assert_eq!((stand.status.as_str(), stand.completed_posts), ("cancelled", 0));
    assert_eq!(stage.lines_and_calls(), (7, 0));
    assert_eq!(stage.batches_at_provider().await[0]["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cap_holds_for_the_lane_as_for_every_call() {
    let mut stage = Stage::economy().await;
    let batch = stage.economy_batch(30, HOUR).await;
    // Room for some lines at what they may cost at most, and for all at what they do cost.
    sqlx::query("UPDATE batch_jobs SET cap_nanos = 6000000").execute(stage.ground.store.pool()).await.expect("a cap");
    stage.start_with(8, &QUICK);
    stage.finished().await;
    let stand = stage.agrees(batch).await;
    assert_eq!(stand.completed_posts, 30);
    assert!(stand.spent_nanos <= 6_000_000);
    let files = stage.batches_at_provider().await.len();
    assert!(files > 1, "{files} files");

    let mut stage = Stage::economy().await;
    let batch = stage.economy_batch(5, HOUR).await;
    sqlx::query("UPDATE batch_jobs SET cap_nanos = 1000").execute(stage.ground.store.pool()).await.expect("a cap");
    stage.start_with(8, &QUICK);
    stage.until("SELECT count(*) FROM batch_jobs WHERE pause_reason = 'budget'", |paused| paused == 1).await;
    assert_eq!(stage.agrees(batch).await.lane, "at_provider");
    assert!(stage.simulator.bill().calls.is_empty() && stage.batches_at_provider().await.is_empty());
    assert_eq!(stage.count("SELECT count(*) FROM provider_batches").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_does_not_let_go_is_given_up_and_what_it_still_says_is_settled() {
    let mut stage = Stage::economy().await;
    let batch = stage.economy_batch(20, Duration::from_secs(12)).await;
    stage.simulator.admin().fault(Fault::batch().batch_stalls_after(8).times(1));
    stage.simulator.admin().fault(Fault::file().contains("/cancel").status(500));
    stage.start_with(8, &QUICK);
    stage.finished().await;
    let stand = stage.stand(batch).await;
    assert_eq!((stand.completed_posts, stand.lane_reason.as_deref()), (20, Some("deadline")));
    assert_eq!(
        stage.count("SELECT count(*) FROM attempts WHERE state = 'unknown'").await,
        20,
        "nobody knows their cost"
    );
    assert!(stand.held_nanos > 0 && stand.spent_nanos < stage.simulator.bill().total_nanos);
    stage.simulator.admin().clear_faults();
    stage.files_end().await;
    let bill = stage.simulator.bill().total_nanos;
    let stand = stage.stand(batch).await;
    assert_eq!((stand.spent_nanos, stand.held_nanos), (bill, 0), "in the end all of it is known");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_batch_hands_nothing_in_and_goes_on_where_it_was() {
    let mut stage = Stage::economy().await;
    stage.simulator.admin().set_latency(Kind::Batch, Latency::constant(Duration::from_millis(100)));
    let batch = stage.economy_batch(10, HOUR).await;
    let user = stage.stand(batch).await.user_id;
    let mut tx = stage.ground.store.pool().begin().await.expect("a transaction");
    control::pause(&mut tx, user, batch).await.expect("paused");
    tx.commit().await.expect("committed");
    stage.start_with(8, &QUICK);
    stage.until("SELECT count(*) FROM batch_jobs WHERE lane_tender IS NOT NULL", |tended| tended == 1).await;
    sleep(Duration::from_millis(2_500)).await;
    assert!(stage.batches_at_provider().await.is_empty());
    let mut tx = stage.ground.store.pool().begin().await.expect("a transaction");
    control::resume(&mut tx, user, batch).await.expect("resumed");
    tx.commit().await.expect("committed");
    stage.finished().await;
    assert_eq!(stage.agrees(batch).await.completed_posts, 10);
    assert_eq!(stage.lines_and_calls(), (10, 0));
}
