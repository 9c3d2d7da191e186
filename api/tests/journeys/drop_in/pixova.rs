//! Pixova: designs in variations, and its image proxy.

use serde_json::json;

use super::call::{Call, get, post};
use super::{BackEnd, Tokens};

pub(super) const BACK_END: BackEnd = BackEnd { name: "Pixova", calls, tokens: Tokens::Unknown, answers: &[] };

const DESIGN: [&str; 10] = [
    "success = true",
    "request_id: string",
    "design_type = logo",
    "prompt: string",
    "variations[].variation_number: int",
    "variations[].success = true",
    "variations[].image_url: url",
    "variations[].prompt: string",
    "variations[].model_used: string",
    "variations[].generation_time_ms: int",
];

fn design(more: &[&'static str]) -> Vec<&'static str> {
    [&DESIGN[..], &["total_time_ms: int"], more].concat()
}

fn calls() -> Vec<Call> {
    let startup = json!({
        "user_id": "uuid-here", "prompt": "A modern tech startup logo with blue and purple gradient",
        "design_type": "logo", "style": "modern", "quality": "high", "num_variations": 3, "include_text_in_ai": false,
    });
    let minimalist = json!({
        "user_id": "test", "prompt": "minimalist tech logo", "design_type": "logo", "style": "modern", "num_variations": 1,
    });
    let coffee = json!({
        "user_id": "test", "prompt": "elegant coffee shop logo", "design_type": "logo", "style": "elegant",
        "quality": "high", "num_variations": 3,
    });
    vec![
        post("/api/generate", startup).open().answers(200, &design(&["num_generated = 3"])),
        post("/api/generate", minimalist).open().answers(200, &design(&["num_generated = 1"])),
        post("/api/generate", coffee).open().answers(200, &design(&["num_generated = 3"])),
        post(
            "/api/generate?design_type=logo&style=vibrant&quality=standard&num_variations=2",
            json!({"user_id": "test", "prompt": "a juice bar"}),
        )
        .open()
        .answers(200, &design(&["num_generated = 2"]))
        .noting("options in the query"),
        post("/api/generate", json!({"user_id": "test", "prompt": "x", "num_variations": 6}))
            .open()
            .answers(422, &["errors[0].pointer = /num_variations"])
            .noting("too many variations"),
        get("/api/download?url={image}")
            .open()
            .answers(200, &[])
            .with("content-type", "image/png")
            .with("content-disposition", "attachment; filename=")
            .with("access-control-allow-origin", "*"),
        get("/health").open().answers(
            200,
            &[
                "status: string",
                "version: string",
                "environment = development",
                "uptime_seconds: int",
                "services.logo_generator.status: string",
                "services.logo_generator.latency_ms: number",
            ],
        ),
        get("/docs").open().answers(200, &[]).with("content-type", "text/html"),
    ]
}
