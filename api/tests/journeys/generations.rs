//! Texts and jobs the whole way: asked for, waited for, found again, cached, cancelled.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use simulator::Fault;
use uuid::Uuid;

use crate::app::{Answer, TestApp};
use crate::crew::Crew;
use crate::member::Member;
use crate::projects::{id_of, project};

const TEXT: &str = "/api/v1/generate/text";

fn slogan() -> Value {
    json!({"prompt": "A slogan for a coffee shop", "tone": "friendly", "keywords": ["coffee"], "max_tokens": 100})
}

impl Member<'_> {
    /// Posts with a header.
    async fn post_with(&self, path: &str, header: (&str, &str), body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).header(header.0, header.1).json(body)).await
    }

    /// The job once it has ended.
    async fn ended(&self, location: &str) -> Value {
        let id = location.rsplit('/').next().expect("an id");
        let path = format!("/api/v1/content/generations/{id}");
        // Asking holds until it has ended.
        let held = Answer::of(self.request(Method::GET, &path).header("Prefer", "wait=30")).await.expect(200).json();
        assert!(!held["completed_at"].is_null(), "{held}");
        self.get(location).await.expect(200).json()
    }
}

#[tokio::test]
async fn a_text_is_written_while_its_caller_waits() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let answer = member.post(TEXT, &slogan()).await.expect(200);
    let text = answer.json();
    assert_eq!((&text["kind"], &text["status"]), (&json!("text"), &json!("completed")), "{text}");
    assert!(text["result"]["text"].as_str().expect("a text").len() > 10, "{text}");
    let usage = &text["usage"];
    assert!(usage["prompt_tokens"].as_i64() > Some(0) && usage["completion_tokens"].as_i64() > Some(0));
    assert!(text["cost_nanos"].as_i64() > Some(0) && text["model"].is_string() && text["number"].as_i64() > Some(0));
    assert!(text["duration_ms"].as_i64() >= Some(0));
    let id = text["id"].as_str().expect("an id");
    assert_eq!(answer.header("location"), format!("/api/v1/jobs/{id}"));
    let again = member.get(&format!("/api/v1/content/generations/{id}")).await.expect(200).json();
    assert_eq!(again, text);
    // It is no batch of posts, whoever asks.
    member.get(&format!("/api/v1/batch-jobs/{id}")).await.expect_problem(404, "not_found");
    member.post(&format!("/api/v1/batch-jobs/{id}/cancel"), &json!({})).await.expect(404);
    let other = Member::new(&app).await;
    other.get(&format!("/api/v1/content/generations/{id}")).await.expect_problem(404, "not_found");
    other.get(&format!("/api/v1/jobs/{id}")).await.expect_problem(404, "not_found");
    crew.finish(&app).await;
}

