//! Artify: texts, images, segments, analytics, costs.

use serde_json::json;

use super::call::{Call, delete, get, post};
use super::{BackEnd, Tokens};

pub(super) const BACK_END: BackEnd = BackEnd { name: "Artify", calls, tokens: Tokens::Unknown, answers: &[] };

const SEGMENT: [&str; 6] = [
    "id: int",
    "name = 밀레니얼 부모",
    "description = 자녀를 둔 30대 부모",
    "criteria: string",
    "created_at: time",
    "updated_at: time",
];
const TEXT: [&str; 7] = [
    "success = true",
    "text: string",
    "usage.prompt_tokens: int",
    "usage.completion_tokens: int",
    "usage.total_tokens: int",
    "cost: number",
    "model: string",
];
const IMAGE: [&str; 6] =
    ["success = true", "image_url: url", "revised_prompt: string", "cost: number", "model: string", "size = 1024x1024"];

fn calls() -> Vec<Call> {
    let segment = json!({
        "name": "밀레니얼 부모", "description": "자녀를 둔 30대 부모",
        "criteria": {"age_range": "30-40", "has_children": true},
    });
    let text = json!({
        "prompt": "커피숍을 위한 마케팅 슬로건을 생성해주세요", "segment_id": "{segment}", "tone": "친근한",
        "keywords": ["커피", "아침", "신선함"], "max_tokens": 100,
    });
    let image = json!({
        "prompt": "A modern coffee shop interior with warm lighting", "size": "1024x1024", "quality": "standard",
    });
    vec![
        get("/").open().answers(
            200,
            &[
                "service: string",
                "version: string",
                "status = healthy",
                "openai_configured: bool",
                "database = connected",
            ],
        ),
        get("/health").open().answers(200, &["status: string", "timestamp: time"]),
        post("/segments", segment).open().answers(200, &SEGMENT).keeping("segment", "id"),
        get("/segments").open().answers(200, &["segments[].id: int", "segments[].criteria: string"]),
        post("/generate/text", text).open().answers(200, &TEXT),
        post(
            "/generate/text",
            json!({"prompt": "커피숍 마케팅 슬로건을 생성해주세요", "tone": "친근한", "max_tokens": 100}),
        )
        .open()
        .answers(200, &TEXT),
        post("/generate/image", image).open().answers(200, &IMAGE),
        post(
            "/generate/image",
            json!({"prompt": "A modern coffee shop interior with warm lighting", "size": "1024x1024"}),
        )
        .open()
        .answers(200, &IMAGE),
        post("/generate/text", json!({"tone": "친근한"}))
            .open()
            .answers(422, &["errors[0].pointer = /prompt"])
            .noting("without a prompt"),
        delete("/segments/{segment}").open().answers(200, &["message = Segment deleted successfully"]),
        delete("/segments/{segment}").open().answers(404, &["detail = Segment not found"]).noting("a second time"),
        get("/analytics/overview?project_id=1").open().answers(200, &OVERVIEW),
        get("/analytics/overview").open().answers(200, &OVERVIEW),
        get("/content/history?limit=20").open().answers(
            200,
            &[
                "history[].id: int",
                "history[].content_type: string",
                "history[].prompt: string",
                "history[].result: string",
                "history[].model: string",
                "history[].created_at: time",
                "total: int",
            ],
        ),
        get("/content/history?content_type=image")
            .open()
            .answers(200, &["history[].content_type = image", "history[].result: url"]),
        get("/costs/summary?user_id=1").open().answers(200, &SUMMARY),
        get("/costs/summary").open().answers(200, &SUMMARY),
        get("/costs/history?limit=50").open().answers(
            200,
            &[
                "history[].id: int",
                "history[].user_id: int?",
                "history[].job_type: string",
                "history[].model: string",
                "history[].prompt: string",
                "history[].estimated_cost: number",
                "history[].status = completed",
                "history[].created_at: time",
                "history[].completed_at: time",
                "total: int",
            ],
        ),
        get("/costs/history?job_type=text").open().answers(
            200,
            &[
                "history[].job_type = text",
                "history[].prompt_tokens: int",
                "history[].completion_tokens: int",
                "history[].total_tokens: int",
            ],
        ),
        get("/docs").open().answers(200, &[]).with("content-type", "text/html"),
        get("/redoc").open().answers(200, &[]).with("content-type", "text/html"),
        get("/openapi.json").open().answers(200, &["openapi: string", "paths: object"]),
    ]
}

const OVERVIEW: [&str; 6] = [
    "total_campaigns: int",
    "total_impressions: int",
    "total_clicks: int",
    "total_conversions: int",
    "avg_ctr: number",
    "avg_conversion_rate: number",
];

const SUMMARY: [&str; 9] = [
    "total_cost: number",
    "total_jobs: int",
    "text_jobs: int",
    "image_jobs: int",
    "text_cost: number",
    "image_cost: number",
    "cost_by_model: object",
    "period.start: time?",
    "period.end: time?",
];
