//! An estimate before a batch, and what the batch has cost after it.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::crew::Crew;
use crate::member::{Member, batch_of};

fn nanos(amount: &Value) -> i64 {
    amount["nanos"].as_i64().expect("nano-dollars")
}

/// Posts on several platforms and in several languages, most with an image, with briefs of all lengths.
fn posts(count: usize) -> Value {
    let platforms = ["x", "instagram", "linkedin", "facebook", "pinterest"];
    let languages = ["en", "de", "fr"];
    let posts: Vec<Value> = (0..count)
        .map(|n| {
            let image = if n % 3 == 0 { json!(false) } else { json!({"size": "1024x1024", "quality": "low"}) };
            json!({"brand_name": "Crust & Co", "topic": format!("Loaf {n}"), "tone": "warm", "image": image,
                "platform": platforms[n % platforms.len()], "language": languages[n % languages.len()],
                "brief": "Baked at four, on the shelf at \"seven\". ".repeat(n % 7)})
        })
        .collect();
    json!({"name": "Estimated", "posts": posts})
}

#[tokio::test]
async fn a_batch_costs_what_was_estimated() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let body = posts(12);
    let path = format!("/api/v1/campaigns/{}/estimate", member.campaign);
    let estimate = member.post(&path, &body).await.expect(200).json();
    assert_eq!(crew.provider.bill().calls.len(), 0, "no provider is called");
    let steps: Vec<_> = estimate["steps"].as_array().expect("steps").iter().collect();
    assert_eq!(
        (&steps[0]["step"], &steps[0]["calls"], &steps[0]["model"]),
        (&json!("caption"), &json!(12), &json!("gpt-6-luna"))
    );
    assert_eq!((&steps[1]["step"], &steps[1]["calls"]), (&json!("image"), &json!(8)));
    assert!(estimate["price_version"].as_str().is_some_and(|date| date.len() == 10), "{estimate}");
    for which in ["low", "expected", "high"] {
        assert_eq!(nanos(&estimate[which]), steps.iter().map(|step| nanos(&step[which])).sum::<i64>());
    }

    let batch = member.submit(&body).await.expect(202).json();
    let done = member.finished(batch["id"].as_str().expect("an id")).await;
    assert_eq!(done["completed_posts"], 12);
    let mut cost = std::collections::BTreeMap::new();
    for post in member.posts(done["id"].as_str().expect("an id")).await {
        let path = format!("/api/v1/posts/{}/attempts", post["id"].as_str().expect("an id"));
        for attempt in member.get(&path).await.json()["data"].as_array().expect("a list") {
            let step = attempt["step"].as_str().expect("a step").to_owned();
            *cost.entry(step).or_insert(0) += attempt["cost_nanos"].as_i64().expect("nano-dollars");
        }
    }
    for step in steps {
        let cost = cost[step["step"].as_str().expect("a step")];
        assert!((nanos(&step["low"])..=nanos(&step["high"])).contains(&cost), "{cost} for {step}");
        // What is expected is off by a third at most.
        let expected = nanos(&step["expected"]);
        assert!(cost * 3 >= expected * 2 && cost * 3 <= expected * 4, "{cost} where {expected} was expected: {step}");
    }
    crew.finish(&app).await;
}

#[tokio::test]
async fn an_estimate_checks_like_a_submit_and_writes_nothing() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let path = format!("/api/v1/campaigns/{}/estimate", member.campaign);
    let bad = json!({"name": "x", "posts": [{"brand_name": "", "tone": "warm"}], "colour": 1});
    let mut errors = member.post(&path, &bad).await.expect_problem(422, "invalid").errors();
    errors.sort();
    let pointers: Vec<_> = errors.into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/colour", "/posts/0/brand_name"]);
    other.post(&path, &batch_of(1)).await.expect_problem(404, "not_found");
    app.request(reqwest::Method::POST, &path)
        .json(&batch_of(1))
        .send()
        .await
        .map(|a| assert_eq!(a.status(), 401))
        .expect("an answer");
    member.post(&path, &batch_of(2_000)).await.expect(200);
    let batches = member.get(&format!("/api/v1/campaigns/{}/batches", member.campaign)).await.expect(200).json();
    assert_eq!(batches["data"], json!([]));
}
