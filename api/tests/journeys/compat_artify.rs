//! Artify's calls, as its front ends make them.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::history::Made;
use crate::ledger::Entry;
use crate::member::Member;

#[tokio::test]
async fn segments_are_made_listed_and_deleted_by_number_on_the_old_paths() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    assert_eq!(member.get("/segments").await.expect(200).json(), json!({"segments": []}));
    // As the document writes it: the order of criteria is kept, and they come back as Python spaces them.
    let body: Value = json!({"name": "밀레니얼 부모", "description": "자녀를 둔 30대 부모", "color": "red"});
    let raw =
        body.to_string().replacen('{', r#"{"criteria":{"has_children":true,"age_range":"30-40","tags":["a","b"]},"#, 1);
    let request =
        member.request(reqwest::Method::POST, "/segments").header("content-type", "application/json").body(raw);
    let answer = crate::app::Answer::of(request).await.expect(200);
    assert_eq!(answer.header("x-ignored-fields"), "color");
    let made = answer.json();
    assert_eq!(made["criteria"], r#"{"has_children": true, "age_range": "30-40", "tags": ["a", "b"]}"#);
    assert_eq!((&made["name"], &made["description"]), (&json!("밀레니얼 부모"), &json!("자녀를 둔 30대 부모")));
    assert!(made["id"].is_i64() && made["created_at"].is_string() && made["updated_at"].is_string(), "{made}");

    // What was shown may be sent back.
    let shown = json!({"name": "again", "criteria": made["criteria"]});
    let again = member.post("/segments/", &shown).await.expect(200).json();
    assert_eq!(again["criteria"], made["criteria"]);
    let bare = member.post("/segments", &json!({"name": "bare"})).await.expect(200).json();
    assert_eq!((&bare["criteria"], &bare["description"]), (&json!("{}"), &Value::Null));
    assert_eq!(member.get("/segments").await.expect(200).json(), json!({"segments": [made, again, bare]}));
    assert_eq!(other.get("/segments").await.expect(200).json(), json!({"segments": []}));
    // The canonical list shows the same ones.
    let list = member.get("/api/v1/segments").await.expect(200).json();
    let numbers: Vec<_> = list["data"].as_array().expect("a list").iter().map(|segment| &segment["number"]).collect();
    assert_eq!(numbers, [&bare["id"], &again["id"], &made["id"]]);

    let path = format!("/segments/{}", made["id"]);
    for gone in [other.delete(&path).await, member.delete("/segments/0").await, member.delete("/segments/x").await] {
        assert_eq!(gone.expect_problem(404, "not_found").json()["detail"], "Segment not found");
    }
    assert_eq!(member.delete(&path).await.expect(200).json(), json!({"message": "Segment deleted successfully"}));
    let by_id = format!("/segments/{}", list["data"][0]["id"].as_str().expect("an id"));
    member.delete(&by_id).await.expect(200);
    assert_eq!(member.get("/segments").await.expect(200).json(), json!({"segments": [again]}));
    let bad = member.post("/segments", &json!({"criteria": 3})).await.expect_problem(422, "invalid");
    assert_eq!(bad.errors().len(), 2);
    app.stop().await;
}

#[tokio::test]
async fn the_overview_has_totals_and_rates_in_percent() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let nothing = json!({"total_campaigns": 1, "total_impressions": 0, "total_clicks": 0, "total_conversions": 0,
                         "avg_ctr": 0.0, "avg_conversion_rate": 0.0});
    assert_eq!(member.get("/analytics/overview").await.expect(200).json(), nothing);
    let number: i64 = sqlx::query_scalar(
        "INSERT INTO projects (id, user_id, name) VALUES (gen_random_uuid(), $1, 'p') RETURNING number",
    )
    .bind(member.user)
    .fetch_one(app.app.store.pool())
    .await
    .expect("a project");
    let project: uuid::Uuid =
        sqlx::query_scalar("SELECT id FROM projects").fetch_one(app.app.store.pool()).await.expect("one");
    let figure = |metric: &str, value: u32, at: &str| json!({"metric": metric, "value": value, "project_id": project, "occurred_at": at});
    // Years ago and today: Artify counts over all time.
    let metrics = json!({"metrics": [
        figure("impressions", 150_000, "2019-01-01T00:00:00Z"),
        figure("clicks", 7_500, "2024-11-07T16:00:00Z"),
        figure("conversions", 450, "2024-11-07T16:00:00Z"),
        {"metric": "impressions", "value": 50_000, "campaign_id": member.campaign.0},
    ]});
    member.post("/api/v1/analytics/metrics", &metrics).await.expect(201);
    let whole = member.get("/analytics/overview").await.expect(200).json();
    assert_eq!((&whole["total_impressions"], &whole["avg_ctr"]), (&json!(200_000), &json!(3.75)));
    let expected = json!({"total_campaigns": 0, "total_impressions": 150_000, "total_clicks": 7_500, "total_conversions": 450,
                          "avg_ctr": 5.0, "avg_conversion_rate": 6.0});
    for named in [number.to_string(), project.to_string()] {
        let overview = member.get(&format!("/analytics/overview?project_id={named}")).await.expect(200).json();
        assert_eq!(overview, expected, "{named}");
    }
    for (who, named) in [(&other, number.to_string()), (&member, "999999".to_owned()), (&member, "x".to_owned())] {
        let overview = who.get(&format!("/analytics/overview?project_id={named}")).await.expect(200).json();
        assert_eq!((&overview["total_campaigns"], &overview["total_impressions"]), (&json!(0), &json!(0)), "{named}");
    }
    assert_eq!(other.get("/analytics/overview").await.expect(200).json(), nothing, "others' figures are not counted");
    member.delete(&format!("/api/v1/campaigns/{}", member.campaign)).await.expect(204);
    let whole = member.get("/analytics/overview").await.expect(200).json();
    assert_eq!((&whole["total_campaigns"], &whole["total_impressions"]), (&json!(0), &json!(200_000)));
    app.stop().await;
}

