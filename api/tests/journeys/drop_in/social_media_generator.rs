//! The Social Media Generator: accounts, campaigns, batches of posts.

use serde_json::json;

use super::call::{Call, delete, get, post, press, put};
use super::{BackEnd, Tokens};

pub(super) const BACK_END: BackEnd =
    BackEnd { name: "Social Media Generator", calls, tokens: Tokens::Sent, answers: &[] };

const USER: [&str; 6] = [
    "id: uuid",
    "username = testuser",
    "email = test@example.com",
    "first_name = Test",
    "last_name = User",
    "created_at: time",
];
const CAMPAIGN: [&str; 10] = [
    "id: uuid",
    "user_id: uuid",
    "name: string",
    "description: string?",
    "brand_name = FashionBrand",
    "target_audience: string?",
    "tone_id: string?",
    "status = draft",
    "created_at: time",
    "updated_at: time",
];
const BATCH: [&str; 11] = [
    "id: uuid",
    "campaign_id: uuid",
    "name = Summer Posts Batch",
    "status: string",
    "total_posts = 1",
    "completed_posts: int",
    "failed_posts = 0",
    "created_by: string?",
    "error_log: string?",
    "created_at: time",
    "updated_at: time",
];

fn calls() -> Vec<Call> {
    let newcomer = json!({
        "username": "testuser", "email": "test@example.com", "password": "securepassword123",
        "first_name": "Test", "last_name": "User",
    });
    let campaign = json!({
        "name": "Summer Collection 2025", "description": "Promotional campaign for summer line",
        "brand_name": "FashionBrand", "target_audience": "Young adults 18-30", "tone_id": "enthusiastic",
    });
    let batch = json!({
        "name": "Summer Posts Batch",
        "posts": [{
            "brand_name": "FashionBrand", "topic": "New Summer Collection", "tone": "enthusiastic",
            "brief": "Showcase our vibrant summer clothing line", "target_audience": "Fashion-forward millennials",
        }],
    });
    vec![
        get("/api/health").open().answers(200, &["status: string", "database = connected", "timestamp: time"]),
        post("/api/auth/register", newcomer).open().answers(201, &USER),
        post("/api/auth/login", json!({"username": "testuser", "password": "securepassword123"}))
            .open()
            .answers(200, &["access_token: string", "token_type = bearer"])
            .keeping("token", "access_token"),
        get("/api/auth/me").answers(200, &USER),
        get("/api/campaigns/").open().answers(401, &["code = unauthenticated"]).noting("without a token"),
        post("/api/campaigns/", campaign).answers(201, &CAMPAIGN).keeping("id", "id"),
        get("/api/campaigns/").answers(200, &["data[].id: uuid", "data[].status = draft"]),
        get("/api/campaigns/?skip=0&limit=100").answers(200, &["data[].id: uuid"]),
        get("/api/campaigns/{id}").answers(200, &CAMPAIGN),
        put("/api/campaigns/{id}", json!({"name": "Autumn Collection 2025"}))
            .answers(200, &["name = Autumn Collection 2025", "brand_name = FashionBrand"]),
        post("/api/campaigns/{id}/generate-batch", batch).answers(202, &BATCH).keeping("batch", "id"),
        get("/api/campaigns/{id}/batches").answers(200, &["data[].id: uuid", "data[].total_posts = 1"]),
        get("/api/batch-jobs/{batch}/status").answers(200, &BATCH),
        delete("/api/campaigns/{id}").answers(200, &["message: string"]),
        get("/api/campaigns/{id}").answers(404, &["code = not_found"]).noting("after it was deleted"),
        get("/api/batch-jobs/{batch}/status")
            .answers(200, &["id: uuid"])
            .noting("what was made and what it cost stays"),
        press("/api/auth/logout").answers(200, &["message: string"]),
        get("/api/auth/me").answers(401, &["code = session_ended"]).noting("after the logout"),
        get("/docs").open().answers(200, &[]).with("content-type", "text/html"),
        get("/redoc").open().answers(200, &[]).with("content-type", "text/html"),
    ]
}
