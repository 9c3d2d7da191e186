//! Costs from the ledger: sums that are exact, every call by itself, and one's own month.

use chrono::Utc;
use serde_json::{Value, json};
use shared::domain::{CampaignId, ProjectId};
use shared::store::costs::{self, Filter, Grouping};
use uuid::Uuid;

use crate::app::TestApp;
use crate::crew::Crew;
use crate::ledger::Entry;
use crate::member::{Member, batch_of};

const SUMMARY: &str = "/api/v1/costs/summary";
const HISTORY: &str = "/api/v1/costs/history";

async fn project(app: &TestApp, member: &Member<'_>) -> ProjectId {
    let project = ProjectId::new();
    let made = sqlx::query("INSERT INTO projects (id, user_id, name) VALUES ($1, $2, 'Spring')");
    made.bind(project).bind(member.user).execute(app.app.store.pool()).await.expect("a project");
    project
}

/// Seven calls of the member's: three captions, an image, a text without a campaign, one that was cut off and one that failed;
/// and one that was booked but never sent.
async fn write(app: &TestApp, member: &Member<'_>, project: ProjectId) {
    let caption = |cost, at| Entry::caption(member, cost, at);
    let entries = [
        caption(1, "2026-01-31T23:59:59.999999Z"),
        // More than 2^53: a sum in floating point would be wrong.
        caption(9_007_199_254_740_993, "2026-02-01T00:00:00Z"),
        Entry { key: "key-2", ..caption(123_456_789, "2026-02-10T08:00:00Z") },
        Entry { step: "image", model: "gpt-image-1", usage: None, ..caption(40_000_000, "2026-02-10T08:00:01Z") },
        Entry {
            kind: "text",
            step: "text",
            campaign: None,
            project: Some(project),
            ..caption(7, "2026-02-10T09:00:00Z")
        },
        Entry { state: "unknown", reserved: 5_000_001, usage: None, ..caption(0, "2026-02-11T00:00:00Z") },
        Entry { state: "failed", model: "gpt-4", usage: None, ..caption(0, "2026-02-12T00:00:00Z") },
        Entry { state: "reserved", usage: None, ..caption(0, "2026-02-12T00:00:00Z") },
    ];
    for entry in entries {
        entry.write(app, member).await;
    }
}

fn groups(summary: &Value) -> Vec<(Value, i64, i64)> {
    let number = |value: &Value| value.as_i64().expect("a number");
    let groups = summary["groups"].as_array().expect("groups");
    groups.iter().map(|group| (group["key"].clone(), number(&group["calls"]), number(&group["cost_nanos"]))).collect()
}

