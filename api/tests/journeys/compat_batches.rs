//! The batch calls of the social media generator, as its front ends make them.

use reqwest::Method;
use serde_json::json;

use crate::app::{Answer, TestApp};
use crate::member::Member;

#[tokio::test]
async fn a_batch_is_generated_listed_and_polled_on_the_old_paths() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let body = json!({
        "name": "Summer Posts Batch",
        "priority_level": 3,
        "posts": [{
            "brand_name": "FashionBrand",
            "topic": "New Summer Collection",
            "tone": "enthusiastic",
            "brief": "Showcase our vibrant summer clothing line",
            "target_audience": "Fashion-forward millennials",
            "style_id": 7,
        }],
    });
    let base = format!("/api/campaigns/{}", member.campaign);
    let answer = member.post(&format!("{base}/generate-batch"), &body).await.expect(202);
    assert_eq!(answer.header("x-ignored-fields"), "posts.style_id, priority_level");
    let batch = answer.json();
    let id = batch["id"].as_str().expect("an id");

    let history = member.get(&format!("{base}/batches")).await.expect(200).json();
    assert_eq!(history["data"][0]["id"], id);
    let status = member.get(&format!("/api/batch-jobs/{id}/status")).await.expect(200).json();
    for field in [
        "id",
        "campaign_id",
        "name",
        "status",
        "total_posts",
        "completed_posts",
        "failed_posts",
        "created_by",
        "error_log",
        "created_at",
        "updated_at",
    ] {
        assert!(status.get(field).is_some(), "{field} in {status}");
    }
    assert_eq!((&status["status"], &status["total_posts"]), (&json!("pending"), &json!(1)));

    let errors = member.post(&format!("{base}/generate-batch/"), &json!({"posts": [{"tone": 1}]})).await;
    let errors = errors.expect_problem(422, "invalid").errors();
    let pointers: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/name", "/posts/0/brand_name", "/posts/0/tone"]);
}

#[tokio::test]
async fn the_old_path_takes_an_idempotency_key_too_and_knows_it_from_the_new_one() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let send = |path: String| {
        let request = member.request(Method::POST, &path).header("idempotency-key", "k");
        Answer::of(request.json(&crate::member::batch_of(1)))
    };
    let old = send(format!("/api/campaigns/{}/generate-batch", member.campaign)).await.expect(202);
    let new = send(member.submit_path()).await.expect(202);
    assert_eq!((&new.json()["id"], new.header("idempotent-replay")), (&old.json()["id"], "true"));
}
