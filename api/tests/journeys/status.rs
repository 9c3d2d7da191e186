//! Following batches by polling, and reading their posts.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::{BatchId, PostId};
use sqlx::AssertSqlSafe;

use crate::app::{Answer, TestApp};
use crate::member::{Member, batch_of};

/// Changes the row of every batch, as a worker would.
pub(crate) async fn change(app: &TestApp, set: &str) {
    sqlx::query(AssertSqlSafe(format!("UPDATE batch_jobs SET version = version + 1, updated_at = now(), {set}")))
        .execute(app.app.store.pool())
        .await
        .expect("changed");
}

/// A living worker, so that no batch is unattended.
pub(crate) async fn worker(app: &TestApp) {
    sqlx::query("INSERT INTO workers (id, name, slots, lease_until) VALUES ($1, 'w', 1, now() + interval '1 hour')")
        .bind(uuid::Uuid::now_v7())
        .execute(app.app.store.pool())
        .await
        .expect("a worker");
}

#[tokio::test]
async fn the_counts_always_sum_and_the_rest_follows_from_the_row() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    worker(&app).await;
    let id = member.batch(40).await;
    change(
        &app,
        "status = 'processing', started_at = now() - interval '10 seconds', processing = 4, retrying = 1, completed_posts = 9,
         failed_posts = 1, spent_nanos = 12300000, held_nanos = 5, errors = '{\"content_policy\": 1}', error_log = 'one failed'",
    )
    .await;
    let batch = member.get(&format!("/api/v1/batch-jobs/{id}")).await.expect(200).json();
    let counts = batch["counts"].as_object().expect("counts");
    assert_eq!(counts.values().map(|count| count.as_i64().expect("a number")).sum::<i64>(), 40);
    assert_eq!((&counts["queued"], &counts["pending"], &counts["processing"]), (&json!(17), &json!(8), &json!(4)));
    assert_eq!(
        (&batch["progress"], &batch["cost_nanos"], &batch["cost_usd"]),
        (&json!(25.0), &json!(12_300_000), &json!(0.0123))
    );
    assert_eq!((&batch["errors"], &batch["error_log"]), (&json!({"content_policy": 1}), &json!("one failed")));
    let eta = batch["eta_seconds"].as_u64().expect("an estimate");
    assert!((29..=35).contains(&eta), "{eta}");
    assert!(batch.get("notice").is_none());
    change(
        &app,
        "processing = 0, retrying = 0, completed_posts = 39, released = 40, status = 'completed', finished_at = now()",
    )
    .await;
    tokio::time::sleep(Duration::from_millis(120)).await;
    let batch = member.get(&format!("/api/v1/batch-jobs/{id}/status/")).await.expect(200).json();
    assert_eq!(
        (&batch["outcome"], &batch["progress"], &batch["eta_seconds"]),
        (&json!("partial"), &json!(100.0), &Value::Null)
    );
}

#[tokio::test]
async fn an_unchanged_batch_is_304_and_a_changed_one_is_not() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let path = format!("/api/v1/batch-jobs/{}", member.batch(2).await);
    let poll = |tag: &str| Answer::of(member.request(Method::GET, &path).header("if-none-match", tag));
    let tag = member.get(&path).await.expect(200).header("etag").to_owned();
    let same = poll(&tag).await.expect(304);
    assert_eq!((same.header("etag"), same.text.as_str()), (tag.as_str(), ""));
    worker(&app).await;
    tokio::time::sleep(Duration::from_millis(120)).await;
    let attended = poll(&tag).await.expect(200);
    assert_ne!(attended.header("etag"), tag, "workers came");
    let tag = attended.header("etag").to_owned();
    change(&app, "status = 'processing'").await;
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert_eq!(poll(&tag).await.expect(200).json()["status"], "processing");
}

