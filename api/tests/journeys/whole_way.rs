//! The main job from end to end: a batch is submitted over HTTP, the production worker makes its posts with the provider
//! simulator, and the caller reads what came of it.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::{Fault, Kind, Latency};

use crate::app::TestApp;
use crate::crew::Crew;
use crate::member::{Member, batch_of};

/// Two posts with images and one without, on three platforms.
fn bakery() -> Value {
    let image = json!({"size": "1024x1024", "quality": "low"});
    json!({"name": "Launch", "posts": [
        {"brand_name": "Crust & Co", "topic": "Rye at dawn", "tone": "warm", "platform": "instagram", "image": image,
         "brief": "Baked at four, on the shelf at seven.", "language": "en", "external_id": "rye"},
        {"brand_name": "Crust & Co", "topic": "Brezeln", "tone": "heiter", "platform": "facebook", "image": image, "language": "de"},
        {"brand_name": "Crust & Co", "topic": "Oat loaf", "tone": "plain", "platform": "x", "image": false},
    ]})
}

fn id(batch: &Value) -> &str {
    batch["id"].as_str().expect("an id")
}

#[tokio::test]
async fn a_batch_goes_from_submit_to_pictures_and_its_history_tells_what_it_cost() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let batch = member.submit(&bakery()).await.expect(202).json();
    let done = member.finished(id(&batch)).await;
    assert_eq!(
        (&done["status"], &done["outcome"], &done["completed_posts"]),
        (&json!("completed"), &json!("succeeded"), &json!(3))
    );
    assert_eq!((&done["progress"], &done["counts"]["completed"]), (&json!(100.0), &json!(3)));

    let posts = member.posts(id(&batch)).await;
    for (post, topic) in posts.iter().zip(["Rye at dawn", "Brezeln", "Oat loaf"]) {
        let caption = post["generated_caption"].as_str().expect("a caption");
        assert!(caption.contains(topic) && caption.contains("Crust & Co"), "{caption}");
        assert_eq!(post["status"], "completed");
    }
    assert!(posts[2]["generated_image_url"].is_null());
    let link = posts[1]["generated_image_url"].as_str().expect("a link");
    assert!(link.starts_with(&app.url), "{link}");
    let picture = reqwest::get(link).await.expect("an answer");
    assert_eq!(picture.headers()["content-type"], "image/png");
    let bytes = picture.bytes().await.expect("bytes");
    assert!(bytes.starts_with(b"\x89PNG"));
    assert_eq!(&bytes[16..24], [0, 0, 4, 0, 0, 0, 4, 0], "1024 by 1024");

    let attempts = member.get(&format!("/api/v1/posts/{}/attempts", id(&posts[0]))).await.expect(200).json();
    let steps: Vec<_> =
        attempts["data"].as_array().expect("a list").iter().map(|a| (&a["step"], &a["state"])).collect();
    let settled = json!("settled");
    let (caption, moderation, image) = (json!("caption"), json!("moderation"), json!("image"));
    assert_eq!(steps, [(&caption, &settled), (&moderation, &settled), (&image, &settled)]);

    let history = member.get(&format!("/api/v1/campaigns/{}/batches", member.campaign)).await.expect(200).json();
    assert_eq!(history["data"][0]["cost_nanos"], crew.provider.bill().total_nanos);
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_provider_that_refuses_everything_ends_the_batch_and_says_why() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start_with(&app, |settings| settings.worker.max_retries = 0).await;
    crew.provider.admin().fault(Fault::any().status(401).code("invalid_api_key"));
    let batch = member.submit(&batch_of(12)).await.expect(202).json();
    let done = member.finished(id(&batch)).await;
    assert_eq!(
        (&done["status"], &done["outcome"], &done["failed_posts"]),
        (&json!("failed"), &json!("failed"), &json!(12))
    );
    let (errors, log) = (done["errors"].as_object().expect("a histogram"), done["error_log"].as_str().expect("a log"));
    assert_eq!(errors.values().filter_map(Value::as_i64).sum::<i64>(), 12, "{errors:?}");
    assert!(errors.keys().all(|class| log.contains(class.as_str())), "{log}");
    for post in member.posts(id(&batch)).await {
        let message = post["error_message"].as_str().expect("a reason");
        assert!(message.len() > 20 && !message.contains("401") && !message.contains("sk-"), "{message}");
    }
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_failed_image_keeps_its_paid_caption_and_a_retry_buys_only_the_image() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    crew.provider.admin().fault(Fault::image().status(400).code("moderation_blocked").contains("Rye"));
    let batch = member.submit(&bakery()).await.expect(202).json();
    let done = member.finished(id(&batch)).await;
    assert_eq!((&done["status"], &done["outcome"]), (&json!("completed"), &json!("partial")));
    assert_eq!(done["errors"], json!({"content_policy": 1}));
    let failed = member.posts(id(&batch)).await.remove(0);
    let caption = failed["generated_caption"].as_str().expect("the paid caption").to_owned();

    crew.provider.admin().clear_faults();
    let before = crew.provider.bill().calls.len();
    member.post(&format!("/api/v1/batch-jobs/{}/retry", id(&batch)), &Value::Null).await.expect(200);
    let done = member.finished(id(&batch)).await;
    assert_eq!((&done["outcome"], &done["run"]), (&json!("succeeded"), &json!(2)));
    assert_eq!(member.posts(id(&batch)).await[0]["generated_caption"], caption);
    assert_eq!(crew.provider.bill().calls.len(), before + 1, "one image and nothing else");
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_provider_in_trouble_is_tried_again_until_it_serves() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    crew.provider.admin().fault(Fault::chat().status(500).times(4));
    crew.provider.admin().fault(Fault::image().status(503).times(2));
    let batch = member.submit(&bakery()).await.expect(202).json();
    let done = member.finished(id(&batch)).await;
    assert_eq!(done["outcome"], "succeeded");
    crew.finish(&app).await;
}