#[tokio::test]
async fn sums_are_exact_whatever_they_are_grouped_by() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let project = project(&app, &member).await;
    write(&app, &member, project).await;
    Entry::caption(&other, 11, "2026-02-10T08:00:00Z").write(&app, &other).await;

    let all = 9_007_199_254_740_993 + 123_456_789 + 40_000_000 + 7 + 1;
    let (campaign, project) = (json!(member.campaign.0), json!(project.0));
    let captions = all - 40_000_000 - 7;
    for (group, expected) in [
        ("kind", vec![(json!("post"), 6, all - 7), (json!("text"), 1, 7)]),
        ("step", vec![(json!("caption"), 5, captions), (json!("image"), 1, 40_000_000), (json!("text"), 1, 7)]),
        (
            "model",
            vec![(json!("gpt-5-mini"), 5, captions + 7), (json!("gpt-image-1"), 1, 40_000_000), (json!("gpt-4"), 1, 0)],
        ),
        ("provider", vec![(json!("openai"), 7, all)]),
        ("key", vec![(json!("openai/main/key-1"), 6, all - 123_456_789), (json!("openai/main/key-2"), 1, 123_456_789)]),
        ("campaign", vec![(campaign, 6, all - 7), (Value::Null, 1, 7)]),
        ("project", vec![(Value::Null, 6, all - 7), (project.clone(), 1, 7)]),
        ("month", vec![(json!("2026-01"), 1, 1), (json!("2026-02"), 6, all - 1)]),
        (
            "day",
            vec![
                (json!("2026-01-31"), 1, 1),
                (json!("2026-02-01"), 1, 9_007_199_254_740_993),
                (json!("2026-02-10"), 3, 123_456_789 + 40_000_000 + 7),
                (json!("2026-02-11"), 1, 0),
                (json!("2026-02-12"), 1, 0),
            ],
        ),
    ] {
        let summary = member.get(&format!("{SUMMARY}?group={group}")).await.expect(200).json();
        assert_eq!(groups(&summary), expected, "{group}");
        let total = &summary["total"];
        assert_eq!(
            (&total["cost_nanos"], &total["calls"], &summary["has_more"]),
            (&json!(all), &json!(7), &json!(false))
        );
        assert_eq!((&total["unconfirmed_calls"], &total["unconfirmed_nanos"]), (&json!(1), &json!(5_000_001)));
        assert_eq!(
            (&total["input_tokens"], &total["output_tokens"], &total["images"]),
            (&json!(400), &json!(40), &json!(1))
        );
    }
    let days =
        costs::summary(app.app.store.pool(), member.user, &Filter::default(), Grouping::Day, 2).await.expect("sums");
    let keys: Vec<_> = days.groups.iter().filter_map(|group| group.key.as_deref()).collect();
    assert_eq!((keys, days.has_more, days.total.cost.0), (vec!["2026-01-31", "2026-02-01"], true, all));
    let names = member.get(&format!("{SUMMARY}?group=project")).await.json();
    assert_eq!((&names["groups"][1]["name"], &names["groups"][0]["name"]), (&json!("Spring"), &Value::Null));

    for (query, calls, cost) in [
        ("from=2026-02-01".to_owned(), 6, all - 1),
        ("to=2026-01-31".to_owned(), 1, 1),
        ("from=2026-02-10&to=2026-02-10".to_owned(), 3, 123_456_789 + 40_000_000 + 7),
        ("from=2026-02-10T08:00:01Z&to=2026-02-10T09:00:00Z".to_owned(), 1, 40_000_000),
        (format!("project_id={}", project.as_str().expect("an id")), 1, 7),
        (format!("campaign_id={}", member.campaign), 6, all - 7),
        ("kind=text".to_owned(), 1, 7),
        ("model=gpt-image-1".to_owned(), 1, 40_000_000),
        ("model=gpt-image-1&kind=text".to_owned(), 0, 0),
    ] {
        let total = member.get(&format!("{SUMMARY}?{query}")).await.expect(200).json()["total"].clone();
        assert_eq!((&total["calls"], &total["cost_nanos"]), (&json!(calls), &json!(cost)), "{query}");
    }
    assert_eq!(other.get(SUMMARY).await.expect(200).json()["total"]["cost_nanos"], 11);
    app.stop().await;
}

#[tokio::test]
async fn costs_of_what_was_deleted_stay_and_others_are_not_there() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let project = project(&app, &member).await;
    write(&app, &member, project).await;
    let before = member.get(&format!("{SUMMARY}?group=campaign")).await.expect(200).json();
    member.delete(&format!("/api/v1/campaigns/{}", member.campaign)).await.expect(204);
    let hidden = sqlx::query("UPDATE projects SET deleted_at = now() WHERE id = $1");
    hidden.bind(project).execute(app.app.store.pool()).await.expect("deleted");
    assert_eq!(member.get(&format!("{SUMMARY}?group=campaign")).await.expect(200).json(), before);
    assert_eq!(before["groups"][0]["name"], "c");
    for (query, calls) in [(format!("project_id={project}"), 1), (format!("campaign_id={}", member.campaign), 6)] {
        let summary = member.get(&format!("{SUMMARY}?{query}")).await.expect(200).json();
        assert_eq!(summary["total"]["calls"], calls);
        for path in [SUMMARY, HISTORY] {
            other.get(&format!("{path}?{query}")).await.expect_problem(404, "not_found");
        }
    }
    for query in [format!("project_id={}", ProjectId::new()), format!("campaign_id={}", CampaignId::new())] {
        member.get(&format!("{SUMMARY}?{query}")).await.expect_problem(404, "not_found");
    }
    for query in ["group=colour", "kind=poem", "from=x", "campaign_id=7", "from=2026-02-02&to=2026-02-01"] {
        member.get(&format!("{SUMMARY}?{query}")).await.expect_problem(400, "invalid_parameter");
    }
    assert_eq!(app.get(SUMMARY).await.status, 401);
    app.stop().await;
}

