//! Every operation that writes, made with one connection to the database: a request that waited for a second one while it
//! holds the first would wait for itself.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::assets::{png, upload};
use crate::crew::Crew;
use crate::member::{Member, batch_of};

/// The operations that were called, by a member or by a user with a token of their own.
struct Walk<'a> {
    app: &'a TestApp,
    token: String,
    called: BTreeSet<String>,
}

impl Walk<'_> {
    /// Calls `operation`, a method and a path as the document writes it, with its parameters filled in from `ids`.
    async fn call(&mut self, operation: &str, ids: &[&str], body: Value, status: u16) -> Value {
        let (method, template) = operation.split_once(' ').expect("a method and a path");
        self.called.insert(operation.to_owned());
        let path = ids.iter().fold(template.to_owned(), |path, id| path.replacen("{id}", id, 1));
        let method: Method = method.parse().expect("a method");
        let request = self.app.request(method, &path).bearer_auth(&self.token).header("Prefer", "wait=0");
        let request = request.header("Idempotency-Key", format!("key-{}", self.called.len()));
        let answer = Answer::of(if body.is_null() { request } else { request.json(&body) }).await;
        assert_eq!(answer.status.as_u16(), status, "{operation}: {}", answer.text);
        serde_json::from_str(&answer.text).unwrap_or_default()
    }

    async fn made(&mut self, operation: &str, ids: &[&str], body: Value, status: u16) -> String {
        let view = self.call(operation, ids, body, status).await;
        match &view["id"] {
            Value::String(id) => id.clone(),
            number => number.to_string(),
        }
    }
}

/// The operations of the document that may write: all but reads.
fn writing_operations() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(&api::routes::document()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, operations)| {
        let methods = operations.as_object().expect("operations").keys().filter(|method| *method != "get");
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    operations.collect()
}

async fn accounts(walk: &mut Walk<'_>, prefix: &str) {
    let named = |name: &str| json!({"username": name, "email": format!("{name}@example.com"), "password": "correct horse battery"});
    let name = format!("user{}", prefix.len());
    walk.call(&format!("POST {prefix}/register"), &[], named(&name), 201).await;
    let login = json!({"username": name, "password": "correct horse battery"});
    let tokens = walk.call(&format!("POST {prefix}/login"), &[], login.clone(), 200).await;
    tokens["access_token"].as_str().expect("a token").clone_into(&mut walk.token);
    if prefix == "/api/v1/auth" {
        let refresh = json!({"refresh_token": tokens["refresh_token"]});
        walk.call("POST /api/v1/auth/refresh", &[], refresh, 200).await;
        walk.call("PUT /api/v1/users/me", &[], json!({"first_name": "Ada"}), 200).await;
        walk.call("POST /api/v1/auth/login", &[], login, 200).await;
        let request = walk.app.request(Method::GET, "/api/v1/sessions").bearer_auth(&walk.token);
        let sessions = Answer::of(request).await.expect(200).json();
        let others = sessions["data"].as_array().or(sessions.as_array()).expect("sessions");
        let other = others.iter().find(|session| session["current"] != json!(true)).expect("another session");
        walk.call("DELETE /api/v1/sessions/{id}", &[other["id"].as_str().expect("an id")], Value::Null, 204).await;
        let change =
            json!({"current_password": "correct horse battery", "new_password": "another horse, another battery"});
        walk.call("POST /api/v1/auth/password", &[], change, 204).await;
    }
    let logged_out = if prefix == "/api/v1/auth" { 204 } else { 200 };
    walk.call(&format!("POST {prefix}/logout"), &[], Value::Null, logged_out).await;
}