#[tokio::test]
async fn a_poll_that_waits_is_held_until_the_batch_changes_or_ends_or_the_time_is_up() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    worker(&app).await;
    let path = format!("/api/v1/batch-jobs/{}", member.batch(2).await);
    let tag = member.get(&path).await.expect(200).header("etag").to_owned();
    let wait = |seconds: u32| member.request(Method::GET, &path).header("prefer", format!("wait={seconds}"));

    let started = Instant::now();
    let answer = Answer::of(wait(1).header("if-none-match", &tag)).await.expect(304);
    assert_eq!(answer.header("preference-applied"), "wait=1");
    assert!((900..3_000).contains(&started.elapsed().as_millis()));

    let started = Instant::now();
    let held = Answer::of(wait(30).header("if-none-match", &tag));
    let (answer, ()) = tokio::join!(held, change(&app, "status = 'processing', started_at = now()"));
    assert_eq!(answer.expect(200).json()["status"], "processing");
    assert!(started.elapsed() < Duration::from_secs(5));

    let started = Instant::now();
    let end = async {
        change(&app, "completed_posts = 1").await;
        change(&app, "completed_posts = 2, status = 'completed', finished_at = now()").await;
    };
    let (answer, ()) = tokio::join!(Answer::of(wait(30)), end);
    assert_eq!(answer.expect(200).json()["status"], "completed");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_poll_that_waits_is_answered_when_the_process_stops() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let path = format!("/api/v1/batch-jobs/{}", member.batch(2).await);
    let held = Answer::of(member.request(Method::GET, &path).header("prefer", "wait=60"));
    let held = tokio::spawn(held);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = Instant::now();
    app.app.stopping.cancel();
    held.await.expect("answered").expect(200);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_pollers_cost_few_queries() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let id: BatchId = member.batch(2).await.parse().expect("an id");
    let before = lookups(&app).await;
    let started = Instant::now();
    let mut polls = 0;
    while started.elapsed() < Duration::from_secs(3) {
        for _ in 0..50 {
            app.app.board.read(member.user, id).await.expect("read").expect("there");
            polls += 1;
        }
        tokio::task::yield_now().await;
    }
    let reads = lookups(&app).await - before;
    assert!(polls > 1_000, "{polls} polls");
    let most = (started.elapsed().as_secs_f64() * 10.0) as i64 + 3;
    assert!((5..=most).contains(&reads), "{reads} readings for {polls} polls");
}

/// How often a batch was looked up so far, as far as the server has counted.
async fn lookups(app: &TestApp) -> i64 {
    sqlx::query("SELECT pg_stat_force_next_flush()").execute(app.app.store.pool()).await.expect("flushed");
    sqlx::query_scalar("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'batch_jobs_pkey'")
        .fetch_one(app.app.store.pool())
        .await
        .expect("a count")
}

#[tokio::test]
async fn nobody_sees_anothers_batch_or_posts() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let batch = member.batch(2).await;
    let post: PostId = sqlx::query_scalar("SELECT id FROM campaign_posts LIMIT 1")
        .fetch_one(app.app.store.pool())
        .await
        .expect("a post");
    for path in [
        format!("/api/v1/batch-jobs/{batch}"),
        format!("/api/v1/batch-jobs/{batch}/status"),
        format!("/api/v1/batch-jobs/{batch}/posts"),
        format!("/api/v1/batch-jobs/{batch}/events"),
        format!("/api/v1/posts/{post}"),
        format!("/api/v1/posts/{post}/attempts"),
        format!("/api/v1/campaigns/{}/batches", member.campaign),
    ] {
        member.request(Method::GET, &path).send().await.expect("an answer").error_for_status().expect("the owner may");
        other.get(&path).await.expect_problem(404, "not_found");
    }
    for command in ["cancel", "pause", "resume", "retry"] {
        let path = format!("/api/v1/batch-jobs/{batch}/{command}");
        other.post(&path, &json!({})).await.expect_problem(404, "not_found");
    }
    other.get("/api/v1/batch-jobs/no-id").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_history_is_paged_newest_first_and_outlives_its_campaign() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(member.batch(1).await);
    }
    ids.reverse();
    sqlx::query("UPDATE campaigns SET deleted_at = now()").execute(app.app.store.pool()).await.expect("deleted");
    let path = format!("/api/v1/campaigns/{}/batches?limit=2", member.campaign);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = member.get(&format!("{path}{cursor}")).await.expect(200).json();
        seen.extend(
            page["data"].as_array().expect("rows").iter().map(|row| row["id"].as_str().expect("an id").to_owned()),
        );
        let Some(next) = page["next_cursor"].as_str() else {
            assert_eq!(page["has_more"], false);
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, ids);
    assert_eq!(member.get(&format!("/api/v1/campaigns/{}/batches", uuid::Uuid::now_v7())).await.status, 404);
}

