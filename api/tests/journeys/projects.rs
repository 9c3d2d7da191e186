//! Projects: what belongs to them, and what all of it has cost.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Answer, TestApp};
use crate::crew::Crew;
use crate::member::Member;

/// Makes a project and answers its path.
pub(crate) async fn project(member: &Member<'_>, name: &str) -> String {
    let made = member.post("/api/v1/projects", &json!({"name": name})).await.expect(201);
    let path = format!("/api/v1/projects/{}", made.json()["id"].as_str().expect("an id"));
    assert_eq!(made.header("location"), path);
    path
}

/// The id at the end of a path.
pub(crate) fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Moves the member's campaign into a project.
pub(crate) async fn adopt(member: &Member<'_>, project: &str) {
    let path = format!("/api/v1/campaigns/{}", member.campaign);
    let changed = member.put(&path, &json!({"project_id": id_of(project)})).await.expect(200).json();
    assert_eq!(changed["project_id"], id_of(project));
}

#[tokio::test]
async fn a_project_is_made_read_changed_and_deleted() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let path = project(&member, " Spring launch ").await;
    let view = member.get(&path).await.expect(200).json();
    assert_eq!(
        (&view["name"], &view["status"], &view["description"], &view["user_id"]),
        (&json!("Spring launch"), &json!("draft"), &Value::Null, &json!(member.user.to_string()))
    );
    assert_eq!(
        (&view["campaigns"], &view["generations"], &view["cost_nanos"], &view["cost_usd"]),
        (&json!(0), &json!(0), &json!(0), &json!(0.0))
    );
    assert!(view["number"].as_i64().expect("a number") > 0);
    let change = json!({"description": "All of spring", "status": "active"});
    let changed = member.put(&format!("{path}/"), &change).await.expect(200).json();
    assert_eq!((&changed["name"], &changed["status"]), (&json!("Spring launch"), &json!("active")));
    let changed = member.put(&path, &json!({"description": null, "name": "Summer"})).await.expect(200).json();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Summer"), &Value::Null));
    Answer::of(member.request(Method::DELETE, &path)).await.expect(204);
    for gone in [
        member.get(&path).await,
        member.put(&path, &json!({"name": "x"})).await,
        Answer::of(member.request(Method::DELETE, &path)).await,
    ] {
        gone.expect_problem(404, "not_found");
    }
    assert_eq!(member.get("/api/v1/projects/").await.expect(200).json()["data"], json!([]));
}

#[tokio::test]
async fn a_key_makes_one_project_and_everything_wrong_is_said_at_once() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let send = |body: Value| {
        let request = member.request(Method::POST, "/api/v1/projects").header("idempotency-key", "spring");
        Answer::of(request.json(&body))
    };
    let bad = json!({"name": "x".repeat(256), "status": "s".repeat(51), "description": 1, "colour": "red"});
    let mut errors = send(bad).await.expect_problem(422, "invalid").errors();
    errors.sort();
    let expected =
        [("/colour", "unknown_field"), ("/description", "wrong_type"), ("/name", "too_long"), ("/status", "too_long")];
    assert_eq!(errors, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    let first = send(json!({"name": "Spring"})).await.expect(201);
    let again = send(json!({"name": "Spring"})).await.expect(201);
    assert_eq!((again.header("idempotent-replay"), again.json()), ("true", first.json()));
    assert_eq!(again.header("location"), first.header("location"));
    send(json!({"name": "Summer"})).await.expect_problem(422, "idempotency_key_reused");
    let page = member.get("/api/v1/projects").await.expect(200).json();
    assert_eq!(page["data"].as_array().expect("a list").len(), 1);
}