#[tokio::test]
async fn content_is_listed_with_texts_and_links_to_images() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let nothing = json!({"history": [], "total": 0});
    assert_eq!(member.get("/content/history").await.expect(200).json(), nothing);
    Made::text("A slogan", "Good morning!", "2026-02-01T00:00:00Z").write(&app, &member).await;
    let image =
        Made { kind: "image", image: Some("posts/a/image-1.png"), ..Made::text("A loaf", "", "2026-02-02T00:00:00Z") };
    image.write(&app, &member).await;
    let whole = member.get("/content/history").await.expect(200).json();
    assert_eq!(whole["total"], 2);
    let text = &whole["history"][1];
    assert_eq!(
        (&text["content_type"], &text["prompt"], &text["result"], &text["model"]),
        (&json!("text"), &json!("A slogan"), &json!("Good morning!"), &json!("gpt-5-mini"))
    );
    assert!(text["id"].is_i64() && text["created_at"].is_string());
    let link = whole["history"][0]["result"].as_str().expect("a link");
    assert!(link.starts_with(&app.url) && link.contains("posts/a/image-1.png"), "{link}");
    for (query, total, rows) in [
        ("?content_type=text", 1, 1),
        ("?content_type=image&limit=20", 1, 1),
        ("?limit=1", 2, 1),
        ("?content_type=video", 0, 0),
    ] {
        let page = member.get(&format!("/content/history{query}")).await.expect(200).json();
        assert_eq!((&page["total"], page["history"].as_array().map(Vec::len)), (&json!(total), Some(rows)), "{query}");
    }
    assert_eq!(other.get("/content/history").await.expect(200).json(), nothing);
    app.stop().await;
}