#[tokio::test]
async fn every_call_is_listed_once_the_newest_first() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let project = project(&app, &member).await;
    write(&app, &member, project).await;
    Entry::caption(&other, 11, "2026-02-10T08:00:00Z").write(&app, &other).await;

    let (mut calls, mut cursor) = (Vec::<Value>::new(), String::new());
    loop {
        let page = member.get(&format!("{HISTORY}?limit=3{cursor}")).await.expect(200).json();
        calls.extend(page["data"].as_array().cloned().expect("a list"));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let times: Vec<_> = calls.iter().map(|call| call["started_at"].as_str().expect("a time").to_owned()).collect();
    assert_eq!(times.len(), 8);
    assert!(times.is_sorted_by(|later, earlier| later >= earlier), "{times:?}");
    let sum: i64 = calls.iter().map(|call| call["cost_nanos"].as_i64().expect("a cost")).sum();
    assert_eq!(sum, 9_007_199_254_740_993 + 123_456_789 + 40_000_000 + 7 + 1);
    let mut numbers: Vec<_> = calls.iter().map(|call| call["number"].as_i64().expect("a number")).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 8);

    let text = member.get(&format!("{HISTORY}?kind=text")).await.expect(200).json()["data"][0].clone();
    assert_eq!(
        (&text["step"], &text["project_id"], &text["post_id"]),
        (&json!("text"), &json!(project.0), &Value::Null)
    );
    assert!(text["generation_id"].is_string() && text["batch_job_id"].is_null(), "{text}");
    assert_eq!((&text["key"], &text["usage"]["input_tokens"]), (&json!("key-1"), &json!(100)));
    let post = member.get(&format!("{HISTORY}?model=gpt-image-1")).await.expect(200).json()["data"][0].clone();
    assert_eq!((&post["kind"], &post["campaign_id"]), (&json!("post"), &json!(member.campaign.0)));
    assert!(post["batch_job_id"].is_string() && post["post_id"].is_string() && post["generation_id"].is_null());
    let day = member.get(&format!("{HISTORY}?from=2026-02-11&to=2026-02-11")).await.expect(200).json();
    assert_eq!((&day["data"][0]["state"], &day["data"][0]["reserved_nanos"]), (&json!("unknown"), &json!(5_000_001)));
    assert_eq!(day["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(other.get(HISTORY).await.expect(200).json()["data"].as_array().map(Vec::len), Some(1));
    member.get(&format!("{HISTORY}?cursor=x")).await.expect_problem(400, "invalid_cursor");
    app.stop().await;
}

#[tokio::test]
async fn what_a_batch_has_cost_is_what_the_provider_billed() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let mut body = batch_of(6);
    body["posts"][0]["image"] = json!({"size": "1024x1024", "quality": "low"});
    let batch = member.submit(&body).await.expect(202).json();
    let done = member.finished(batch["id"].as_str().expect("an id")).await;
    let billed = crew.provider.bill().total_nanos;
    for group in ["kind", "model", "day", "key", "campaign"] {
        let summary = member.get(&format!("{SUMMARY}?group={group}")).await.expect(200).json();
        assert_eq!(summary["total"]["cost_nanos"], billed, "{group}");
        assert_eq!(groups(&summary).iter().map(|(_, _, cost)| cost).sum::<i64>(), billed, "{group}");
    }
    assert_eq!(done["cost_nanos"], billed);

    member.put("/api/v1/budgets", &json!({"scope": "user", "cap_usd": 1})).await.expect(200);
    let usage = member.get("/api/v1/users/me/usage").await.expect(200).json();
    assert_eq!(usage["month"], Utc::now().format("%Y-%m").to_string());
    assert_eq!((&usage["total"]["cost_nanos"], &usage["posts_made"]), (&json!(billed), &json!(6)));
    assert_eq!(usage["budget"]["remaining_nanos"], 1_000_000_000 - billed);
    assert!(usage["total"]["images"].as_i64().is_some_and(|images| images >= 1), "{usage}");
    let days: i64 =
        usage["days"].as_array().expect("days").iter().map(|day| day["cost_nanos"].as_i64().expect("nanos")).sum();
    assert_eq!(days, billed);
    crew.finish(&app).await;
    app.stop().await;
}

