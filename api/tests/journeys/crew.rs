//! Workers and their provider for journeys that go the whole way: the production worker in process, and the provider
//! simulator on a real socket.

use std::sync::{Arc, Weak};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use shared::config::{Names, Settings};
use simulator::{Running, Simulator, SimulatorConfig};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::halted::Halted;
use worker::{End, Life, Worker};

use crate::app::{Answer, TestApp};
use crate::member::Member;

/// One worker and the provider that it calls.
pub(crate) struct Crew {
    pub(crate) provider: Running,
    /// What the worker knows of cancelled batches.
    pub(crate) halted: Halted,
    /// The worker, as long as it lives.
    pub(crate) worker: Weak<Worker>,
    stop: CancellationToken,
    working: JoinHandle<End>,
}

impl Crew {
    pub(crate) async fn start(app: &TestApp) -> Self {
        Self::start_with(app, |_| {}).await
    }

    /// Starts with the worker's settings changed.
    pub(crate) async fn start_with(app: &TestApp, change: impl FnOnce(&mut Settings)) -> Self {
        let provider = Simulator::start(SimulatorConfig::default()).expect("a simulator");
        let mut settings = app.app.settings.clone();
        settings.worker.concurrency = 8;
        change(&mut settings);
        let names = Names::from([("OPENAI_API_KEY", "sk-journeys"), ("OPENAI_BASE_URL", &provider.url())]);
        let life = Life::begin(&settings, &names, &settings.redis.namespace).await.expect("a worker");
        let (halted, worker) = (life.worker.halted.clone(), Arc::downgrade(&life.worker));
        let stop = CancellationToken::new();
        let working = tokio::spawn(life.run(stop.clone()));
        Self { provider, halted, worker, stop, working }
    }

    /// Lets the worker finish what it has and stops it; asserts that no post is left in its hands and that the ledger equals
    /// the provider's bill.
    pub(crate) async fn finish(self, app: &TestApp) {
        self.stop.cancel();
        assert_eq!(self.working.await.expect("it ends well"), End::Drained);
        let (held, open, cost): (i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM campaign_posts WHERE status = 'processing'),
                    (SELECT count(*) FROM attempts WHERE state = 'sent'),
                    (SELECT coalesce(sum(cost_nanos), 0)::bigint FROM attempts)",
        )
        .fetch_one(app.app.store.pool())
        .await
        .expect("counts");
        assert_eq!((held, open), (0, 0), "nothing is left in hand");
        assert_eq!(cost, self.provider.bill().total_nanos, "the ledger is the bill");
    }
}

impl Member<'_> {
    /// The batch once it is final.
    pub(crate) async fn finished(&self, batch: &str) -> Value {
        self.until(batch, |view| !view["finished_at"].is_null()).await
    }

    /// The batch once `reached` says so; each look waits for a change.
    pub(crate) async fn until(&self, batch: &str, reached: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/api/v1/batch-jobs/{batch}");
        let mut tag = String::new();
        let look = async {
            loop {
                let request =
                    self.request(Method::GET, &path).header("Prefer", "wait=20").header("If-None-Match", &tag);
                let answer = Answer::of(request).await;
                if answer.status == 304 {
                    continue;
                }
                answer.header("etag").clone_into(&mut tag);
                let view = answer.expect(200).json();
                if reached(&view) {
                    return view;
                }
            }
        };
        tokio::time::timeout(Duration::from_mins(1), look).await.expect("in time")
    }

    /// The posts of a batch, in their order.
    pub(crate) async fn posts(&self, batch: &str) -> Vec<Value> {
        let page = self.get(&format!("/api/v1/batch-jobs/{batch}/posts?limit=200")).await.expect(200).json();
        page["data"].as_array().cloned().expect("a list")
    }
}
