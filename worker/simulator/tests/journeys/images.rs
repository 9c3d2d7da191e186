//! Images, through both endpoints that make them.

use std::collections::HashSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use simulator::{Kind, SimulatorConfig};

use crate::harness::{Lab, hello_with, picture, picture_with};

fn decode(datum: &Value) -> image::DynamicImage {
    let text = datum["b64_json"].as_str().expect("base64");
    image::load_from_memory(&BASE64_STANDARD.decode(text).expect("base64")).expect("an image")
}

#[tokio::test]
async fn an_image_has_its_size_its_usage_and_its_price() {
    let lab = Lab::new();
    for (size, quality, width, height, tokens) in [
        ("1024x1024", "low", 1024, 1024, 196),
        ("1024x1536", "medium", 1024, 1536, 1372),
        ("1536x1024", "high", 1536, 1024, 5488),
        ("auto", "auto", 1024, 1024, 1756),
    ] {
        let answer = lab.image(&picture_with(&json!({ "size": size, "quality": quality }))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = answer.json();
        let image = decode(&body["data"][0]);
        assert_eq!((image.width(), image.height()), (width, height));
        assert_eq!(body["usage"]["output_tokens"], tokens);
        let call = lab.bill().calls.last().cloned().expect("billed");
        assert_eq!((call.kind, call.usage.images, call.usage.output_tokens), (Kind::Image, 1, tokens));
        let cost = call.usage.input_tokens * 5_000 + tokens * 30_000;
        assert_eq!(call.cost_nanos, i64::try_from(cost).expect("small"));
    }
}

#[tokio::test]
async fn forty_images_are_forty_pictures() {
    let lab = Lab::new();
    let mut seen = HashSet::new();
    for number in 0..40 {
        let prompt = format!("Brand: Brand {}; Topic: Topic {number}", number % 5);
        let body = lab.image(&picture_with(&json!({ "prompt": prompt }))).await.json();
        seen.insert(decode(&body["data"][0]).to_rgb8().into_raw());
    }
    assert_eq!(seen.len(), 40);
}

#[tokio::test]
async fn several_images_differ_and_are_all_billed() {
    let lab = Lab::new();
    let body = lab.image(&picture_with(&json!({ "n": 2 }))).await.json();
    assert_ne!(body["data"][0]["b64_json"], body["data"][1]["b64_json"]);
    assert_eq!(lab.bill().calls[0].usage.images, 2);
    assert_eq!(lab.bill().calls[0].usage.output_tokens, 392);
}

#[tokio::test]
async fn other_formats_are_made() {
    let lab = Lab::new();
    for (format, expected) in [("jpeg", image::ImageFormat::Jpeg), ("webp", image::ImageFormat::WebP)] {
        let body = lab.image(&picture_with(&json!({ "output_format": format }))).await.json();
        let file = BASE64_STANDARD.decode(body["data"][0]["b64_json"].as_str().expect("base64")).expect("base64");
        assert_eq!(image::guess_format(&file).expect("known"), expected);
        assert_eq!(body["output_format"], format);
    }
}

#[tokio::test]
async fn older_models_answer_with_a_link_that_dies() {
    let lab = Lab::with(SimulatorConfig {
        link_lifetime: std::time::Duration::from_millis(300),
        ..SimulatorConfig::default()
    });
    let request = json!({ "model": "dall-e-3", "prompt": "Brand: A; Topic: B", "size": "1792x1024" });
    let body = lab.image(&request).await.json();
    assert!(body["data"][0]["revised_prompt"].is_string());
    let url = body["data"][0]["url"].as_str().expect("a link");
    let (status, file) = lab.bytes(url).await;
    assert_eq!(status, 200);
    assert_eq!(image::load_from_memory(&file).expect("an image").width(), 1792);
    assert_eq!(lab.bill().total_nanos, 80_000_000);
    tokio::time::sleep(std::time::Duration::from_millis(350)).await;
    assert_eq!(lab.bytes(url).await.0, 404, "the link has expired");
    let mut as_base64 = request.clone();
    as_base64["response_format"] = "b64_json".into();
    assert_eq!(decode(&lab.image(&as_base64).await.json()["data"][0]).height(), 1024);
}

#[tokio::test]
async fn a_router_draws_through_chat() {
    let lab = Lab::new();
    let body = hello_with(&json!({
        "model": "google/gemini-2.5-flash-image-preview:free",
        "modalities": ["image", "text"],
        "messages": [{ "role": "user", "content": "Draw. Brand: Acme; Topic: anvils" }],
        "image_config": { "aspect_ratio": "16:9" },
    }));
    let answer = lab.chat(&body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let json = answer.json();
    let url = json["choices"][0]["message"]["images"][0]["image_url"]["url"].as_str().expect("a data URL");
    let data = url.strip_prefix("data:image/png;base64,").expect("a PNG");
    let image = image::load_from_memory(&BASE64_STANDARD.decode(data).expect("base64")).expect("an image");
    assert_eq!((image.width(), image.height()), (1344, 768));
    assert_eq!(json["usage"]["cost"], 0.0);
    let call = &lab.bill().calls[0];
    assert_eq!((call.kind, call.usage.images, call.usage.output_tokens), (Kind::Image, 1, 1290));
}

#[tokio::test]
async fn a_pool_limits_how_many_pictures_there_are() {
    let lab = Lab::with(SimulatorConfig { image_pool: Some(3), ..SimulatorConfig::default() });
    let mut seen = HashSet::new();
    for number in 0..20 {
        let body = lab.image(&picture_with(&json!({ "prompt": format!("Topic: {number}") }))).await.json();
        seen.insert(body["data"][0]["b64_json"].to_string());
    }
    assert_eq!(seen.len(), 3);
    assert_eq!(lab.image(&picture()).await.status, 200);
}
