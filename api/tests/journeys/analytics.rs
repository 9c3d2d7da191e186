//! Figures come in, once each, and are summed by project, campaign and day.

use chrono::{Days, SecondsFormat, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::{CampaignId, ProjectId};
use uuid::Uuid;

use crate::app::{Answer, TestApp};
use crate::history::Made;
use crate::member::Member;

const METRICS: &str = "/api/v1/analytics/metrics";
const OVERVIEW: &str = "/api/v1/analytics/overview";

/// A project of the member's, which the member's campaign belongs to from now on.
async fn project(app: &TestApp, member: &Member<'_>) -> ProjectId {
    let project = ProjectId::new();
    let pool = app.app.store.pool();
    let made = sqlx::query("INSERT INTO projects (id, user_id, name) VALUES ($1, $2, 'p')");
    made.bind(project).bind(member.user).execute(pool).await.expect("a project");
    let joined = sqlx::query("UPDATE campaigns SET project_id = $1 WHERE id = $2");
    joined.bind(project).bind(member.campaign).execute(pool).await.expect("joined");
    project
}

/// Another campaign of the member's, of no project.
async fn lone_campaign(app: &TestApp, member: &Member<'_>) -> CampaignId {
    let campaign = CampaignId::new();
    let made = sqlx::query("INSERT INTO campaigns (id, user_id, name, brand_name) VALUES ($1, $2, 'c', 'b')");
    made.bind(campaign).bind(member.user).execute(app.app.store.pool()).await.expect("a campaign");
    campaign
}

async fn recorded(app: &TestApp) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM metrics").fetch_one(app.app.store.pool()).await.expect("a count")
}

fn totals(impressions: i64, clicks: i64, conversions: i64, ctr: f64, conversion_rate: f64) -> Value {
    json!({"impressions": impressions, "clicks": clicks, "conversions": conversions, "ctr": ctr, "conversion_rate": conversion_rate})
}

#[tokio::test]
async fn figures_of_a_post_count_for_its_campaign_and_its_project() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let (project, lone) = (project(&app, &member).await, lone_campaign(&app, &member).await);
    let batch = member.batch(1).await;
    let post = &member.posts(&batch).await[0]["id"];
    let campaign = member.campaign.0;
    let body = json!({"metrics": [
        {"metric": "impressions", "value": 100, "post_id": post},
        {"metric": "clicks", "value": 40, "post_id": post, "campaign_id": campaign, "project_id": project},
        {"metric": "impressions", "value": 50, "campaign_id": campaign},
        {"metric": "impressions", "value": 250, "project_id": project},
        {"metric": "conversions", "value": 3, "project_id": project},
        {"metric": "impressions", "value": 1_000, "campaign_id": lone},
    ]});
    let answer = member.post(METRICS, &body).await.expect(201).json();
    assert_eq!(answer, json!({"recorded": 6, "duplicates": 0}));
    // One by itself, without a list around it.
    member.post(METRICS, &json!({"metric": "clicks", "value": 2, "campaign_id": lone})).await.expect(201);

    for (query, expected) in [
        (format!("?campaign_id={campaign}"), totals(150, 40, 0, 40.0 * 100.0 / 150.0, 0.0)),
        (format!("?project_id={project}"), totals(400, 40, 3, 10.0, 7.5)),
        (format!("?campaign_id={lone}&project_id={project}"), totals(0, 0, 0, 0.0, 0.0)),
        (String::new(), totals(1_400, 42, 3, 3.0, 3.0 * 100.0 / 42.0)),
    ] {
        let overview = member.get(&format!("{OVERVIEW}{query}")).await.expect(200).json();
        assert_eq!(overview["totals"], expected, "{query}");
        let days = overview["days"].as_array().expect("days");
        assert_eq!(days.len(), 30);
        assert_eq!(days[29]["day"], Utc::now().date_naive().to_string());
        assert_eq!(days[29]["impressions"], expected["impressions"]);
        assert_eq!(days[28]["impressions"], 0);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_series_has_every_day_of_its_range_in_utc() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let campaign = member.campaign.0;
    let at = |time: &str, value: i64| json!({"metric": "clicks", "value": value, "campaign_id": campaign, "occurred_at": time});
    let body = json!({"metrics": [
        at("2026-02-27T23:59:59.999999Z", 1),
        at("2026-02-28T00:00:00Z", 2),
        // The last hour of the month in UTC, March already where it was counted.
        at("2026-03-01T00:30:00+01:00", 4),
        at("2026-03-02T12:00:00Z", 8),
        at("2026-03-03T00:00:00Z", 16),
    ]});
    member.post(METRICS, &body).await.expect(201);
    let overview = member.get(&format!("{OVERVIEW}?from=2026-02-28&to=2026-03-02")).await.expect(200).json();
    let days: Vec<_> =
        overview["days"].as_array().expect("days").iter().map(|day| (&day["day"], &day["clicks"])).collect();
    let expected =
        [("2026-02-28", 6), ("2026-03-01", 0), ("2026-03-02", 8)].map(|(day, clicks)| (json!(day), json!(clicks)));
    assert_eq!(days, expected.iter().map(|(day, clicks)| (day, clicks)).collect::<Vec<_>>());
    assert_eq!(overview["totals"]["clicks"], 14);
    assert_eq!(
        (&overview["from"], &overview["to"]),
        (&json!("2026-02-28T00:00:00.000000Z"), &json!("2026-03-03T00:00:00.000000Z"))
    );

    let leap = member.get(&format!("{OVERVIEW}?from=2024-01-01&to=2024-12-31")).await.expect(200).json();
    assert_eq!(leap["days"].as_array().map(Vec::len), Some(366));
    for bad in [
        "from=2024-01-01&to=2025-01-01",
        "from=2026-03-02&to=2026-03-01",
        "from=soon",
        "from=2999-01-01",
        "project_id=7",
    ] {
        member.get(&format!("{OVERVIEW}?{bad}")).await.expect_problem(400, "invalid_parameter");
    }
    app.stop().await;
}

