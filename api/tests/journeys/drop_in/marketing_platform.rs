//! The AI Marketing Platform: accounts, content, projects. Its paths are the canonical ones.

use serde_json::{Value, json};

use super::call::{Call, delete, get, post, put};
use super::{BackEnd, Tokens};

pub(super) const BACK_END: BackEnd =
    BackEnd { name: "AI Marketing Platform", calls, tokens: Tokens::Sent, answers: &[(PAGE_TOPIC, PAGE)] };

const USER: [&str; 4] = ["id: uuid", "username = marketer", "email = marketer@example.com", "created_at: time"];
const PROJECT: [&str; 5] = ["id: uuid", "name: string", "description: string?", "created_at: time", "updated_at: time"];

const PAGE_TOPIC: &str = "Sourdough at home";
/// A page that a good model writes about it.
const PAGE: &str = r#"{
    "title": "Sourdough starter: bake your first loaf at home",
    "meta_description": "Make a sourdough starter from flour and water, keep it alive, and bake your first rye loaf in a week.",
    "slug": "sourdough-at-home",
    "outline": ["What you need", "Feed it daily"],
    "body": "A sourdough starter is flour and water.\n\n## What you need\n\nRye flour. Bread asks for patience more than for skill, and every loaf that you bake shows you how the dough behaves. Bread asks for patience more than for skill, and every loaf that you bake shows you how the dough behaves.\n\n## Feed it daily\n\n- Keep the rye warm.\n- Feed the sourdough starter.\n\nBread asks for patience more than for skill, and every loaf that you bake shows you how the dough behaves. Bread asks for patience more than for skill, and every loaf that you bake shows you how the dough behaves. Bread asks for patience more than for skill, and every loaf that you bake shows you how the dough behaves."
}"#;

/// A generation that has ended well.
fn generation(path: &'static str, body: Value, own: &[&'static str]) -> Call {
    let fields = [
        "id: uuid",
        "kind: string",
        "status = completed",
        "parameters: object",
        "result: object",
        "model: string",
        "cost_usd: number",
        "duration_ms: int",
        "created_at: time",
        "completed_at: time",
    ];
    post(path, body).answers(200, &[&fields[..], own].concat())
}

fn calls() -> Vec<Call> {
    let image =
        ["result.image.url: url", "result.image.format: string", "result.image.width: int", "result.image.bytes: int"];
    vec![
        post(
            "/api/v1/auth/register",
            json!({"username": "marketer", "email": "marketer@example.com", "password": "securepassword123"}),
        )
        .open()
        .answers(201, &USER),
        post("/api/v1/auth/login", json!({"username": "marketer", "password": "securepassword123"}))
            .open()
            .answers(200, &["access_token: string", "token_type = bearer"])
            .keeping("token", "access_token"),
        get("/api/v1/auth/me").answers(200, &USER),
        post("/api/v1/projects/", json!({"name": "Spring launch", "description": "New loaves"}))
            .answers(201, &PROJECT)
            .keeping("id", "id"),
        get("/api/v1/projects/").answers(200, &["data[].id: uuid", "data[].name = Spring launch"]),
        get("/api/v1/projects/{id}").answers(200, &PROJECT),
        put("/api/v1/projects/{id}", json!({"name": "Summer launch"})).answers(200, &["name = Summer launch"]),
        generation(
            "/api/v1/content/text-to-image",
            json!({"prompt": "A loaf of rye on a wooden table", "project_id": "{id}"}),
            &image,
        ),
        generation(
            "/api/v1/content/product-render",
            json!({"product_name": "Rye loaf", "prompt": "Morning light"}),
            &image,
        ),
        generation(
            "/api/v1/content/seo-content",
            json!({"topic": PAGE_TOPIC, "keywords": ["sourdough starter", "rye"], "words": 120}),
            &["result.title: string", "result.meta_description: string", "result.slug: string"],
        ),
        generation(
            "/api/v1/content/content-plan",
            json!({"topic": "A bakery in spring", "days": 7, "channels": ["instagram", "linkedin"]}),
            &["result.entries[].date: string", "result.entries[].channel: string"],
        ),
        generation(
            "/api/v1/content/marketing-plan",
            json!({"product": "Rye subscription", "budget": 5000}),
            &["result.objectives: list", "result.budget: object", "result.timeline: list", "result.kpis: list"],
        ),
        get("/api/v1/content/generations").answers(200, &["data[].id: uuid", "data[].kind: string"]),
        delete("/api/v1/projects/{id}").answers(204, &[]),
        get("/docs").open().answers(200, &[]).with("content-type", "text/html"),
        get("/redoc").open().answers(200, &[]).with("content-type", "text/html"),
    ]
}
