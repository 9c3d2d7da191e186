//! Submitting batches.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use shared::queue::Queue;

use crate::app::{Answer, TestApp};
use crate::member::{Member, batch_of};

/// How many batches and posts there are.
async fn rows(app: &TestApp) -> (i64, i64) {
    sqlx::query_as("SELECT (SELECT count(*) FROM batch_jobs), (SELECT count(*) FROM campaign_posts)")
        .fetch_one(app.app.store.pool())
        .await
        .expect("counts")
}

#[tokio::test]
async fn a_batch_is_accepted_whole_and_its_first_posts_are_pushed() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let answer = member.submit(&batch_of(40)).await.expect(202);
    let batch = answer.json();
    assert_eq!(answer.header("location"), format!("/api/v1/batch-jobs/{}", batch["id"].as_str().expect("an id")));
    assert_eq!(batch["status"], "pending");
    assert_eq!(batch["campaign_id"], member.campaign.to_string());
    assert_eq!(batch["created_by"], member.user.to_string());
    assert_eq!(
        (&batch["total_posts"], &batch["completed_posts"], &batch["failed_posts"]),
        (&json!(40), &json!(0), &json!(0))
    );
    assert_eq!(batch["counts"]["queued"], 32);
    assert_eq!(batch["counts"]["pending"], 8);
    assert_eq!((&batch["progress"], &batch["cost_usd"], &batch["outcome"]), (&json!(0.0), &json!(0.0), &Value::Null));
    assert_eq!(batch["notice"], "no workers are running");
    let waiting = app.app.queue.waiting(Duration::from_secs(2)).await.expect("Redis answers");
    assert_eq!(waiting, 1, "one slice was pushed");
    assert_eq!(rows(&app).await, (1, 40));
    let audience: String = sqlx::query_scalar("SELECT DISTINCT target_audience FROM campaign_posts")
        .fetch_one(app.app.store.pool())
        .await
        .expect("one audience");
    assert_eq!(audience, "bakers");
}

#[tokio::test]
async fn a_submit_is_accepted_while_redis_is_away() {
    let app = TestApp::start_with(|settings| settings.redis.url = "redis://127.0.0.1:9".into()).await;
    let member = Member::new(&app).await;
    let started = std::time::Instant::now();
    let batch = member.submit(&batch_of(3)).await.expect(202).json();
    assert_eq!(batch["counts"]["pending"], 3, "nothing counts as pushed");
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(rows(&app).await, (1, 3));
}

#[tokio::test]
async fn a_deep_queue_gets_no_more() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let queue: &Queue = &app.app.queue;
    let slice = || shared::queue::Slice {
        batch: shared::domain::BatchId::new(),
        posts: vec![shared::domain::PostId::new()],
        due: false,
    };
    queue.push((0..40).map(|_| slice()).collect(), Duration::from_secs(2)).await.expect("pushed");
    let batch = member.submit(&batch_of(3)).await.expect(202).json();
    assert_eq!((&batch["counts"]["pending"], &batch["counts"]["queued"]), (&json!(3), &json!(0)));
    assert_eq!(queue.waiting(Duration::from_secs(2)).await.expect("Redis answers"), 40);
}

#[tokio::test]
async fn the_same_key_makes_one_batch_however_often_it_comes_at_once() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let body = batch_of(5);
    let send = |body: Value| {
        let request =
            member.request(Method::POST, &member.submit_path()).header("idempotency-key", "monday").json(&body);
        Answer::of(request)
    };
    let answers = futures::future::join_all((0..20).map(|_| send(body.clone()))).await;
    let mut ids = Vec::new();
    for answer in answers {
        if answer.status == 409 {
            answer.expect_problem(409, "idempotency_key_in_flight");
        } else {
            ids.push(answer.expect(202).json()["id"].clone());
        }
    }
    assert!(!ids.is_empty() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(rows(&app).await, (1, 5));

    let again = send(body.clone()).await.expect(202);
    assert_eq!((again.header("idempotent-replay"), &again.json()["id"]), ("true", &ids[0]));
    send(batch_of(6)).await.expect_problem(422, "idempotency_key_reused");
    assert_eq!(rows(&app).await, (1, 5));
}