#[tokio::test]
async fn who_does_not_wait_finds_the_text_under_its_job() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let accepted = member.post_with(TEXT, ("Prefer", "respond-async"), &slogan()).await.expect(202);
    assert_eq!(accepted.json()["status"], "pending");
    // Nobody works yet: a short wait ends with 202, too, and says what was waited.
    let waited = member.post_with(TEXT, ("Prefer", "wait=0"), &slogan()).await.expect(202);
    assert_eq!(waited.header("preference-applied"), "wait=0");
    let crew = Crew::start(&app).await;
    let job = member.ended(accepted.header("location")).await;
    assert_eq!((&job["type"], &job["status"]), (&json!("text"), &json!("completed")), "{job}");
    let result = member.get(job["result_url"].as_str().expect("a link").trim_start_matches(&app.url)).await.expect(200);
    assert_eq!(result.json()["result"], job["result"]);
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_missing_keyword_is_asked_for_again_and_the_best_draft_is_kept_with_a_remark() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let mut body = slogan();
    // No writer can know that word.
    body["keywords"] = json!(["coffee", "qzxqzx"]);
    crew.provider.admin().fault(Fault::chat().contains("qzxqzx").says("Good coffee, good morning."));
    let text = member.post(TEXT, &body).await.expect(200).json();
    assert_eq!(text["result"]["text"], "Good coffee, good morning.");
    assert_eq!(text["result"]["remarks"], json!(["the keyword \"qzxqzx\" is missing"]));
    assert_eq!(text["scores"]["keywords"], 0.5);
    let calls: Vec<(String, String)> =
        sqlx::query_as("SELECT outcome, coalesce(verdict, '') FROM attempts WHERE step = 'text' ORDER BY ordinal")
            .fetch_all(app.app.store.pool())
            .await
            .expect("calls");
    assert_eq!(calls.iter().map(|call| call.0.as_str()).collect::<Vec<_>>(), ["rejected", "rejected", "ok"]);
    assert!(calls[0].1.starts_with("review: the keyword"), "{calls:?}");
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_draft_that_was_paid_for_is_kept_when_no_better_one_can_be_made() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let mut body = slogan();
    body["keywords"] = json!(["coffee", "qzxqzx"]);
    crew.provider.admin().fault(Fault::chat().says("Good coffee, good morning.").times(1));
    // After that the provider refuses to go on.
    crew.provider.admin().fault(Fault::chat().status(400).code("moderation_blocked"));
    let text = member.post(TEXT, &body).await.expect(200).json();
    assert_eq!(text["result"]["text"], "Good coffee, good morning.");
    assert_eq!(text["result"]["remarks"], json!(["the keyword \"qzxqzx\" is missing"]));
    assert_eq!(text["cost_nanos"], crew.provider.bill().total_nanos);
    assert!(crew.provider.bill().calls.len() > 1, "a better one was asked for");
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_model_that_is_asked_again_is_told_of_its_last_draft_only() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let mut body = slogan();
    body["keywords"] = json!(["coffee", "qzxqzx"]);
    let admin = crew.provider.admin();
    for draft in ["Coffee, the first draft.", "Coffee, the second draft."] {
        admin.fault(Fault::chat().says(draft).times(1));
    }
    admin.fault(Fault::chat().contains("the first draft").says("The coffee qzxqzx remembers everything."));
    admin.fault(Fault::chat().contains("the second draft").says("The coffee qzxqzx knows its last cup."));
    let text = member.post(TEXT, &body).await.expect(200).json();
    assert_eq!(text["result"]["text"], "The coffee qzxqzx knows its last cup.");
    crew.finish(&app).await;
}

#[tokio::test]
async fn an_identical_request_is_answered_from_the_cache_if_its_caller_wants_that() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let cached = ("X-Cache-TTL", "60");
    let first = member.post_with(TEXT, cached, &slogan()).await.expect(200);
    assert_eq!((first.header("x-cache"), first.header("x-cache-ttl")), ("miss", "60"));
    let second = member.post_with(TEXT, cached, &slogan()).await.expect(200);
    assert_eq!((second.header("x-cache"), second.header("x-cache-key")), ("hit", first.header("x-cache-key")));
    assert_eq!(second.json(), first.json());
    // By default nothing is answered twice, and nobody is answered with another's.
    let third = member.post(TEXT, &slogan()).await.expect(200);
    assert_eq!(third.header("x-cache"), "");
    assert_ne!(third.json()["id"], first.json()["id"]);
    let other = Member::new(&app).await;
    let foreign = other.post_with(TEXT, cached, &slogan()).await.expect(200);
    assert_eq!(foreign.header("x-cache"), "miss");
    member.post_with(TEXT, ("X-Cache-TTL", "soon"), &slogan()).await.expect_problem(400, "invalid_parameter");
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_key_names_one_generation() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let key = ("Idempotency-Key", "slogan-1");
    let first = member.post_with(TEXT, key, &slogan()).await.expect(200).json();
    let again = member.post_with(TEXT, key, &slogan()).await.expect(200);
    assert_eq!((again.header("idempotent-replay"), &again.json()["id"]), ("true", &first["id"]));
    for (field, value) in [
        ("tone", json!("stern")),
        ("budget_usd", json!(1)),
        ("project_id", json!(Uuid::now_v7())),
        ("campaign_id", json!(Uuid::now_v7())),
        ("segment_id", json!(7)),
    ] {
        let mut other = slogan();
        other[field] = value;
        member.post_with(TEXT, key, &other).await.expect_problem(422, "idempotency_key_reused");
    }
    // On the old path other models are asked.
    member.post_with("/generate/text", key, &slogan()).await.expect_problem(422, "idempotency_key_reused");
    let render = "/api/v1/content/product-render";
    let key = ("Idempotency-Key", "tin-1");
    // Its budget is too small for it: it ends without a call.
    let mut tin = json!({"product_name": "Bread tin", "budget_usd": 0});
    member.post_with(render, key, &tin).await.expect_problem(402, "budget_exceeded");
    tin["asset_id"] = json!(Uuid::now_v7());
    member.post_with(render, key, &tin).await.expect_problem(422, "idempotency_key_reused");
    crew.finish(&app).await;
}