#[tokio::test]
async fn a_list_of_projects_is_walked_page_by_page() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(id_of(&project(&member, &format!("Project {number}")).await).to_owned());
    }
    made.reverse();
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = member.get(&format!("/api/v1/projects?limit=2{cursor}")).await.expect(200).json();
        let data = page["data"].as_array().expect("a list");
        walked.extend(data.iter().map(|project| project["id"].as_str().expect("an id").to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(walked, made);
}

#[tokio::test]
async fn another_users_project_is_not_there() {
    let app = TestApp::start().await;
    let (owner, other) = (Member::new(&app).await, Member::new(&app).await);
    let path = project(&owner, "Spring").await;
    let campaign = format!("/api/v1/campaigns/{}", other.campaign);
    let new = |project: &str| json!({"name": "c", "brand_name": "b", "project_id": project});
    for path in [path.clone(), format!("/api/v1/projects/{}", Uuid::now_v7())] {
        other.get(&path).await.expect_problem(404, "not_found");
        other.put(&path, &json!({"name": "mine"})).await.expect_problem(404, "not_found");
        Answer::of(other.request(Method::DELETE, &path)).await.expect_problem(404, "not_found");
        other.get(&format!("{path}/brand-kit")).await.expect_problem(404, "not_found");
        other.put(&format!("{path}/brand-kit"), &json!({"voice": "x"})).await.expect_problem(404, "not_found");
        let kit = other.request(Method::DELETE, &format!("{path}/brand-kit"));
        Answer::of(kit).await.expect_problem(404, "not_found");
        for refused in [
            other.post("/api/v1/campaigns", &new(id_of(&path))).await,
            other.put(&campaign, &json!({"project_id": id_of(&path)})).await,
        ] {
            let refused = refused.expect_problem(422, "invalid");
            assert_eq!(refused.errors(), [("/project_id".to_owned(), "not_found".to_owned())]);
        }
    }
    let refused = other.post("/api/v1/campaigns", &new("7")).await.expect_problem(422, "invalid");
    assert_eq!(refused.errors(), [("/project_id".to_owned(), "invalid".to_owned())]);
    assert_eq!(other.get("/api/v1/projects").await.expect(200).json()["data"], json!([]));
    assert_eq!(owner.get(&path).await.expect(200).json()["name"], "Spring");
}

#[tokio::test]
async fn campaigns_belong_to_a_project_and_are_listed_by_it() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let path = project(&member, "Spring").await;
    let new = json!({"name": "Inside", "brand_name": "b", "project_id": id_of(&path)});
    let inside = member.post("/api/v1/campaigns", &new).await.expect(201).json();
    assert_eq!(inside["project_id"], id_of(&path));
    let ids = async |query: &str| {
        let page = member.get(&format!("/api/v1/campaigns{query}")).await.expect(200).json();
        let data = page["data"].as_array().cloned().expect("a list");
        data.iter().map(|campaign| campaign["id"].clone()).collect::<Vec<_>>()
    };
    let by_project = format!("?project_id={}", id_of(&path));
    assert_eq!(ids(&by_project).await, [inside["id"].clone()]);
    assert_eq!(ids("").await.len(), 2);
    adopt(&member, &path).await;
    assert_eq!(ids(&by_project).await.len(), 2);
    assert_eq!(member.get(&path).await.expect(200).json()["campaigns"], 2);
    let campaign = format!("/api/v1/campaigns/{}", member.campaign);
    assert_eq!(member.put(&campaign, &json!({"name": "c"})).await.expect(200).json()["project_id"], id_of(&path));
    let out = member.put(&campaign, &json!({"project_id": null})).await.expect(200).json();
    assert_eq!(out["project_id"], Value::Null);
    assert_eq!(ids(&by_project).await, [inside["id"].clone()]);
    assert_eq!(member.get(&path).await.expect(200).json()["campaigns"], 1);
    member.delete(&format!("/api/v1/campaigns/{}", inside["id"].as_str().expect("an id"))).await.expect(204);
    assert_eq!(member.get(&path).await.expect(200).json()["campaigns"], 0, "a deleted one is not counted");
    member.get("/api/v1/campaigns?project_id=7").await.expect_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn what_a_deleted_project_has_cost_stays_and_its_campaigns_go_on() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let path = project(&member, "Spring").await;
    adopt(&member, &path).await;
    let batch = member.batch(2).await;
    member.finished(&batch).await;
    let view = member.get(&path).await.expect(200).json();
    assert_eq!(view["cost_nanos"], crew.provider.bill().total_nanos);
    assert!(view["cost_nanos"].as_i64().expect("a sum") > 0);
    assert_eq!((&view["campaigns"], &view["generations"]), (&json!(1), &json!(0)), "batches are no generations");

    Answer::of(member.request(Method::DELETE, &path)).await.expect(204);
    let project_id = id_of(&path);
    let new = json!({"name": "Late", "brand_name": "b", "project_id": project_id});
    let refused = member.post("/api/v1/campaigns", &new).await.expect_problem(422, "invalid");
    assert_eq!(refused.errors(), [("/project_id".to_owned(), "not_found".to_owned())]);
    let campaign = format!("/api/v1/campaigns/{}", member.campaign);
    let view = member.get(&campaign).await.expect(200).json();
    assert_eq!(view["project_id"], project_id);
    member.put(&campaign, &json!({"name": "On", "project_id": project_id})).await.expect(200);
    let batch = member.batch(1).await;
    member.finished(&batch).await;
    let cost: i64 = sqlx::query_scalar(
        "SELECT sum(a.cost_nanos)::bigint FROM attempts a JOIN batch_jobs b ON b.id = a.batch_job_id
         WHERE b.project_id = $1::uuid",
    )
    .bind(project_id)
    .fetch_one(app.app.store.pool())
    .await
    .expect("a sum");
    assert_eq!(cost, crew.provider.bill().total_nanos, "nothing is lost, and what comes later counts too");
    crew.finish(&app).await;
}