#[tokio::test]
async fn posts_that_may_have_taken_their_workers_with_them_are_made_one_at_a_time() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let batch = member.submit(&batch_of(4)).await.expect(202).json();
    // Five workers died while they ran; nobody knows which of them it was.
    sqlx::query("UPDATE campaign_posts SET deliveries = 5").execute(app.app.store.pool()).await.expect("delivered");
    let crew = Crew::start(&app).await;
    crew.provider.admin().set_latency(Kind::Chat, Latency::constant(Duration::from_millis(100)));
    let done = member.finished(id(&batch)).await;
    assert_eq!((&done["completed_posts"], crew.provider.admin().peak_in_flight()), (&json!(4), 1));
    crew.finish(&app).await;
}

/// A batch of 50, eight calls of which the provider holds back.
async fn crew_in_the_middle_of_a_batch(app: &TestApp, member: &Member<'_>) -> (Crew, Value) {
    let crew = Crew::start(app).await;
    crew.provider.admin().hold();
    let batch = member.submit(&batch_of(50)).await.expect(202).json();
    crew.provider.admin().calls_reach(8).await;
    (crew, batch)
}

#[tokio::test]
async fn a_cancelled_batch_buys_nothing_more() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let (crew, batch) = crew_in_the_middle_of_a_batch(&app, &member).await;
    let path = format!("/api/v1/batch-jobs/{}/cancel", id(&batch));
    let cancelling = member.post(&path, &Value::Null).await.expect(200).json();
    assert_eq!(cancelling["status"], "cancelling");
    while !crew.halted.is_halted(id(&batch).parse().expect("an id")) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    crew.provider.admin().release();
    let done = member.finished(id(&batch)).await;
    assert_eq!((&done["status"], &done["outcome"]), (&json!("cancelled"), &json!("cancelled")));
    assert_eq!(crew.provider.bill().calls.len(), 8, "what was under way when it was cancelled, and no more");
    member.post(&path, &Value::Null).await.expect_problem(409, "wrong_state");
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_paused_batch_waits_and_goes_on() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let (crew, batch) = crew_in_the_middle_of_a_batch(&app, &member).await;
    let path = |what: &str| format!("/api/v1/batch-jobs/{}/{what}", id(&batch));
    let paused = member.post(&path("pause"), &Value::Null).await.expect(200).json();
    assert_eq!((&paused["status"], &paused["pause_reason"]), (&json!("paused"), &json!("user")));
    crew.provider.admin().release();
    let still = member.until(id(&batch), |view| view["counts"]["processing"] == 0).await;
    assert_eq!(still["status"], "paused");
    member.post(&path("resume"), &Value::Null).await.expect(200);
    assert_eq!(member.finished(id(&batch)).await["completed_posts"], 50);
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_batch_that_reaches_its_budget_pauses_and_owes_no_more() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let mut body = bakery();
    body["budget_usd"] = json!(0.000_001);
    let batch = member.submit(&body).await.expect(202).json();
    let paused = member.until(id(&batch), |view| view["status"] == "paused").await;
    assert_eq!(paused["pause_reason"], "budget");
    assert_eq!(crew.provider.bill().calls.len(), 0);
    crew.finish(&app).await;
}
