//! Longer texts by the schemas that workers send.

use serde_json::{Value, json};

use crate::harness::{Lab, hello_with};

fn object(properties: &Value) -> Value {
    let required: Vec<&String> = properties.as_object().expect("an object").keys().collect();
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

fn texts() -> Value {
    json!({ "type": "array", "items": { "type": "string" } })
}

async fn document(lab: &Lab, name: &str, schema: &Value, brief: &str) -> Value {
    let format = json!({ "type": "json_schema", "json_schema": { "name": name, "strict": true, "schema": schema } });
    let messages = json!([
        { "role": "system", "content": "You write for marketing teams." },
        { "role": "user", "content": format!("BRIEF BEGINS\n{brief}\nBRIEF ENDS") },
    ]);
    let answer = lab.chat(&hello_with(&json!({ "messages": messages, "response_format": format }))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    serde_json::from_str(body["choices"][0]["message"]["content"].as_str().expect("text")).expect("JSON")
}

#[tokio::test]
async fn a_page_follows_its_schema() {
    let text = json!({ "type": "string" });
    let schema = object(&json!({
        "title": text, "meta_description": text, "slug": text, "outline": texts(), "body": text,
    }));
    let brief = "Topic: Sourdough at home\nKeywords: sourdough starter, rye\nWords: 600\nLanguage: de";
    let page = document(&Lab::new(), "seo_content", &schema, brief).await;
    assert!(
        page["title"]
            .as_str()
            .is_some_and(|title| title.starts_with("Sourdough starter") && title.chars().count() <= 60)
    );
    assert!(page["meta_description"].as_str().is_some_and(|meta| (120..=158).contains(&meta.chars().count())));
    let body = page["body"].as_str().expect("text");
    let headings: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(json!(headings), page["outline"]);
    let words = body.split_whitespace().count();
    assert!((500..=700).contains(&words), "{words}");
    assert_eq!(page.as_object().expect("an object").len(), 5);
}

#[tokio::test]
async fn a_plan_fills_the_places_it_is_given_under_other_names_too() {
    let text = json!({ "type": "string" });
    let lab = Lab::new();
    let entry = object(&json!({
        "slot": { "type": "integer" }, "title": text, "idea": text, "format": text, "call_to_action": text,
        "hashtags": texts(),
    }));
    let schema = object(&json!({ "entries": { "type": "array", "items": entry } }));
    let brief = "Topic: Slow bread\nSlot 17: 2027-01-05 | instagram | a checklist\nSlot 18: 2027-01-06 | newsletter | a thank-you";
    let plan = document(&lab, "content_plan", &schema, brief).await;
    let entries = plan["entries"].as_array().expect("a list");
    assert_eq!((entries.len(), &entries[0]["slot"], &entries[1]["slot"]), (2, &json!(17), &json!(18)));
    assert!(entries[0]["title"].as_str().is_some_and(|title| title.starts_with("A checklist, ")));
    assert!(entries[1]["hashtags"][0].as_str().is_some_and(|tag| tag.starts_with('#')));
    let post = object(&json!({
        "publish_date": { "type": "string", "format": "date" },
        "platform": { "type": "string", "enum": ["Instagram", "LinkedIn"] },
        "headline": { "type": "string", "maxLength": 40 },
        "cta": text,
    }));
    let schema = object(&json!({ "posts": { "type": "array", "items": post, "minItems": 5, "maxItems": 5 } }));
    let plan = document(
        &lab,
        "content_plan",
        &schema,
        "Topic: bread\nDays: 10\nChannels: linkedin, instagram\nStart date: 2027-02-01",
    )
    .await;
    let posts = plan["posts"].as_array().expect("a list");
    assert_eq!(
        (posts.len(), &posts[0]["publish_date"], &posts[0]["platform"]),
        (5, &json!("2027-02-01"), &json!("LinkedIn"))
    );
    assert!(posts.iter().all(|post| post["headline"].as_str().is_some_and(|text| text.chars().count() <= 40)));
}

#[tokio::test]
async fn a_budget_sums_whatever_its_parts_are_called() {
    let text = json!({ "type": "string" });
    let lab = Lab::new();
    for (parts, cents) in [("channels", "budget_cents"), ("budget_split", "amount_cents"), ("allocation", "cents")] {
        let part = object(&json!({ "channel": text, cents: { "type": "integer", "minimum": 0 }, "rationale": text }));
        let schema = object(&json!({
            "objectives": texts(),
            "audience": text,
            parts: { "type": "array", "items": part },
            "timeline": { "type": "array", "items": object(&json!({ "week": { "type": "integer" }, "activities": texts() })) },
            "kpis": { "type": "array", "items": object(&json!({ "name": text, "target": text })) },
        }));
        let brief = "Product: rye bread\nBudget: 12,345.67\nCurrency: EUR\nWeeks: 6\nAudience: early risers";
        let plan = document(&lab, "marketing_plan", &schema, brief).await;
        let sum: u64 = plan[parts].as_array().expect("a list").iter().filter_map(|part| part[cents].as_u64()).sum();
        assert_eq!(sum, 1_234_567, "{plan}");
        assert_eq!(plan["timeline"].as_array().map(Vec::len), Some(5));
        assert!(plan["audience"].as_str().is_some_and(|audience| audience.contains("early risers")));
        assert!(plan["objectives"].as_array().is_some_and(|list| list.len() >= 3));
    }
}

#[tokio::test]
async fn a_subject_line_has_its_preview_text() {
    let schema = object(&json!({
        "subject": { "type": "string", "maxLength": 60 }, "preview_text": { "type": "string", "maxLength": 140 },
    }));
    let mail = document(&Lab::new(), "email_subject", &schema, "Topic: rye bread\nTone: warm").await;
    assert_ne!(mail["subject"], mail["preview_text"]);
    assert!(mail["subject"].as_str().is_some_and(|subject| !subject.is_empty() && !subject.contains('{')));
}

#[tokio::test]
async fn schemas_that_nobody_knows_are_followed_by_their_shape() {
    let schema = object(&json!({
        "when": { "type": "string", "format": "date-time" },
        "mail": { "type": "string", "format": "email" },
        "colour": { "type": "string", "pattern": "^#[0-9A-Fa-f]{6}$" },
        "tag": { "type": "string", "pattern": "^[a-z0-9-]+$" },
        "id": { "type": "string", "format": "uuid" },
        "share": { "type": "number", "minimum": 2, "maximum": 3 },
        "step": { "type": "integer", "minimum": 3, "maximum": 30, "multipleOf": 5 },
        "things": { "type": "array", "items": { "type": "string", "minLength": 20, "maxLength": 50 } },
        "none": { "type": ["string", "null"] },
    }));
    let got = document(&Lab::new(), "whatever", &schema, "Brand: Acme\nTopic: anvils").await;
    let text = |field: &str| got[field].as_str().unwrap_or_default().to_owned();
    assert!(text("when").contains('T') && text("mail").contains('@') && text("id").len() == 36, "{got}");
    assert!(
        text("colour").len() == 7 && text("tag").bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
        "{got}"
    );
    assert!(got["share"].as_f64().is_some_and(|share| (2.0..=3.0).contains(&share)), "{got}");
    assert!(got["step"].as_i64().is_some_and(|step| step % 5 == 0 && (3..=30).contains(&step)), "{got}");
    let things = got["things"].as_array().expect("a list");
    assert!(
        things.len() >= 2
            && things.iter().all(|thing| thing.as_str().is_some_and(|text| (20..=50).contains(&text.chars().count()))),
        "{got}"
    );
}

#[tokio::test]
async fn free_text_keeps_to_its_words_and_is_cut_at_the_cap() {
    let lab = Lab::new();
    let ask = |more: Value| {
        let text = "BRIEF BEGINS\nPrompt: A slogan for a coffee shop\nKeywords: coffee, morning\nWords: 60\nBRIEF ENDS";
        let mut body = hello_with(&json!({ "messages": [{ "role": "user", "content": text }] }));
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    };
    let whole = lab.chat(&ask(json!({ "max_completion_tokens": 200 }))).await.json();
    let text = whole["choices"][0]["message"]["content"].as_str().expect("text");
    assert!(text.contains("offee") && text.contains("morning") && text.split_whitespace().count() <= 60, "{text}");
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    let cut = lab.chat(&ask(json!({ "max_completion_tokens": 10 }))).await.json();
    assert_eq!(
        (&cut["choices"][0]["finish_reason"], &cut["usage"]["completion_tokens"]),
        (&json!("length"), &json!(10))
    );
    let old = lab.chat(&ask(json!({ "model": "gpt-3.5-turbo", "max_tokens": 10 }))).await.json();
    assert_eq!(old["choices"][0]["finish_reason"], "length");
}