#[tokio::test]
async fn posts_are_filtered_by_how_they_stand_and_shown_with_a_link() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let batch = member.batch(40).await;
    let key = "posts/0/image-1.png";
    sqlx::query(
        "UPDATE campaign_posts SET status = 'completed', finalized_at = now(), generated_caption = 'Fresh!',
                hashtags = '{bread}', generated_image_url = $1, cost_nanos = 5
         WHERE position IN (3, 7)",
    )
    .bind(key)
    .execute(app.app.store.pool())
    .await
    .expect("changed");
    change(&app, "status = 'processing', completed_posts = 2").await;
    let positions = async |query: &str| {
        let page = member.get(&format!("/api/v1/batch-jobs/{batch}/posts?limit=200&{query}")).await.expect(200).json();
        let rows = page["data"].as_array().expect("rows").clone();
        (rows.iter().map(|row| row["position"].as_i64().expect("a position")).collect::<Vec<_>>(), rows)
    };
    let (completed, rows) = positions("status=completed").await;
    assert_eq!(completed, [3, 7]);
    let post = &rows[0];
    assert_eq!((&post["generated_caption"], &post["hashtags"]), (&json!("Fresh!"), &json!(["bread"])));
    assert_eq!((&post["external_id"], &post["target_audience"]), (&json!("sku-3"), &json!("bakers")));
    assert_eq!(post["image"], json!({"size": "1024x1024", "quality": "medium"}));
    let link = post["generated_image_url"].as_str().expect("a link");
    assert!(link.starts_with(&format!("{}/api/v1/media/{key}?expires=", app.url)), "{link}");
    let (queued, _) = positions("status=queued").await;
    assert_eq!(queued.len(), 30, "released and not taken");
    let (pending, _) = positions("status=pending").await;
    assert_eq!(pending, (32..40).collect::<Vec<_>>());
    let (all, _) = positions("").await;
    assert_eq!(all, (0..40).collect::<Vec<_>>());
    let one = member.get(&format!("/api/v1/posts/{}", post["id"].as_str().expect("an id"))).await.expect(200).json();
    assert_eq!(&one, post);
}

#[tokio::test]
async fn what_was_tried_for_a_post_is_shown_in_order() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let batch: BatchId = member.batch(1).await.parse().expect("an id");
    let post: PostId =
        sqlx::query_scalar("SELECT id FROM campaign_posts").fetch_one(app.app.store.pool()).await.expect("a post");
    for (ordinal, state, outcome) in [(1_i16, "failed", "error"), (2, "settled", "ok")] {
        sqlx::query(
            "INSERT INTO attempts (work_id, step, ordinal, call_id, epoch, revision, user_id, batch_job_id, provider, pool,
                                   key_label, model, state, outcome, verdict, reserved_nanos, cost_nanos)
             VALUES ($1, 'caption', $2, $3, 1, 1, $4, $5, 'openai', 'p', 'key-1', 'm', $6, $7, 'rate_limited', 10,
                     CASE WHEN $6 = 'settled' THEN 7 ELSE 0 END)",
        )
        .bind(post)
        .bind(ordinal)
        .bind(uuid::Uuid::now_v7())
        .bind(member.user)
        .bind(batch)
        .bind(state)
        .bind(outcome)
        .execute(app.app.store.pool())
        .await
        .expect("an attempt");
    }
    let path = format!("/api/v1/posts/{post}/attempts");
    let page = member.get(&path).await.expect(200).json();
    let ordinals: Vec<_> = page["data"].as_array().expect("rows").iter().map(|row| row["ordinal"].clone()).collect();
    assert_eq!(ordinals, [json!(1), json!(2)]);
    assert_eq!((&page["data"][1]["key"], &page["data"][1]["cost_nanos"]), (&json!("key-1"), &json!(7)));
    let first = member.get(&format!("{path}?limit=1")).await.expect(200).json();
    let next = first["next_cursor"].as_str().expect("more").to_owned();
    let second = member.get(&format!("{path}?limit=1&cursor={next}")).await.expect(200).json();
    assert_eq!((&second["data"][0]["ordinal"], &second["has_more"]), (&json!(2), &json!(false)));
}

#[tokio::test]
async fn a_batch_does_what_it_is_told_when_it_can() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let id = member.submit(&batch_of(3)).await.expect(202).json()["id"].as_str().expect("an id").to_owned();
    let tell = async |command: &str| member.post(&format!("/api/v1/batch-jobs/{id}/{command}"), &json!({})).await;
    tell("resume").await.expect_problem(409, "wrong_state");
    tell("retry").await.expect_problem(409, "wrong_state");
    let paused = tell("pause").await.expect(200).json();
    assert_eq!((&paused["status"], &paused["pause_reason"]), (&json!("paused"), &json!("user")));
    assert_eq!(member.get(&format!("/api/v1/batch-jobs/{id}")).await.json()["status"], "paused", "seen at once");
    assert_eq!(tell("resume").await.expect(200).json()["status"], "pending");
    let cancelled = tell("cancel").await.expect(200).json();
    assert_eq!((&cancelled["status"], &cancelled["counts"]["cancelled"]), (&json!("cancelled"), &json!(3)));
    tell("cancel").await.expect_problem(409, "wrong_state");
}