#[tokio::test]
async fn many_senders_of_the_same_figures_count_them_once() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let figure = |n: usize| json!({"metric": "clicks", "value": n, "campaign_id": member.campaign.0, "external_id": format!("ad-{n:03}")});
    let forward: Vec<Value> = (0..200).map(figure).collect();
    let backward: Vec<Value> = forward.iter().rev().cloned().collect();
    let senders = (0..8).map(|n| {
        let metrics = if n % 2 == 0 { &forward } else { &backward };
        let body = json!({"metrics": metrics});
        let member = &member;
        async move { member_post(member, &body).await }
    });
    let answers = futures::future::join_all(senders).await;
    let sum = |field: &str| answers.iter().map(|answer| answer[field].as_u64().expect("a count")).sum::<u64>();
    assert_eq!((sum("recorded"), sum("duplicates")), (200, 1_400));
    assert_eq!(recorded(&app).await, 200);
    let overview = member.get(OVERVIEW).await.expect(200).json();
    assert_eq!(overview["totals"]["clicks"], (0..200).sum::<i32>());
    // Names are each sender's own.
    let other = Member::new(&app).await;
    let body = json!({"metric": "clicks", "value": 9, "campaign_id": other.campaign.0, "external_id": "ad-001"});
    assert_eq!(other.post(METRICS, &body).await.expect(201).json()["recorded"], 1);
    app.stop().await;
}