#[tokio::test]
async fn the_cache_tells_apart_all_that_an_answer_depends_on() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let project = project(&member, "Spring").await;
    let asked = async |field: &str, value: Value| {
        let mut body = slogan();
        body[field] = value;
        let request = member.request(Method::POST, TEXT).header("X-Cache-TTL", "60").header("Prefer", "wait=0");
        Answer::of(request.json(&body)).await.expect(202).header("x-cache").to_owned()
    };
    assert_eq!(asked("tone", json!("friendly")).await, "miss");
    assert_eq!(asked("tone", json!("friendly")).await, "hit", "also while it is being made");
    assert_eq!(asked("tone", json!("stern")).await, "miss");
    assert_eq!(asked("campaign_id", json!(member.campaign)).await, "miss");
    assert_eq!(asked("project_id", json!(id_of(&project))).await, "miss");
    assert_eq!(asked("project_id", json!(id_of(&project))).await, "hit");
    member.put(&format!("{project}/brand-kit"), &json!({"voice": "Warm."})).await.expect(200);
    assert_eq!(asked("project_id", json!(id_of(&project))).await, "miss", "prompts are given another kit");
    app.stop().await;
}

#[tokio::test]
async fn what_a_request_names_is_the_callers_and_is_still_there() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let (project, theirs) = (project(&member, "Spring").await, project(&other, "Summer").await);
    let asked = async |field: &str, id: &str| {
        let mut body = slogan();
        body[field] = json!(id);
        member.post_with(TEXT, ("Prefer", "respond-async"), &body).await
    };
    let campaign = member.campaign.to_string();
    asked("project_id", id_of(&project)).await.expect(202);
    asked("campaign_id", &campaign).await.expect(202);
    asked("project_id", id_of(&theirs)).await.expect_problem(404, "not_found");
    asked("campaign_id", &other.campaign.to_string()).await.expect_problem(404, "not_found");
    member.delete(&project).await.expect(204);
    asked("project_id", id_of(&project)).await.expect_problem(404, "not_found");
    member.delete(&format!("/api/v1/campaigns/{campaign}")).await.expect(204);
    asked("campaign_id", &campaign).await.expect_problem(404, "not_found");
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM generations").fetch_one(app.app.store.pool()).await.expect("a count");
    assert_eq!(count, 2);
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_named_and_nothing_is_written() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let bad = json!({"tone": 3, "keywords": ["", 5], "max_tokens": 0, "project_id": "7", "sise": 1});
    let named = |prefix: &str| {
        let at = |field: &str, code: &str| (format!("{prefix}/{field}"), code.to_owned());
        vec![
            at("prompt", "required"),
            at("tone", "wrong_type"),
            at("keywords/0", "blank"),
            at("keywords/1", "wrong_type"),
            at("max_tokens", "out_of_range"),
            at("project_id", "invalid"),
            at("sise", "unknown_field"),
        ]
    };
    let answer = member.post(TEXT, &bad).await.expect_problem(422, "invalid");
    assert_eq!(answer.errors(), named(""));
    let answer = member.post("/api/v1/jobs", &json!({"type": "text", "parameters": bad})).await;
    assert_eq!(answer.expect_problem(422, "invalid").errors(), named("/parameters"));
    let answer = member.post("/api/v1/jobs", &json!({"type": "post", "parameters": {}})).await;
    assert_eq!(answer.expect_problem(422, "invalid").errors(), [("/type".to_owned(), "invalid".to_owned())]);
    let mut strange = slogan();
    strange["project_id"] = json!(Uuid::now_v7());
    member.post(TEXT, &strange).await.expect_problem(404, "not_found");
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM generations").fetch_one(app.app.store.pool()).await.expect("a count");
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_job_that_waits_is_cancelled_and_never_runs() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let body = json!({"type": "text", "parameters": slogan()});
    let job = member.post("/api/v1/jobs", &body).await.expect(202);
    let location = job.header("location").to_owned();
    let listed = member.get("/api/v1/jobs?type=text&status=pending").await.expect(200).json();
    assert_eq!(listed["data"][0]["id"], job.json()["id"]);
    assert_eq!(member.get("/api/v1/jobs?status=completed").await.expect(200).json()["data"], json!([]));
    member.get("/api/v1/jobs?status=done").await.expect_problem(400, "invalid_parameter");
    // A project that is named beside the parameters is the one that counts.
    let named = id_of(&project(&member, "Spring").await).to_owned();
    let of_project = json!({"type": "text", "parameters": slogan(), "project_id": named});
    assert_eq!(member.post("/api/v1/jobs", &of_project).await.expect(202).json()["project_id"], json!(named));
    let of_project = member.get(&format!("/api/v1/jobs?project_id={named}")).await.expect(200).json();
    assert_eq!(of_project["data"].as_array().map(Vec::len), Some(1));
    let other = Member::new(&app).await;
    other.delete(&location).await.expect_problem(404, "not_found");
    assert_eq!(other.get("/api/v1/jobs").await.expect(200).json()["data"], json!([]));
    assert_eq!(member.delete(&location).await.expect(200).json()["status"], "cancelled");
    member.delete(&location).await.expect_problem(409, "wrong_state");
    let crew = Crew::start(&app).await;
    // What comes after it is made, and it was not.
    member.post(TEXT, &slogan()).await.expect(200);
    let calls: i64 = sqlx::query_scalar("SELECT count(*) FROM attempts WHERE batch_job_id::text = $1")
        .bind(job.json()["id"].as_str())
        .fetch_one(app.app.store.pool())
        .await
        .expect("a count");
    assert_eq!(calls, 0);
    assert_eq!(member.get(&location).await.expect(200).json()["status"], "cancelled");
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_generation_that_a_budget_has_no_room_for_costs_nothing() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let mut body = slogan();
    body["budget_usd"] = json!(0.0);
    let refused = member.post(TEXT, &body).await.expect_problem(402, "budget_exceeded");
    let job = member.get(refused.header("location")).await.expect(200).json();
    assert_eq!((&job["status"], &job["error_class"]), (&json!("failed"), &json!("budget_exceeded")));
    assert_eq!(crew.provider.bill().calls.len(), 0);
    crew.finish(&app).await;
}