async fn projects_and_campaigns(walk: &mut Walk<'_>, member: &Member<'_>) {
    let project = walk.made("POST /api/v1/projects", &[], json!({"name": "Spring"}), 201).await;
    walk.call("PUT /api/v1/projects/{id}", &[&project], json!({"name": "Summer"}), 200).await;
    walk.call("PUT /api/v1/projects/{id}/brand-kit", &[&project], json!({"voice": "Warm."}), 200).await;
    let path = format!("/api/v1/projects/{project}");
    let asset = upload(member, &path, "tin.png", &png(64, 64)).await.expect(201).json();
    walk.called.insert("POST /api/v1/projects/{id}/assets".to_owned());
    walk.call("DELETE /api/v1/assets/{id}", &[asset["id"].as_str().expect("an id")], Value::Null, 204).await;
    let campaign = json!({"name": "Loaves", "brand_name": "Crust & Co", "project_id": project});
    let campaign = walk.made("POST /api/v1/campaigns", &[], campaign, 201).await;
    walk.call("PUT /api/v1/campaigns/{id}", &[&campaign], json!({"project_id": null}), 200).await;
    walk.call("PUT /api/v1/campaigns/{id}", &[&campaign], json!({"project_id": project}), 200).await;
    walk.call("DELETE /api/v1/projects/{id}/brand-kit", &[&project], Value::Null, 204).await;
    walk.call("POST /api/v1/campaigns/{id}/generate-batch", &[&campaign], batch_of(2), 202).await;
    walk.call("DELETE /api/v1/campaigns/{id}", &[&campaign], Value::Null, 204).await;
    walk.call("DELETE /api/v1/projects/{id}", &[&project], Value::Null, 204).await;
    let older = walk.made("POST /api/campaigns", &[], json!({"name": "Loaves", "brand_name": "Crust & Co"}), 201).await;
    walk.call("PUT /api/campaigns/{id}", &[&older], json!({"name": "Rolls"}), 200).await;
    walk.call("POST /api/campaigns/{id}/generate-batch", &[&older], batch_of(2), 202).await;
    walk.call("DELETE /api/campaigns/{id}", &[&older], Value::Null, 200).await;
}

async fn batches(walk: &mut Walk<'_>, member: &Member<'_>) {
    let campaign = member.campaign.to_string();
    let batch = walk.made("POST /api/v1/campaigns/{id}/generate-batch", &[&campaign], batch_of(2), 202).await;
    walk.call("PATCH /api/v1/batch-jobs/{id}", &[&batch], json!({"budget_usd": 1}), 200).await;
    walk.call("POST /api/v1/batch-jobs/{id}/pause", &[&batch], Value::Null, 200).await;
    walk.call("POST /api/v1/batch-jobs/{id}/resume", &[&batch], Value::Null, 200).await;
    walk.call("POST /api/v1/batch-jobs/{id}/cancel", &[&batch], Value::Null, 200).await;
    walk.call("POST /api/v1/batch-jobs/{id}/retry", &[&batch], Value::Null, 409).await;
    walk.call("POST /api/v1/campaigns/{id}/estimate", &[&campaign], batch_of(2), 200).await;
    let budget = json!({"scope": "campaign", "campaign_id": campaign, "cap_usd": 5});
    walk.call("PUT /api/v1/budgets", &[], budget, 200).await;
    let texts = json!({"brand_name": "Crust & Co", "tone": "warm", "topic": "{{product}}"});
    let template = json!({"name": "Launch", "texts": texts});
    let template = walk.made("POST /api/v1/templates", &[], template, 201).await;
    walk.call("PUT /api/v1/templates/{id}", &[&template], json!({"name": "Launches"}), 200).await;
    let values = json!({"values": {"product": "Rye"}});
    walk.call("POST /api/v1/templates/{id}/preview", &[&template], values, 200).await;
    let path = format!("/api/v1/campaigns/{campaign}/imports?name=Week&template_id={template}");
    let request = member.request(Method::POST, &path).header("content-type", "text/csv").body("product\nRye\nSpelt\n");
    Answer::of(request).await.expect(202);
    walk.called.insert("POST /api/v1/campaigns/{id}/imports".to_owned());
    walk.call("DELETE /api/v1/templates/{id}", &[&template], Value::Null, 204).await;
}

