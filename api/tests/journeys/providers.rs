//! The providers: how they stand, what they cost and whom that is shown to; what their lists of models said; and all calls of
//! a batch, counted.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::domain::{BatchId, UserId};
use shared::gateway_state::{
    Catalog, CatalogModel, CatalogPool, CatalogProvider, ClosedEntry, Dimension, prefix, show,
};
use shared::notices::{self, Notices, Warning, WarningKind};
use sqlx::AssertSqlSafe;

use crate::app::TestApp;
use crate::crew::Crew;
use crate::member::Member;

/// What workers would have told: one provider with two keys, one of them put aside.
async fn told(app: &TestApp) {
    let (mut redis, namespace) = (app.ground.queue.redis(), app.ground.settings.redis.namespace.clone());
    let model = CatalogModel {
        steps: vec!["caption".to_owned()],
        name: "gpt-6-luna".to_owned(),
        meter: "gpt-6-luna".to_owned(),
        limits: BTreeMap::from([(Dimension::Requests, 600)]),
    };
    let provider = CatalogProvider {
        name: "openai".to_owned(),
        dialect: "openai".to_owned(),
        host: "api.openai.com".to_owned(),
        window_seconds: 60,
        pools: vec![CatalogPool { name: "shop".to_owned(), keys: vec!["K_1".to_owned(), "K_2".to_owned()] }],
        models: vec![model],
    };
    show(&mut redis, &namespace, &Catalog { providers: vec![provider] }).await.expect("shown");
    let now = chrono::Utc::now().timestamp_millis();
    let entry = ClosedEntry { until_ms: now + 60_000, class: "key_refused".to_owned(), since_ms: now };
    let mut pipe = redis::pipe();
    let entry = serde_json::to_string(&entry).expect("JSON");
    pipe.cmd("HSET").arg(format!("{}closed", prefix(&namespace))).arg("key/openai/K_2").arg(entry);
    pipe.cmd("HSET").arg(format!("{}pm:openai/shop/gpt-6-luna", prefix(&namespace)));
    pipe.arg("limit_requests").arg(500).arg("left_requests").arg(7);
    pipe.query_async::<()>(&mut redis).await.expect("written");
    let warning = Warning {
        kind: WarningKind::ShutdownAnnounced,
        provider: "openai".to_owned(),
        pool: None,
        key: None,
        model: Some("gpt-6-luna".to_owned()),
        date: "2027-01-14".parse().ok(),
        text: "openai: gpt-6-luna (caption) will be switched off on 2027-01-14".to_owned(),
    };
    let read = Notices { read_at: chrono::Utc::now(), configuration: 1, warnings: vec![warning] };
    notices::write(&mut redis, &namespace, &read).await.expect("written");
}

/// A call of a user with a key, made `ago` (an interval).
async fn called(app: &TestApp, user: UserId, key: &str, nanos: i64, ago: &str) {
    let statement = format!(
        "INSERT INTO attempts (work_id, step, ordinal, call_id, epoch, revision, user_id, batch_job_id, provider, pool,
                               key_label, model, state, reserved_nanos, cost_nanos, started_at)
         VALUES ($1, 'caption', 1, $1, 1, 1, $2, $1, 'openai', 'shop', $3, 'm',
                 CASE WHEN $4 = 0 THEN 'unknown' ELSE 'settled' END, 50, $4, now() - interval '{ago}')"
    );
    sqlx::query(AssertSqlSafe(statement.as_str()))
        .bind(uuid::Uuid::now_v7())
        .bind(user)
        .bind(key)
        .bind(nanos)
        .execute(app.app.store.pool())
        .await
        .expect("a call");
}

