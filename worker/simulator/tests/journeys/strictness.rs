//! Requests that a real provider refuses.

use serde_json::{Value, json};
use simulator::{ProviderKey, SimulatorConfig};

use crate::harness::{Lab, data_url, hello, hello_with, picture_with, post_format, read};

#[tokio::test]
async fn keys_are_checked() {
    let lab = Lab::with(SimulatorConfig { keys: vec![ProviderKey::new("right")], ..SimulatorConfig::default() });
    assert_eq!(lab.chat_with_key("right").await.status, 200);
    let wrong = lab.chat_with_key("sk-wrong-and-long-enough").await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (401, json!("invalid_api_key")));
    assert!(!wrong.text.contains("wrong-and-long"), "the key is not repeated");
    assert_eq!(lab.get_with_key("/models", "wrong").await.status, 401);
    assert_eq!(lab.chat_without_key().await.status, 401);
    let bill = lab.bill();
    let keys: Vec<&str> = bill.calls.iter().map(|call| call.key.as_str()).collect();
    assert_eq!(keys, ["right", "sk-...ough", ""]);
    assert_eq!(bill.calls.iter().filter(|call| call.cost_nanos > 0).count(), 1);
}

#[tokio::test]
async fn wrong_chat_requests_are_refused_by_name() {
    let lab = Lab::new();
    let gpt_4o = |more: Value| {
        let mut body = hello_with(&more);
        body["model"] = "gpt-4o-mini".into();
        body
    };
    let long = "word ".repeat(150_000);
    let open_schema = json!({ "type": "json_schema", "json_schema": {
        "name": "open", "strict": true, "schema": { "type": "object", "properties": {} } } });
    let cases = [
        (hello_with(&json!({ "model": "gpt-none" })), 404, json!("model_not_found"), Value::Null),
        (hello_with(&json!({ "model": null })), 400, json!("missing_required_parameter"), json!("model")),
        (hello_with(&json!({ "model": 5 })), 400, json!("invalid_type"), json!("model")),
        (hello_with(&json!({ "messages": [] })), 400, json!("empty_array"), json!("messages")),
        (
            hello_with(&json!({ "messages": [{ "role": "boss", "content": "x" }] })),
            400,
            json!("invalid_value"),
            json!("messages[0].role"),
        ),
        (
            hello_with(&json!({ "messages": [{ "role": "user", "content": 4 }] })),
            400,
            json!("invalid_type"),
            json!("messages[0].content"),
        ),
        (hello_with(&json!({ "colour": "red" })), 400, json!("unknown_parameter"), json!("colour")),
        (hello_with(&json!({ "max_tokens": 5 })), 400, json!("unsupported_parameter"), json!("max_tokens")),
        (
            gpt_4o(json!({ "max_tokens": 5, "max_completion_tokens": 5 })),
            400,
            json!("invalid_parameter_combination"),
            json!("max_tokens"),
        ),
        (
            hello_with(&json!({ "max_completion_tokens": 0 })),
            400,
            json!("integer_below_min_value"),
            json!("max_completion_tokens"),
        ),
        (hello_with(&json!({ "temperature": 2.5 })), 400, json!("decimal_above_max_value"), json!("temperature")),
        (hello_with(&json!({ "n": 1000 })), 400, json!("integer_above_max_value"), json!("n")),
        (
            hello_with(&json!({ "messages": [{ "role": "user", "content": long }] })),
            400,
            json!("context_length_exceeded"),
            json!("messages"),
        ),
        (
            hello_with(&json!({ "response_format": { "type": "xml" } })),
            400,
            json!("invalid_value"),
            json!("response_format.type"),
        ),
        (hello_with(&json!({ "response_format": { "type": "json_object" } })), 400, Value::Null, json!("messages")),
        (hello_with(&json!({ "response_format": open_schema })), 400, Value::Null, json!("response_format")),
        (hello_with(&json!({ "stream": true })), 400, json!("unsupported_value"), json!("stream")),
        (hello_with(&json!({ "modalities": ["image"] })), 400, json!("invalid_value"), json!("modalities")),
        (hello_with(&json!({ "usage": { "include": true } })), 400, json!("unknown_parameter"), json!("usage")),
        (hello_with(&json!({ "model": "gpt-image-2" })), 404, Value::Null, json!("model")),
    ];
    for (body, status, code, param) in &cases {
        let answer = lab.chat(body).await;
        let error = &answer.json()["error"];
        let got = (answer.status.as_u16(), &error["code"], &error["param"]);
        assert_eq!(got, (*status, code, param), "{}", answer.text);
        assert!(!answer.header("x-request-id").is_empty());
    }
    assert_eq!(lab.bill().calls.len(), cases.len());
    assert_eq!(lab.bill().total_nanos, 0);
    assert_eq!(lab.chat(&gpt_4o(json!({ "max_tokens": 50 }))).await.status, 200, "older models still take it");
}

#[tokio::test]
async fn routers_take_fields_of_their_own() {
    let lab = Lab::new();
    let body = hello_with(&json!({
        "model": "google/gemma-3-27b-it:free",
        "usage": { "include": true },
        "provider": { "sort": "price" },
        "response_format": post_format(),
    }));
    let answer = lab.chat(&body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["usage"]["cost"], 0.0);
    let drawing = hello_with(&json!({ "model": "google/gemma-3-27b-it:free", "modalities": ["image", "text"] }));
    assert_eq!(lab.chat(&drawing).await.status, 404, "it cannot draw");
}