#[tokio::test]
async fn who_waits_is_answered_when_the_work_the_session_or_the_process_ends() {
    let app = TestApp::start().await;
    let (member, other, third) = (Member::new(&app).await, Member::new(&app).await, Member::new(&app).await);
    // Nobody works: without what happens below they would be held for a minute.
    let ask = |member: &Member<'_>| tokio::spawn(Answer::of(member.request(Method::POST, TEXT).json(&slogan())));
    let (first, second, last) = (ask(&member), ask(&other), ask(&third));
    let all = async {
        let count = "SELECT count(*) FROM generations";
        while sqlx::query_scalar::<_, i64>(count).fetch_one(app.app.store.pool()).await.expect("a count") < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let soon = Duration::from_secs(20);
    tokio::time::timeout(soon, all).await.expect("all are placed");
    app.app.sessions.revoke([member.session]);
    let ended = tokio::time::timeout(soon, first).await.expect("answered soon").expect("an answer");
    ended.expect_problem(401, "session_ended");
    // No event tells of it.
    let cancelled = sqlx::query(
        "UPDATE batch_jobs SET status = 'cancelled', cancelled_posts = total_posts, finished_at = now()
         WHERE user_id = $1",
    );
    cancelled.bind(third.user).execute(app.app.store.pool()).await.expect("cancelled");
    let cancelled = tokio::time::timeout(soon, last).await.expect("answered soon").expect("an answer");
    cancelled.expect_problem(409, "cancelled");
    app.app.stopping.cancel();
    let stopped = tokio::time::timeout(soon, second).await.expect("answered soon").expect("an answer");
    assert_eq!(stopped.expect(202).json()["status"], "pending");
}