#[tokio::test]
async fn everyone_sees_how_providers_stand_and_only_an_administrator_what_all_of_it_costs() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let admin = Member::new(&app).await;
    sqlx::query("UPDATE users SET role = 'admin' WHERE id = $1")
        .bind(admin.user)
        .execute(app.app.store.pool())
        .await
        .expect("an administrator");
    told(&app).await;
    called(&app, member.user, "K_1", 7, "0").await;
    called(&app, member.user, "K_1", 0, "0").await;
    called(&app, member.user, "K_1", 1_000, "40 days").await;
    called(&app, other.user, "K_2", 20, "0").await;

    let seen = member.get("/api/v1/providers").await.expect(200).json();
    assert_eq!((&seen["state"], &seen["spending_of"]), (&json!("known"), &json!("own")));
    let pool = &seen["providers"][0]["pools"][0];
    let states: Vec<_> =
        pool["keys"].as_array().expect("keys").iter().map(|key| [&key["label"], &key["state"]]).collect();
    assert_eq!(json!(states), json!([["K_1", "ok"], ["K_2", "put_aside"]]));
    assert_eq!(pool["keys"][1]["aside"]["class"], "key_refused");
    let limit = &pool["models"][0]["limits"][0];
    assert_eq!(
        [&limit["of"], &limit["stated"], &limit["learnt"], &limit["limit"], &limit["remaining"]],
        [&json!("requests"), &json!(600), &json!(500), &json!(500), &json!(7)]
    );
    assert_eq!(seen["put_aside"][0]["name"], "key/openai/K_2");
    assert_eq!(seen["warnings"][0]["kind"], "shutdown_announced");
    let spent =
        |spending: &Value| json!([spending["calls_month"], spending["month_nanos"], spending["unconfirmed_nanos"]]);
    assert_eq!(spent(&seen["spending"]), json!([2, 7, 50]));
    assert_eq!(spent(&pool["keys"][0]["spending"]), json!([2, 7, 50]));
    assert_eq!(spent(&pool["keys"][1]["spending"]), json!([0, 0, 0]), "another's spending");

    let seen = admin.get("/api/v1/providers").await.expect(200).json();
    assert_eq!(seen["spending_of"], "installation");
    assert_eq!(spent(&seen["spending"]), json!([3, 27, 50]));
    app.get("/api/v1/providers").await.expect_problem(401, "unauthenticated");

    let health = app.get("/health").await.expect(200).json();
    assert_eq!(health["warnings"], json!(["openai: gpt-6-luna (caption) will be switched off on 2027-01-14"]));
}

#[tokio::test]
async fn without_redis_the_spending_is_told_and_the_rest_is_unknown() {
    let app = TestApp::start_with(|settings| settings.redis.url = "redis://127.0.0.1:1".into()).await;
    let member = Member::new(&app).await;
    called(&app, member.user, "K_1", 7, "0").await;
    let seen = member.get("/api/v1/providers").await.expect(200).json();
    assert_eq!((&seen["state"], &seen["providers"]), (&json!("unknown"), &json!([])));
    assert_eq!(seen["spending"]["month_nanos"], 7);
    assert_eq!(seen["spending_by_key"][0]["key"], "K_1");
    assert_eq!(app.get("/health").await.expect(200).json()["warnings"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_shows_what_was_met_and_survived() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let crew = Crew::start(&app).await;
    crew.provider.admin().fault(simulator::Fault::chat().status(500).times(3));
    crew.provider.admin().fault(simulator::Fault::chat().breaks_schema().times(2));
    let batch = member.batch(4).await;
    member.finished(&batch).await;
    let path = format!("/api/v1/batch-jobs/{batch}/attempts/summary");
    let seen = member.get(&path).await.expect(200).json();
    let verdicts = &seen["verdicts"];
    assert_eq!(verdicts["provider_unavailable"], 3, "{seen}");
    assert_eq!(verdicts["unusable_answer"], 2, "{seen}");
    let calls: i64 = verdicts.as_object().expect("counts").values().filter_map(Value::as_i64).sum();
    assert_eq!(seen["calls"], calls);
    assert_eq!(seen["cost_nanos"], crew.provider.bill().total_nanos);
    let of_models: i64 =
        seen["models"].as_array().expect("models").iter().filter_map(|model| model["cost_nanos"].as_i64()).sum();
    assert_eq!(seen["cost_nanos"], of_models);
    other.get(&path).await.expect_problem(404, "not_found");
    let attempts = format!("/api/v1/posts/{}/attempts", member.posts(&batch).await[0]["id"].as_str().expect("an id"));
    let calls = member.get(&attempts).await.expect(200).json();
    assert_ne!(calls["data"], json!([]));
    other.get(&attempts).await.expect_problem(404, "not_found");
    let empty = member.batch(1).await;
    let stranger = BatchId::new();
    member.get(&format!("/api/v1/batch-jobs/{empty}/attempts/summary")).await.expect(200);
    member.get(&format!("/api/v1/batch-jobs/{stranger}/attempts/summary")).await.expect_problem(404, "not_found");
    crew.finish(&app).await;
}