#[tokio::test]
async fn wrong_image_requests_are_refused_by_name() {
    let lab = Lab::new();
    let dall_e = |more: Value| {
        let mut body = json!({ "model": "dall-e-3", "prompt": "x" });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    };
    let cases = [
        (picture_with(&json!({ "response_format": "b64_json" })), 400, json!("unknown_parameter"), "response_format"),
        (picture_with(&json!({ "size": "1000x1000" })), 400, json!("invalid_value"), "size"),
        (picture_with(&json!({ "quality": "hd" })), 400, json!("invalid_value"), "quality"),
        (picture_with(&json!({ "prompt": " " })), 400, json!("empty_string"), "prompt"),
        (picture_with(&json!({ "prompt": "x".repeat(32_001) })), 400, json!("string_above_max_length"), "prompt"),
        (picture_with(&json!({ "n": 11 })), 400, json!("integer_above_max_value"), "n"),
        (picture_with(&json!({ "complexity": "low" })), 400, json!("unknown_parameter"), "complexity"),
        (picture_with(&json!({ "background": "transparent" })), 400, json!("invalid_value"), "background"),
        (picture_with(&json!({ "model": "gpt-6-luna" })), 400, json!("invalid_value"), "model"),
        (dall_e(json!({ "n": 2 })), 400, json!("integer_above_max_value"), "n"),
        (dall_e(json!({ "quality": "low" })), 400, json!("invalid_value"), "quality"),
        (dall_e(json!({ "output_format": "png" })), 400, json!("unknown_parameter"), "output_format"),
        (dall_e(json!({ "size": "auto" })), 400, json!("invalid_value"), "size"),
    ];
    for (body, status, code, param) in &cases {
        let answer = lab.image(body).await;
        let error = &answer.json()["error"];
        let got = (answer.status.as_u16(), &error["code"], error["param"].as_str());
        assert_eq!(got, (*status, code, Some(*param)), "{}", answer.text);
    }
    assert_eq!(lab.bill().total_nanos, 0);
}

#[tokio::test]
async fn bodies_are_json_and_not_too_large() {
    let lab = Lab::with(SimulatorConfig { max_body_bytes: 10_000, ..SimulatorConfig::default() });
    let send = |body: String, media_type: &'static str| {
        let request = lab.request("/chat/completions", &hello()).header("content-type", media_type).body(body);
        async move { read(request.send().await.expect("an answer")).await }
    };
    let broken = send("{\"model\":".into(), "application/json").await;
    assert_eq!(broken.status, 400);
    assert!(broken.message().contains("could not parse"), "{}", broken.text);
    assert_eq!(send(" ".repeat(10_001), "application/json").await.status, 413);
    assert_eq!(send(hello().to_string(), "application/json; charset=utf-8").await.status, 200);
    let statuses: Vec<u16> = lab.bill().calls.iter().map(|call| call.status).collect();
    assert_eq!(statuses, [400, 413, 200]);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_errors() {
    let lab = Lab::new();
    assert_eq!(lab.post("/embeddings", &hello()).await.status, 404);
    assert_eq!(lab.get(&format!("{}/chat/completions", lab.sim.url())).await.status, 405);
    assert_eq!(lab.get(&format!("{}/_sim/none", lab.sim.origin())).await.status, 404);
}

#[tokio::test]
async fn retired_models_are_gone_when_asked_for() {
    let dead = json!({ "model": "dall-e-3", "prompt": "x" });
    let lab = Lab::with(SimulatorConfig { retire_models: true, ..SimulatorConfig::default() });
    let answer = lab.image(&dead).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (404, json!("model_not_found")));
    assert_eq!(Lab::new().image(&dead).await.status, 200);
}

#[tokio::test]
async fn models_are_gone_that_are_named() {
    let retired = vec!["gpt-4".to_owned(), "gpt-image-2".to_owned()];
    let lab = Lab::with(SimulatorConfig { retired, ..SimulatorConfig::default() });
    for answer in
        [lab.chat(&hello_with(&json!({ "model": "gpt-4" }))).await, lab.image(&picture_with(&json!({}))).await]
    {
        assert_eq!((answer.status.as_u16(), answer.code()), (404, json!("model_not_found")));
    }
    assert_eq!(lab.chat(&hello_with(&json!({ "model": "gpt-3.5-turbo" }))).await.status, 200);
}

#[tokio::test]
async fn wrong_pictures_in_chats_are_refused_by_name() {
    let lab = Lab::new();
    let showing = |model: &str, part: Value| {
        let content = json!([{ "type": "text", "text": "What is this?" }, part]);
        hello_with(&json!({ "model": model, "messages": [{ "role": "user", "content": content }] }))
    };
    let at = |url: &str| json!({ "type": "image_url", "image_url": { "url": url } });
    let cases = [
        ("gpt-6-luna", at("https://example.com/a.png"), json!("invalid_image_url")),
        ("gpt-6-luna", at("data:image/png;base64,%%"), json!("invalid_base64")),
        ("gpt-6-luna", at("data:image/png;base64,AA=="), json!("invalid_image_format")),
        ("gpt-6-luna", at("data:image/svg+xml;base64,AA=="), json!("invalid_image_format")),
        ("gpt-6-luna", json!({ "type": "image_url" }), json!("missing_required_parameter")),
        ("gpt-4", at(&data_url(64, 64)), Value::Null),
    ];
    for (model, part, code) in cases {
        let answer = lab.chat(&showing(model, part)).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, code), "{}", answer.text);
    }
    assert_eq!(lab.chat(&showing("gpt-6-luna", at(&data_url(64, 64)))).await.status, 200);
}