async fn generations(walk: &mut Walk<'_>, member: &Member<'_>) {
    let text = json!({"prompt": "A slogan", "campaign_id": member.campaign});
    let plan = json!({"topic": "Slow bread", "start_date": "2026-12-01", "days": 3, "channels": ["x"], "per_week": 7});
    let week = json!({"product": "A rye loaf", "budget": 1000, "weeks": 2});
    for (path, body) in [
        ("/api/v1/generate/text", text.clone()),
        ("/api/v1/generate/image", json!({"prompt": "A loaf"})),
        ("/api/v1/generate/design", json!({"prompt": "A logo"})),
        ("/api/v1/content/text-to-image", json!({"prompt": "A loaf"})),
        ("/api/v1/content/product-render", json!({"product_name": "Bread tin"})),
        ("/api/v1/content/seo-content", json!({"topic": "Sourdough", "keywords": ["rye"]})),
        ("/api/v1/content/content-plan", plan.clone()),
        ("/api/v1/content/marketing-plan", week),
        ("/api/v1/content/email-subject", json!({"topic": "Rye is back"})),
    ] {
        walk.call(&format!("POST {path}"), &[], body, 202).await;
    }
    let job = walk.made("POST /api/v1/jobs", &[], json!({"type": "text", "parameters": text}), 202).await;
    walk.call("DELETE /api/v1/jobs/{id}", &[&job], Value::Null, 200).await;
    // Those of older back ends are answered when the work is done, and nobody works yet. They use the cache.
    for (path, body) in [
        ("/api/generate", json!({"prompt": "A logo"})),
        ("/generate/text", json!({"prompt": "A slogan"})),
        ("/generate/image", json!({"prompt": "A loaf"})),
    ] {
        walk.call(&format!("POST {path}"), &[], body, 504).await;
    }
    let crew = Crew::start_with(walk.app, |settings| settings.database.max_connections = 10).await;
    let cached = member.request(Method::POST, "/api/v1/content/content-plan").header("X-Cache-TTL", "60").json(&plan);
    let plan = Answer::of(cached).await.expect(200).json();
    let plan = plan["id"].as_str().expect("an id");
    let campaign = json!({"campaign_id": member.campaign, "platforms": {"x": "twitter"}});
    walk.call("POST /api/v1/content/generations/{id}/batch", &[plan], campaign, 202).await;
    crew.finish(walk.app).await;
}

async fn segments_and_figures(walk: &mut Walk<'_>, member: &Member<'_>) {
    let segment = walk.made("POST /api/v1/segments", &[], json!({"name": "Parents"}), 201).await;
    walk.call("PUT /api/v1/segments/{id}", &[&segment], json!({"name": "Grandparents"}), 200).await;
    walk.call("DELETE /api/v1/segments/{id}", &[&segment], Value::Null, 204).await;
    let figure = json!({"metric": "clicks", "value": 3, "campaign_id": member.campaign});
    walk.call("POST /api/v1/analytics/metrics", &[], figure, 201).await;
    let older = json!({"name": "Parents", "criteria": {"age_range": "30-40"}});
    let older = walk.made("POST /segments", &[], older, 200).await;
    walk.call("DELETE /segments/{id}", &[&older], Value::Null, 200).await;
}

#[tokio::test]
async fn every_operation_that_writes_needs_one_connection_only() {
    let app = TestApp::start_with(|settings| settings.database.max_connections = 1).await;
    let member = Member::new(&app).await;
    let mut walk = Walk { app: &app, token: String::new(), called: BTreeSet::new() };
    accounts(&mut walk, "/api/v1/auth").await;
    accounts(&mut walk, "/api/auth").await;
    walk.token.clone_from(&member.token);
    projects_and_campaigns(&mut walk, &member).await;
    batches(&mut walk, &member).await;
    segments_and_figures(&mut walk, &member).await;
    generations(&mut walk, &member).await;
    let missing: Vec<String> = writing_operations().difference(&walk.called).cloned().collect();
    assert!(missing.is_empty(), "call these here, too: {missing:?}");
}
