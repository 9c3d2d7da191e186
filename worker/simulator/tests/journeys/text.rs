//! Text completions.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::harness::{Lab, data_url, hello, hello_with, post_format};

fn content(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().expect("text")
}

#[tokio::test]
async fn a_post_follows_its_schema_and_its_brief() {
    let lab = Lab::new();
    let brief = "Brand: Café Sonne\nTopic: Zimtschnecken\nTone: freundlich\nAudience: Frühaufsteher\n\
                 Platform: linkedin\nLanguage: de\nBrief: Frisch um sieben.";
    let body = hello_with(&json!({
        "messages": [{ "role": "system", "content": "You write posts." }, { "role": "user", "content": brief }],
        "response_format": post_format(),
        "max_completion_tokens": 800,
    }));
    let answer = lab.chat(&body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let post: Value = serde_json::from_str(content(&answer.json())).expect("JSON");
    let caption = post["caption"].as_str().expect("text");
    assert!(caption.contains("Café Sonne") && caption.contains("Zimtschnecken"), "{caption}");
    assert!(caption.contains("Frisch um sieben."), "{caption}");
    let tags = post["hashtags"].as_array().expect("a list");
    assert!((1..=5).contains(&tags.len()) && tags[0] == "#CaféSonne", "{tags:?}");
    assert!(post["image_prompt"].as_str().expect("text").contains("Brand: Café Sonne; Topic: Zimtschnecken"));
    assert_eq!(post.as_object().expect("an object").len(), 4);
}

#[tokio::test]
async fn usage_and_price_agree_with_the_bill() {
    let lab = Lab::new();
    let request = lab.request("/chat/completions", &hello()).header("X-Client-Request-Id", "attempt-7");
    let answer = crate::harness::read(request.send().await.expect("an answer")).await;
    let body = answer.json();
    let bill = lab.bill();
    let call = &bill.calls[0];
    assert_eq!(call.client_request_id.as_deref(), Some("attempt-7"));
    assert_eq!(call.request_id, answer.header("x-request-id"));
    assert_eq!((call.status, call.model.as_str()), (200, "gpt-6-luna"));
    assert_eq!(body["usage"]["prompt_tokens"], call.usage.input_tokens);
    assert_eq!(body["usage"]["completion_tokens"], call.usage.output_tokens);
    assert_eq!(body["usage"]["total_tokens"], call.usage.input_tokens + call.usage.output_tokens);
    // 0.10 and 0.50 dollars per million tokens are 100 and 500 nano-dollars per token.
    let cost = call.usage.input_tokens * 100 + call.usage.output_tokens * 500;
    assert_eq!(call.cost_nanos, i64::try_from(cost).expect("small"));
    assert_eq!(bill.total_nanos, call.cost_nanos);
}

#[tokio::test]
async fn the_same_request_says_the_same_and_others_differ() {
    let lab = Lab::new();
    let first = content(&lab.chat(&hello()).await.json()).to_owned();
    assert_eq!(content(&lab.chat(&hello()).await.json()), first);
    let mut captions = HashSet::new();
    for number in 0..20 {
        let text = format!("Brand: Acme\nTopic: anvil {number}\nPlatform: instagram");
        let body = hello_with(&json!({ "messages": [{ "role": "user", "content": text }] }));
        captions.insert(content(&lab.chat(&body).await.json()).replace(&number.to_string(), ""));
    }
    assert!(captions.len() >= 18, "{} of 20 differ", captions.len());
}

#[tokio::test]
async fn a_small_cap_cuts_the_text() {
    let lab = Lab::new();
    let answer = lab.chat(&hello_with(&json!({ "max_completion_tokens": 5 }))).await.json();
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert_eq!(answer["usage"]["completion_tokens"], 5);
    assert!(content(&answer).len() <= 20);
}

#[tokio::test]
async fn several_choices_are_all_billed() {
    let lab = Lab::new();
    let one = lab.chat(&hello()).await.json();
    let three = lab.chat(&hello_with(&json!({ "n": 3 }))).await.json();
    assert_eq!(three["choices"].as_array().expect("a list").len(), 3);
    let tokens = |answer: &Value| answer["usage"]["completion_tokens"].as_u64().expect("a number");
    assert!(tokens(&three) > tokens(&one) * 2);
    assert_eq!(lab.bill().calls[1].usage.output_tokens, tokens(&three));
}

#[tokio::test]
async fn any_schema_is_followed() {
    let lab = Lab::new();
    let schema = json!({
        "type": "object",
        "properties": {
            "platform": { "type": "string", "enum": ["x", "linkedin"] },
            "score": { "type": "integer", "minimum": 3, "maximum": 4 },
            "share": { "type": "number", "minimum": 0.5, "maximum": 0.75 },
            "ready": { "type": "boolean" },
            "nothing": { "type": "null" },
            "maybe": { "type": ["string", "null"] },
            "fixed": { "const": 7 },
            "long": { "type": "string", "minLength": 300, "maxLength": 310 },
            "short": { "type": "string", "maxLength": 5 },
            "variants": { "type": "array", "minItems": 2, "maxItems": 2, "items": { "$ref": "#/$defs/variant" } },
        },
        "required": ["platform"],
        "$defs": { "variant": { "type": "object", "properties": { "headline": { "type": "string" } } } },
    });
    let format = json!({ "type": "json_schema", "json_schema": { "name": "any", "schema": schema } });
    let answer = lab.chat(&hello_with(&json!({ "response_format": format }))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let value: Value = serde_json::from_str(content(&answer.json())).expect("JSON");
    let count = |name: &str| value[name].as_str().expect("text").chars().count();
    assert!(value["platform"] == "x" || value["platform"] == "linkedin");
    assert!((3..=4).contains(&value["score"].as_i64().expect("whole")));
    assert!((0.5..=0.75).contains(&value["share"].as_f64().expect("a number")));
    assert!(value["ready"].is_boolean() && value["nothing"].is_null() && value["maybe"].is_string());
    assert_eq!(value["fixed"], 7);
    assert!((300..=310).contains(&count("long")), "{}", count("long"));
    assert!(count("short") <= 5);
    assert_eq!(value["variants"].as_array().expect("a list").len(), 2);
    assert!(value["variants"][1]["headline"].is_string());
}

#[tokio::test]
async fn content_parts_are_read_as_text() {
    let lab = Lab::new();
    let parts = json!([
        { "type": "text", "text": "Brand: Partly\nTopic: parts" },
        { "type": "image_url", "image_url": { "url": data_url(512, 512) } },
    ]);
    let body = hello_with(&json!({ "messages": [{ "role": "user", "content": parts }] }));
    let answer = lab.chat(&body).await.json();
    assert!(content(&answer).contains("Partly"));
    assert_eq!(answer["usage"]["prompt_tokens"], 7 + 255, "what was written and what was shown");
}

#[tokio::test]
async fn models_are_listed_with_their_end() {
    let lab = Lab::new();
    let list = lab.get(&format!("{}/models", lab.sim.url())).await.json();
    let models = list["data"].as_array().expect("a list");
    let find = |id: &str| models.iter().find(|model| model["id"] == id).expect("listed");
    assert_eq!(find("gpt-5-mini")["shutdown_date"], "2026-12-11");
    assert!(find("gpt-6-luna")["shutdown_date"].is_null());
    assert_eq!(lab.get(&format!("{}/models/gpt-6-luna", lab.sim.url())).await.json()["id"], "gpt-6-luna");
    assert_eq!(lab.get(&format!("{}/models/none", lab.sim.url())).await.status, 404);
    assert!(lab.bill().calls.is_empty(), "asking for models is no billed call");
}