#[tokio::test]
async fn a_month_counts_what_was_made_in_it() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let nothing = member.get("/api/v1/users/me/usage").await.expect(200).json();
    assert_eq!(
        (&nothing["total"]["calls"], &nothing["days"], &nothing["budget"]),
        (&json!(0), &json!([]), &Value::Null)
    );
    assert_eq!((&nothing["posts_made"], &nothing["generations"]), (&json!(0), &json!({})));

    let now = Utc::now().to_rfc3339();
    let (text, _) = Entry { kind: "text", step: "text", campaign: None, ..Entry::caption(&member, 7, &now) }
        .write(&app, &member)
        .await;
    Entry { kind: "text", step: "text", campaign: None, ..Entry::caption(&member, 5, &now) }.write(&app, &member).await;
    Entry::caption(&member, 900, "2024-01-01T00:00:00Z").write(&app, &member).await;
    let pool = app.app.store.pool();
    let ended =
        sqlx::query("UPDATE batch_jobs SET status = 'completed', completed_posts = 1, failed_posts = 0 WHERE id = $1");
    ended.bind(text).execute(pool).await.expect("ended");
    // An old batch of which one post ended now, and one long ago.
    let old = Uuid::now_v7();
    sqlx::query("INSERT INTO batch_jobs (id, campaign_id, user_id, created_by, name, total_posts, completed_posts, created_at) VALUES ($1, $2, $3, $3, 'b', 2, 2, '2024-01-01')")
        .bind(old).bind(member.campaign).bind(member.user).execute(pool).await.expect("a batch");
    for (position, at) in [(0, "2024-01-01T00:00:00Z"), (1, now.as_str())] {
        sqlx::query("INSERT INTO campaign_posts (id, batch_job_id, campaign_id, user_id, position, brand_name, tone, status, generated_caption, finalized_at) VALUES ($1, $2, $3, $4, $5, 'b', 't', 'completed', 'c', $6::text::timestamptz)")
            .bind(Uuid::now_v7()).bind(old).bind(member.campaign).bind(member.user).bind(position).bind(at).execute(pool).await.expect("a post");
    }
    let usage = member.get("/api/v1/users/me/usage").await.expect(200).json();
    assert_eq!((&usage["total"]["cost_nanos"], &usage["total"]["calls"]), (&json!(12), &json!(2)));
    assert_eq!((&usage["total"]["input_tokens"], &usage["days"][0]["cost_nanos"]), (&json!(200), &json!(12)));
    assert_eq!(usage["posts_made"], 1);
    assert_eq!(usage["generations"], json!({"text": {"requested": 2, "completed": 1, "failed": 1}}));
    let others = Member::new(&app).await.get("/api/v1/users/me/usage").await.expect(200).json();
    assert_eq!(others, nothing, "what was made for others is theirs");
    app.stop().await;
}
