//! The worker program as a process of its own: what it makes, and what is left when it is killed, told to stop, or loses
//! Redis under its feet. In every case each post ends exactly once and the ledger equals the provider's bill.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use shared::domain::{BatchId, CallId, UserId};
use shared::store::workers;
use shared::testing::{Ground, batches};
use simulator::{Kind, Latency, Running, Simulator, SimulatorConfig};
use tokio::time::{Instant, sleep};

/// Servers, a simulator, and worker processes that end with the test.
pub(crate) struct Stage {
    pub(crate) ground: Ground,
    pub(crate) simulator: Running,
    pub(crate) workers: Vec<Child>,
    media: std::path::PathBuf,
}

impl Stage {
    pub(crate) async fn with_latency(latency: Duration) -> Self {
        let ground = Ground::fresh().await;
        let simulator = Simulator::start(SimulatorConfig::default()).expect("a simulator");
        for kind in [Kind::Chat, Kind::Image] {
            simulator.admin().set_latency(kind, Latency::constant(latency));
        }
        let media = std::env::temp_dir().join(&ground.settings.redis.namespace);
        Self { ground, simulator, workers: Vec::new(), media }
    }

    /// Starts a worker; answers its place among them.
    fn start(&mut self, slots: usize) -> usize {
        self.start_with(slots, &[])
    }

    /// The same with more of an environment.
    pub(crate) fn start_with(&mut self, slots: usize, more: &[(&str, &str)]) -> usize {
        let child = Command::new(env!("CARGO_BIN_EXE_broadside-worker"))
            .env("DATABASE_URL", self.ground.url())
            .env("BROADSIDE_REDIS__NAMESPACE", &self.ground.settings.redis.namespace)
            .env("BROADSIDE_STORAGE__PATH", &self.media)
            .env("OPENAI_API_KEY", "simulator")
            .env("OPENAI_BASE_URL", self.simulator.url())
            .env("WORKER_CONCURRENCY", slots.to_string())
            .env("LOG_LEVEL", "warn")
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .spawn()
            .expect("the worker starts");
        self.workers.push(child);
        self.workers.len() - 1
    }

    fn signal(&self, place: usize, name: &str) {
        let pid = self.workers[place].id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().expect("kill runs");
        assert!(sent.success());
    }

    pub(crate) async fn batch(&self, posts: i32, images: bool) -> BatchId {
        let batch = batches::batch(&self.ground.store, UserId::new(), posts, None).await;
        if images {
            sqlx::query("UPDATE campaign_posts SET image_size = '1024x1024', image_quality = 'low'")
                .execute(self.ground.store.pool())
                .await
                .expect("images are wanted");
        }
        batch
    }

    async fn completed(&self) -> i64 {
        self.count("SELECT coalesce(sum(completed_posts), 0)::bigint FROM batch_jobs").await
    }

    pub(crate) async fn count(&self, question: &'static str) -> i64 {
        sqlx::query_scalar(question).fetch_one(self.ground.store.pool()).await.expect("a count")
    }