#[tokio::test]
async fn costs_are_jobs_with_numbers_and_sums_that_are_exact() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let empty = member.get("/costs/summary").await.expect(200).json();
    assert_eq!(
        (&empty["total_cost"], &empty["total_jobs"], &empty["cost_by_model"]),
        (&json!(0.0), &json!(0), &json!({}))
    );
    assert!(empty["period"]["start"].is_string() && empty["period"]["end"].is_string());

    let text = |cost, at| Entry { kind: "text", step: "text", campaign: None, ..Entry::caption(&member, cost, at) };
    text(106_500, "2026-02-01T00:00:00Z").write(&app, &member).await;
    let image = Entry {
        kind: "image",
        step: "image",
        model: "gpt-image-1",
        usage: None,
        ..text(40_000_000, "2026-02-02T00:00:00Z")
    };
    image.write(&app, &member).await;
    // Judged for nothing: no job. A call that was not billed and not followed by another: one that failed.
    Entry { step: "moderation", model: "judge", ..text(0, "2026-02-03T00:00:00Z") }.write(&app, &member).await;
    Entry { state: "failed", model: "gpt-4", usage: None, ..text(0, "2026-02-04T00:00:00Z") }
        .write(&app, &member)
        .await;
    // For somebody whom the client named; not billed, then served by another model.
    let named = Made { external_user: Some("7"), ..Made::text("Named", "x", "2026-02-05T00:00:00Z") };
    let (batch, part) = named.write(&app, &member).await;
    for (ordinal, model, state, cost) in [(1_i16, "gpt-3.5-turbo", "failed", 0_i64), (2, "gpt-5-mini", "settled", 1)] {
        sqlx::query(
            "INSERT INTO attempts (work_id, step, ordinal, call_id, epoch, revision, user_id, batch_job_id, provider, pool,
                                   key_label, model, state, outcome, reserved_nanos, cost_nanos, usage, duration_ms)
             VALUES ($1, 'text', $2, $3, 1, 1, $4, $5, 'openai', 'main', 'k', $6, $7, CASE $7 WHEN 'settled' THEN 'ok' ELSE 'error' END,
                     100, $8, '{\"input_tokens\": 45, \"output_tokens\": 32}', 2000)",
        )
        .bind(part).bind(ordinal).bind(uuid::Uuid::now_v7()).bind(member.user).bind(batch).bind(model).bind(state).bind(cost)
        .execute(app.app.store.pool())
        .await
        .expect("a call");
    }

    let summary = member.get("/costs/summary").await.expect(200).json();
    assert_eq!(
        (&summary["total_jobs"], &summary["text_jobs"], &summary["image_jobs"]),
        (&json!(4), &json!(3), &json!(1))
    );
    assert_eq!(
        (&summary["total_cost"], &summary["text_cost"], &summary["image_cost"]),
        (&json!(0.040_106_501), &json!(0.000_106_501), &json!(0.04))
    );
    assert_eq!(summary["cost_by_model"], json!({"gpt-4": 0.0, "gpt-5-mini": 0.000_106_501, "gpt-image-1": 0.04}));
    assert_eq!(summary["period"]["start"], "2026-02-01T00:00:00.000000Z");

    let all = member.get("/costs/history").await.expect(200).json();
    assert_eq!(all["total"], 4);
    let jobs = all["history"].as_array().expect("a list");
    let named = &jobs[0];
    assert_eq!(
        (&named["user_id"], &named["prompt"], &named["model"]),
        (&json!(7), &json!("Named"), &json!("gpt-5-mini"))
    );
    assert_eq!(
        (&named["prompt_tokens"], &named["completion_tokens"], &named["total_tokens"]),
        (&json!(45), &json!(32), &json!(77))
    );
    assert_eq!(
        (&named["status"], &named["estimated_cost"], &named["job_type"]),
        (&json!("completed"), &json!(1e-9), &json!("text"))
    );
    assert!(named["id"].is_i64() && named["completed_at"].is_string() && named.get("error_message").is_none());
    let failed = jobs.iter().find(|job| job["model"] == "gpt-4").expect("the failed one");
    assert!(failed["status"] == "failed" && failed["error_message"].is_string(), "{failed}");
    let image = member.get("/costs/history?job_type=image").await.expect(200).json();
    assert_eq!((&image["total"], &image["history"][0]["model"]), (&json!(1), &json!("gpt-image-1")));
    assert!(image["history"][0].get("total_tokens").is_none() && image["history"][0].get("prompt_tokens").is_none());

    let own = app_number(&app, &member).await;
    assert_eq!(image["history"][0]["user_id"], own);
    for (query, jobs) in [
        ("user_id=7".to_owned(), 1),
        (format!("user_id={own}"), 3),
        ("user_id=999".to_owned(), 0),
        ("job_type=video".to_owned(), 0),
    ] {
        assert_eq!(member.get(&format!("/costs/history?{query}")).await.expect(200).json()["total"], jobs, "{query}");
    }
    assert_eq!(member.get("/costs/summary?user_id=7").await.expect(200).json()["total_cost"], 1e-9);
    assert_eq!(
        member.get("/costs/history?limit=2").await.expect(200).json()["history"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(other.get("/costs/history").await.expect(200).json()["total"], 0);
    app.stop().await;
}

async fn app_number(app: &TestApp, member: &Member<'_>) -> i64 {
    let number = sqlx::query_scalar("SELECT number FROM users WHERE id = $1").bind(member.user);
    number.fetch_one(app.app.store.pool()).await.expect("a number")
}
