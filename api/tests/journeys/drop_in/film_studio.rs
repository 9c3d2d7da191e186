//! The AI Film Studio: users, projects, jobs, and what is still to come.

use serde_json::json;

use super::call::{Call, delete, get, post, press, put};
use super::{BackEnd, Tokens};

pub(super) const BACK_END: BackEnd = BackEnd { name: "AI Film Studio", calls, tokens: Tokens::Sent, answers: &[] };

const USER: [&str; 6] = [
    "id: uuid",
    "email = director@example.com",
    "first_name: string?",
    "last_name: string?",
    "created_at: time",
    "updated_at: time",
];
const GRANT: [&str; 3] = ["access_token: string", "refresh_token: string", "token_type = bearer"];
const PROJECT: [&str; 7] = [
    "id: uuid",
    "user_id: uuid",
    "name: string",
    "description: string?",
    "status: string",
    "created_at: time",
    "updated_at: time",
];
const JOB: [&str; 7] = [
    "id: uuid",
    "project_id: uuid",
    "type = text",
    "status: string",
    "parameters: object",
    "result_url: url?",
    "created_at: time",
];

fn calls() -> Vec<Call> {
    let newcomer = json!({
        "email": "director@example.com", "password": "securepassword123", "first_name": "Ada", "last_name": "Reel",
    });
    let login = json!({"email": "director@example.com", "password": "securepassword123"});
    let project = json!({"name": "Short film", "description": "A bakery at dawn"});
    let job = json!({
        "type": "text", "project_id": "{id}", "parameters": {"prompt": "A voice-over for a bakery at dawn"},
    });
    let slow = json!({"type": "text", "project_id": "{id}", "parameters": {"prompt": "Take your time with this one"}});
    vec![
        post("/api/v1/auth/register", newcomer)
            .open()
            .answers(201, &USER)
            .noting("no username: one is made from the email address"),
        post("/api/v1/auth/login", login).open().answers(200, &GRANT).keeping("refresh", "refresh_token"),
        post("/api/v1/auth/refresh", json!({"refresh_token": "{refresh}"}))
            .open()
            .answers(200, &GRANT)
            .keeping("token", "access_token"),
        get("/api/v1/users/me").answers(200, &USER),
        put("/api/v1/users/me", json!({"first_name": "Augusta"})).answers(200, &["first_name = Augusta"]),
        post("/api/v1/projects", project).answers(201, &PROJECT).keeping("id", "id"),
        get("/api/v1/projects").answers(200, &["data[].id: uuid", "data[].name = Short film"]),
        get("/api/v1/projects/{id}").answers(200, &PROJECT),
        put("/api/v1/projects/{id}", json!({"name": "Feature film"})).answers(200, &["name = Feature film"]),
        post("/api/v1/jobs", job).answers(202, &JOB).keeping("job", "id"),
        get("/api/v1/jobs/{job}").answers(200, &JOB),
        get("/api/v1/jobs").answers(200, &["data[].id: uuid", "data[].type = text"]),
        post("/api/v1/jobs", slow).answers(202, &JOB).keeping("slow", "id"),
        delete("/api/v1/jobs/{slow}").answers(200, &["id: uuid", "status: string"]),
        delete("/api/v1/projects/{id}").answers(204, &[]),
        get("/api/v1/projects/{id}").answers(404, &["code = not_found"]).noting("after it was deleted"),
        get("/api/v1/credits/balance").not_yet(),
        post("/api/v1/subscriptions/checkout", json!({"plan": "pro"})).not_yet(),
        post("/api/v1/subscriptions/webhook", json!({})).not_yet(),
        get("/api/v1/subscriptions/current").not_yet(),
        get("/api/v1/youtube/oauth").not_yet(),
        post("/api/v1/youtube/callback", json!({"code": "x"})).not_yet(),
        post("/api/v1/youtube/upload", json!({})).not_yet(),
        get("/api/v1/admin/users").not_yet(),
        get("/api/v1/admin/stats").not_yet(),
        press("/api/v1/admin/users/{job}/suspend").not_yet(),
        press("/api/v1/auth/logout").answers(204, &[]),
        get("/api/v1/users/me").answers(401, &["code = session_ended"]).noting("after the logout"),
        get("/health")
            .open()
            .answers(200, &["status: string", "database = connected", "redis = connected", "timestamp: time"]),
        get("/metrics").open().answers(200, &[]).with("content-type", "text/plain"),
        get("/docs").open().answers(200, &[]).with("content-type", "text/html"),
        get("/redoc").open().answers(200, &[]).with("content-type", "text/html"),
        get("/openapi.json").open().answers(200, &["openapi: string", "paths: object"]),
    ]
}