#[tokio::test]
async fn the_stored_answer_is_the_first_one_and_holds_no_link() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let send = || {
        let request = member.request(Method::POST, &member.submit_path()).header("idempotency-key", "k");
        Answer::of(request.json(&batch_of(2)))
    };
    let mut first = send().await.expect(202).json();
    sqlx::query("UPDATE batch_jobs SET status = 'processing', version = 9")
        .execute(app.app.store.pool())
        .await
        .expect("changed");
    let mut again = send().await.expect(202).json();
    let stored: Value = sqlx::query_scalar("SELECT response FROM idempotency_keys")
        .fetch_one(app.app.store.pool())
        .await
        .expect("stored");
    assert_eq!(stored["events_url"], Value::Null);
    for answer in [&mut first, &mut again] {
        assert!(answer["events_url"].as_str().expect("a link").contains("sig="));
        answer["events_url"] = Value::Null;
    }
    assert_eq!(first, again);
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_key_up() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let send = |body: Value| {
        let request = member.request(Method::POST, &member.submit_path()).header("idempotency-key", "k");
        Answer::of(request.json(&body))
    };
    send(json!({"name": "n", "posts": []})).await.expect_problem(422, "invalid");
    send(batch_of(1)).await.expect(202);
    for bad in ["", "a b", "ä", &"x".repeat(256)] {
        let request = member.request(Method::POST, &member.submit_path()).header("idempotency-key", bad);
        Answer::of(request.json(&batch_of(1))).await.expect_problem(400, "invalid_idempotency_key");
    }
}

#[tokio::test]
async fn another_user_may_use_the_same_key() {
    let app = TestApp::start().await;
    let (one, other) = (Member::new(&app).await, Member::new(&app).await);
    let mut ids = Vec::new();
    for member in [&one, &other] {
        let request = member.request(Method::POST, &member.submit_path()).header("idempotency-key", "k");
        ids.push(Answer::of(request.json(&batch_of(1))).await.expect(202).json()["id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_caller_that_hangs_up_finds_the_batch_under_its_key() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let request = |timeout| {
        let request = member.request(Method::POST, &member.submit_path()).header("idempotency-key", "cut");
        request.json(&batch_of(3_000)).timeout(timeout)
    };
    // Somewhere between the first byte and the answer.
    for milliseconds in [1, 5, 20, 60] {
        drop(request(Duration::from_millis(milliseconds)).send().await);
    }
    let answer = loop {
        let answer = Answer::of(request(Duration::from_secs(30))).await;
        if answer.status != 409 {
            break answer.expect(202);
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(answer.json()["total_posts"], 3_000);
    assert_eq!(rows(&app).await, (1, 3_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_size_is_taken() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let mut total = 0;
    for posts in [1, 20, 1_999, 2_001, 50_000] {
        let batch = member.submit(&batch_of(posts)).await.expect(202).json();
        assert_eq!(batch["total_posts"], posts);
        total += posts as i64;
    }
    assert_eq!(rows(&app).await, (5, total));
}

#[tokio::test]
async fn an_economy_batch_waits_in_its_lane_and_says_so() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let in_hours = |hours: i64| (chrono::Utc::now() + chrono::TimeDelta::minutes(hours * 60 - 1)).to_rfc3339();
    let economy = |deadline: String| {
        let mut body = batch_of(40);
        (body["mode"], body["deadline"]) = (json!("economy"), json!(deadline));
        body
    };
    for bad in [in_hours(1), in_hours(-1), in_hours(170)] {
        let problem = member.submit(&economy(bad)).await.expect(422).json();
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!("/deadline"), &json!("out_of_range"))
        );
    }
    let batch = member.submit(&economy(in_hours(24))).await.expect(202).json();
    assert_eq!(
        (&batch["mode"], &batch["lane"], &batch["lane_reason"]),
        (&json!("economy"), &json!("waiting"), &Value::Null)
    );
    assert!(batch["deadline"].as_str().is_some_and(|deadline| deadline.ends_with('Z')));
    assert_eq!((&batch["counts"]["queued"], &batch["counts"]["pending"]), (&json!(0), &json!(40)));
    let waiting = app.app.queue.waiting(Duration::from_secs(2)).await.expect("Redis answers");
    assert_eq!(waiting, 0, "its posts are the lane's first");
    let live = member.submit(&batch_of(1)).await.expect(202).json();
    assert_eq!((&live["mode"], &live["deadline"], &live["lane"]), (&json!("live"), &Value::Null, &Value::Null));
}
