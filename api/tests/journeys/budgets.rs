//! Budgets from end to end: caps are set over HTTP, the production worker runs into them, and what it made costs no more.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::TestApp;
use crate::crew::Crew;
use crate::member::{Member, batch_of};

const BUDGETS: &str = "/api/v1/budgets";

fn id(batch: &Value) -> &str {
    batch["id"].as_str().expect("an id")
}

fn nanos(value: &Value) -> i64 {
    value.as_i64().expect("nano-dollars")
}

/// Captions only, as many as that.
fn captions(posts: usize) -> Value {
    let mut batch = batch_of(posts);
    for post in batch["posts"].as_array_mut().expect("posts") {
        post["image"] = json!(false);
    }
    batch
}

#[tokio::test]
async fn a_batch_pauses_at_its_cap_and_goes_on_when_it_is_raised() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let mut body = captions(60);
    // Some of the sixty captions fit, at about 0.0001 dollars each and with 0.002 reserved for each call.
    body["budget_usd"] = json!(0.003);
    let batch = member.submit(&body).await.expect(202).json();
    let path = format!("/api/v1/batch-jobs/{}", id(&batch));
    let paused = member.until(id(&batch), |view| view["status"] == "paused" && view["cost"]["held_nanos"] == 0).await;
    assert_eq!(paused["pause_reason"], "budget");
    assert!(nanos(&paused["completed_posts"]) > 0, "{paused}");
    let cost = &paused["cost"];
    assert_eq!(nanos(&cost["spent_nanos"]) + nanos(&cost["remaining_nanos"]), 3_000_000);
    assert_eq!((&cost["cap_usd"], &cost["unknown_attempts"]), (&json!(0.003), &json!(0)));
    assert_eq!(crew.provider.bill().total_nanos, nanos(&cost["spent_nanos"]));

    // Too little more, then enough.
    let still = member.patch(&path, &json!({"budget_usd": 0.003_000_001})).await.expect(200).json();
    assert_eq!((&still["status"], &still["budget_usd"]), (&json!("paused"), &json!(0.003_000_001)));
    let on = member.patch(&path, &json!({"budget_usd": null})).await.expect(200).json();
    assert_eq!((&on["status"], &on["cost"]["cap_nanos"]), (&json!("processing"), &Value::Null));
    assert_eq!(member.finished(id(&batch)).await["completed_posts"], 60);
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_campaign_and_a_month_stop_every_batch_that_asks_and_let_all_go_on() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let campaign = json!({"scope": "campaign", "campaign_id": member.campaign.0, "cap_usd": 0.003});
    let set = member.put(BUDGETS, &campaign).await.expect(200).json();
    assert_eq!((&set["period"], &set["remaining_nanos"]), (&json!("all"), &json!(3_000_000)));
    let month = member.put(BUDGETS, &json!({"scope": "user", "cap_usd": 0.003})).await.expect(200).json();
    assert_eq!((&month["scope"], &month["campaign_id"]), (&json!("user"), &Value::Null));

    let crew = Crew::start(&app).await;
    let (first, second) =
        (member.submit(&captions(40)).await.expect(202).json(), member.submit(&captions(40)).await.expect(202).json());
    for batch in [&first, &second] {
        let paused = member.until(id(batch), |view| view["status"] == "paused").await;
        assert_eq!(paused["pause_reason"], "budget");
        assert_eq!(paused["cost"]["cap_nanos"], Value::Null, "it has no cap of its own");
    }
    let list = member.get(BUDGETS).await.expect(200).json();
    let budgets = list["data"].as_array().expect("a list");
    let scopes: Vec<_> = budgets.iter().map(|budget| &budget["scope"]).collect();
    assert_eq!(scopes, ["user", "campaign"]);
    let spent = crew.provider.bill().total_nanos;
    for budget in budgets {
        assert!(nanos(&budget["spent_nanos"]) + nanos(&budget["held_nanos"]) <= 3_000_000, "{budget}");
        assert!(spent <= 3_000_000);
    }

    // The campaign may go on, but the month may not; then both.
    member
        .put(BUDGETS, &json!({"scope": "campaign", "campaign_id": member.campaign.0, "cap_usd": 5}))
        .await
        .expect(200);
    assert_eq!(member.get(&format!("/api/v1/batch-jobs/{}", id(&first))).await.json()["status"], "paused");
    member.put(BUDGETS, &json!({"scope": "user", "cap_usd": null})).await.expect(204);
    for batch in [&first, &second] {
        assert_eq!(member.finished(id(batch)).await["completed_posts"], 40);
    }
    let list = member.get(BUDGETS).await.expect(200).json();
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(nanos(&list["data"][0]["spent_nanos"]), crew.provider.bill().total_nanos);
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_budget_that_comes_late_counts_what_was_spent_before() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let batch = member.submit(&captions(3)).await.expect(202).json();
    let done = member.finished(id(&batch)).await;
    for body in [
        json!({"scope": "campaign", "campaign_id": member.campaign.0, "cap_usd": 1}),
        json!({"scope": "user", "cap_usd": 1}),
    ] {
        let budget = member.put(BUDGETS, &body).await.expect(200).json();
        assert_eq!(budget["spent_nanos"], done["cost_nanos"], "{budget}");
    }
    crew.finish(&app).await;
}

#[tokio::test]
async fn bad_budgets_are_refused_and_others_campaigns_are_not_there() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let bad = member.put(BUDGETS, &json!({"scope": "team", "cap_usd": -1, "limit": 1})).await;
    let mut errors = bad.expect_problem(422, "invalid").errors();
    errors.sort();
    assert_eq!(
        errors,
        [("/cap_usd", "out_of_range"), ("/limit", "unknown_field"), ("/scope", "not_allowed")]
            .map(|(pointer, code)| (pointer.to_owned(), code.to_owned()))
    );
    for campaign in [other.campaign.0, Uuid::now_v7()] {
        for cap in [json!(1), Value::Null] {
            let body = json!({"scope": "campaign", "campaign_id": campaign, "cap_usd": cap});
            member.put(BUDGETS, &body).await.expect_problem(404, "not_found");
        }
    }
    let batch = other.batch(1).await;
    let path = format!("/api/v1/batch-jobs/{batch}");
    member.patch(&path, &json!({"budget_usd": 1})).await.expect_problem(404, "not_found");
    let problem = other.patch(&path, &json!({})).await.expect_problem(422, "invalid");
    assert_eq!(problem.errors(), [("/budget_usd".to_owned(), "required".to_owned())]);
    other.patch(&path, &json!({"budget_usd": 0})).await.expect(200);
    other.put(BUDGETS, &json!({"scope": "user", "cap_usd": 1})).await.expect(200);
    let campaign = json!({"scope": "campaign", "campaign_id": other.campaign, "cap_usd": 1});
    other.put(BUDGETS, &campaign).await.expect(200);
    assert_eq!(member.get(BUDGETS).await.expect(200).json()["data"], json!([]));
}