async fn member_post(member: &Member<'_>, body: &Value) -> Value {
    let answer = member.post(METRICS, body).await;
    assert!(answer.status == 200 || answer.status == 201, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn another_figure_under_a_known_name_is_a_conflict_and_nothing_is_written() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let lone = lone_campaign(&app, &member).await;
    let figure = |name: &str, value: i64| json!({"metric": "clicks", "value": value, "campaign_id": member.campaign.0, "external_id": name});
    let first = member.post(METRICS, &json!({"metrics": [figure("a", 1), figure("a", 1)]})).await.expect(201).json();
    assert_eq!(first, json!({"recorded": 1, "duplicates": 1}));
    assert_eq!(member.post(METRICS, &figure("a", 1)).await.expect(200).json(), json!({"recorded": 0, "duplicates": 1}));

    let mut elsewhere = figure("a", 1);
    elsewhere["campaign_id"] = json!(lone);
    let mut earlier = figure("a", 1);
    earlier["occurred_at"] = json!("2026-01-01T00:00:00Z");
    let body = json!({"metrics": [figure("b", 5), figure("a", 2), figure("a", 1), elsewhere, earlier, figure("c", 1), figure("c", 2)]});
    let problem = member.post(METRICS, &body).await.expect_problem(409, "taken");
    let pointers: Vec<String> = problem.errors().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(
        pointers,
        ["/metrics/1", "/metrics/3", "/metrics/4", "/metrics/6"].map(|at| format!("{at}/external_id"))
    );
    assert_eq!(recorded(&app).await, 1);
    let one = member.post(METRICS, &figure("a", 2)).await.expect_problem(409, "taken");
    assert_eq!(one.errors(), [("/external_id".to_owned(), "taken".to_owned())]);

    let keyed = || {
        Answer::of(
            member
                .request(Method::POST, METRICS)
                .header("idempotency-key", "k")
                .json(&json!({"metric": "clicks", "value": 7, "campaign_id": lone})),
        )
    };
    assert_eq!(keyed().await.expect(201).json(), keyed().await.expect(201).json());
    assert_eq!(recorded(&app).await, 2);
    app.stop().await;
}

#[tokio::test]
async fn figures_about_what_is_not_ones_own_are_refused() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let (own, theirs) = (project(&app, &member).await, project(&app, &other).await);
    let lone = lone_campaign(&app, &member).await;
    let batch = other.batch(1).await;
    let post = other.posts(&batch).await[0]["id"].clone();
    let mine = member.batch(1).await;
    let my_post = member.posts(&mine).await[0]["id"].clone();
    let clicks = |more: Value| {
        let mut body = json!({"metric": "clicks", "value": 1});
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    };
    let tomorrow = (Utc::now() + TimeDelta::hours(25)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let body = json!({"metrics": [
        clicks(json!({"project_id": theirs})),
        clicks(json!({"campaign_id": other.campaign.0})),
        clicks(json!({"post_id": post})),
        clicks(json!({"campaign_id": lone, "post_id": my_post})),
        clicks(json!({"project_id": own, "campaign_id": lone})),
        clicks(json!({"project_id": own})),
        clicks(json!({"project_id": Uuid::now_v7(), "campaign_id": Uuid::now_v7()})),
    ]});
    let mut errors = member.post(METRICS, &body).await.expect_problem(422, "invalid").errors();
    errors.sort();
    let pointers: Vec<_> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/metrics/0/project_id",
            "/metrics/1/campaign_id",
            "/metrics/2/post_id",
            "/metrics/3/campaign_id",
            "/metrics/4/project_id",
            "/metrics/6/campaign_id",
            "/metrics/6/project_id",
        ]
    );
    let ahead = clicks(json!({"project_id": own, "occurred_at": tomorrow}));
    let errors = member.post(METRICS, &ahead).await.expect_problem(422, "invalid").errors();
    assert_eq!(errors, [("/occurred_at".to_owned(), "out_of_range".to_owned())]);
    let soon = (Utc::now() + TimeDelta::hours(23)).to_rfc3339_opts(SecondsFormat::Secs, true);
    member.post(METRICS, &clicks(json!({"project_id": own, "occurred_at": soon}))).await.expect(201);
    assert_eq!(recorded(&app).await, 1);

    for query in [format!("project_id={theirs}"), format!("campaign_id={}", other.campaign)] {
        member.get(&format!("{OVERVIEW}?{query}")).await.expect_problem(404, "not_found");
    }
    let day = (Utc::now().date_naive() + Days::new(1)).to_string();
    let overview = other.get(&format!("{OVERVIEW}?to={day}")).await.expect(200).json();
    assert_eq!(overview["totals"], totals(0, 0, 0, 0.0, 0.0), "others' figures are not counted");
    app.stop().await;
}

#[tokio::test]
async fn figures_about_what_was_deleted_or_is_no_post_are_refused() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let project = project(&app, &member).await;
    let (_, part) = Made::text("A slogan", "Good morning!", "2026-02-01T00:00:00Z").write(&app, &member).await;
    member.delete(&format!("/api/v1/projects/{project}")).await.expect(204);
    member.delete(&format!("/api/v1/campaigns/{}", member.campaign)).await.expect(204);
    let body = json!({"metrics": [
        {"metric": "clicks", "value": 1, "project_id": project},
        {"metric": "clicks", "value": 1, "campaign_id": member.campaign},
        {"metric": "clicks", "value": 1, "post_id": part},
    ]});
    let errors = member.post(METRICS, &body).await.expect_problem(422, "invalid").errors();
    let pointers: Vec<_> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/metrics/0/project_id", "/metrics/1/campaign_id", "/metrics/2/post_id"]);
    assert_eq!(recorded(&app).await, 0);
    app.stop().await;
}

#[tokio::test]
async fn a_known_name_stands_for_one_figure_of_one_thing() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let (first, second) = (project(&app, &member).await, project(&app, &member).await);
    let batch = member.batch(2).await;
    let posts = member.posts(&batch).await;
    let of_project =
        |project: ProjectId| json!({"metric": "clicks", "value": 1, "project_id": project, "external_id": "a"});
    let of_post =
        |post: usize| json!({"metric": "clicks", "value": 1, "post_id": posts[post]["id"], "external_id": "b"});
    let mut impressions = of_project(first);
    impressions["metric"] = json!("impressions");
    for (known, others) in [(of_project(first), vec![impressions, of_project(second)]), (of_post(0), vec![of_post(1)])]
    {
        member.post(METRICS, &known).await.expect(201);
        member.post(METRICS, &known).await.expect(200);
        for other in others {
            member.post(METRICS, &other).await.expect_problem(409, "taken");
        }
    }
    assert_eq!(recorded(&app).await, 2);
    app.stop().await;
}
