//! Artify's calls, as its front ends make them.

use serde_json::{Value, json};

use crate::app::TestApp;
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
    app.stop().await;
}