    /// Waits until every batch is final, and says how long that took.
    pub(crate) async fn finished(&self) -> Duration {
        let began = Instant::now();
        loop {
            let open: i64 = sqlx::query_scalar("SELECT count(*) FROM batch_jobs WHERE finished_at IS NULL")
                .fetch_one(self.ground.store.pool())
                .await
                .expect("a count");
            if open == 0 {
                return began.elapsed();
            }
            assert!(began.elapsed() < Duration::from_secs(90), "{open} batches are not finished");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Holds the tables against each other and against the provider's bill; answers how many attempts are unknown.
    async fn audit(&self, posts: i64) -> i64 {
        assert_eq!(self.completed().await, posts, "every post was made");
        let (rows, once): (i64, i64) = sqlx::query_as(
            "SELECT count(*), count(*) FILTER (WHERE status = 'completed' AND generated_caption IS NOT NULL
                 AND (image_size IS NULL OR generated_image_url IS NOT NULL)) FROM campaign_posts",
        )
        .fetch_one(self.ground.store.pool())
        .await
        .expect("counts");
        assert_eq!((rows, once), (posts, posts));
        let attempts: Vec<(CallId, String, i64)> = sqlx::query_as("SELECT call_id, state, cost_nanos FROM attempts")
            .fetch_all(self.ground.store.pool())
            .await
            .expect("attempts");
        let bill = self.simulator.bill();
        for call in &bill.calls {
            let id = call.client_request_id.as_deref().expect("every call carries our id");
            let attempt =
                attempts.iter().find(|(call_id, ..)| call_id.to_string() == id).expect("every call has its row");
            assert!(attempt.1 == "unknown" || attempt.2 == call.cost_nanos, "{attempt:?} against {call:?}");
        }
        let unknown = attempts.iter().filter(|(_, state, _)| state == "unknown").count();
        let settled: i64 = attempts.iter().map(|(.., cost)| cost).sum();
        assert!(attempts.len() <= bill.calls.len() + unknown, "only an unknown call may not have been made");
        assert!(attempts.iter().all(|(_, state, _)| state != "sent"), "no call is left open");
        if unknown == 0 {
            assert_eq!(settled, bill.total_nanos, "the ledger is the bill, to the nano-dollar");
        }
        unknown as i64
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            drop(worker.kill());
            drop(worker.wait());
        }
        drop(std::fs::remove_dir_all(&self.media));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_make_a_batch_with_images_and_stop_when_told() {
    let mut stage = Stage::with_latency(Duration::ZERO).await;
    stage.batch(40, true).await;
    stage.start(8);
    stage.start(8);
    stage.finished().await;
    assert_eq!(stage.audit(40).await, 0);
    assert_eq!(stage.simulator.bill().calls.len(), 120, "one call a step (caption, moderation, image) and no more");
    let images = walk(&stage.media);
    assert_eq!(images.len(), 40);
    for place in 0..2 {
        stage.signal(place, "TERM");
        assert!(stage.workers[place].wait().expect("it ends").success());
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_told_to_stop_ends_its_calls_and_hands_the_rest_on() {
    let mut stage = Stage::with_latency(Duration::from_millis(300)).await;
    stage.batch(60, false).await;
    let first = stage.start(8);
    stage.simulator.admin().calls_reach(12).await;
    stage.signal(first, "TERM");
    assert!(stage.workers[first].wait().expect("it ends").success());
    assert!(stage.completed().await < 60);
    stage.start(8);
    stage.finished().await;
    assert_eq!(stage.audit(60).await, 0, "every call that was under way was paid and used");
    assert_eq!(stage.simulator.bill().calls.len(), 60, "nothing was bought twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_loses_at_most_the_calls_under_way() {
    let mut stage = Stage::with_latency(Duration::from_millis(300)).await;
    stage.batch(60, false).await;
    let victim = stage.start(8);
    stage.simulator.admin().calls_reach(12).await;
    stage.workers[victim].kill().expect("killed");
    let killed = Instant::now();
    stage.start(8);
    // The heir has finished everything else long before the victim's lease runs out.
    stage.finished().await;
    let recovery = killed.elapsed();
    assert!(recovery < Duration::from_secs(25), "recovered after {recovery:?}");
    let unknown = stage.audit(60).await;
    assert!(unknown <= 8, "{unknown} calls that nobody knows of");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_slept_past_its_lease_buys_and_writes_nothing_and_starts_anew() {
    let mut stage = Stage::with_latency(Duration::from_millis(300)).await;
    stage.batch(60, false).await;
    let sleeper = stage.start(8);
    stage.simulator.admin().calls_reach(12).await;
    stage.signal(sleeper, "STOP");
    stage.start(8);
    stage.finished().await;
    let calls = stage.simulator.bill().calls.len();
    let asleep: i64 = stage.count("SELECT count(*) FROM attempts WHERE state = 'unknown'").await;
    assert!(asleep > 0, "it slept in the middle of calls");
    stage.signal(sleeper, "CONT");
    // Its old life is over; a new one enters under another id.
    let began = Instant::now();
    while workers::living(stage.ground.store.pool()).await.expect("an answer").0 < 2 {
        assert!(began.elapsed() < Duration::from_secs(20), "it did not come back");
        sleep(Duration::from_millis(20)).await;
    }
    let unknown = stage.audit(60).await;
    assert_eq!(stage.simulator.bill().calls.len(), calls, "it bought nothing on waking");
    // The answers lay in its sockets while it slept. What they cost is known now, though its posts are others'.
    assert_eq!(unknown, 0, "of {asleep} calls that it slept through");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_forgets_everything_costs_no_post() {
    let mut stage = Stage::with_latency(Duration::from_millis(100)).await;
    stage.batch(120, false).await;
    stage.start(8);
    for calls in [10, 40, 80] {
        stage.simulator.admin().calls_reach(calls).await;
        // What a flush leaves of this namespace, apalis' registry of workers included.
        let mut redis = stage.ground.queue.redis();
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg(format!("{}*", stage.ground.settings.redis.namespace))
            .query_async(&mut redis)
            .await
            .expect("keys");
        redis::cmd("DEL").arg(keys).query_async::<()>(&mut redis).await.expect("flushed");
    }
    stage.finished().await;
    assert_eq!(stage.audit(120).await, 0);
    assert_eq!(stage.simulator.bill().calls.len(), 120, "nothing was bought twice");
}
