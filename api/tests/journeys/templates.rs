//! Templates: made, filled in, changed, and nobody else's.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Answer, TestApp};
use crate::member::Member;

const PATH: &str = "/api/v1/templates";

fn launch() -> Value {
    json!({
        "name": "Launch",
        "texts": {
            "brand_name": "Crust & Co", "tone": "{{tone}}", "topic": "{{product}} in {{ season }}",
            "brief": "Say that {{product}} costs {{price}}. Write {{{{price}} nowhere.", "platform": "{{platform}}",
            "image": "true", "image_size": "1024x1536",
        },
        "defaults": {"tone": "warm", "season": "spring"},
    })
}

async fn make(member: &Member<'_>) -> String {
    let made = member.post(PATH, &launch()).await.expect(201);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(made.header("location"), format!("{PATH}/{id}"));
    format!("{PATH}/{id}")
}

fn pairs<const N: usize>(expected: [(&str, &str); N]) -> Vec<(String, String)> {
    expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())).to_vec()
}

#[tokio::test]
async fn variables_are_found_in_the_texts_and_listed() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let template = member.get(&make(&member).await).await.expect(200).json();
    assert_eq!(
        template["variables"],
        json!([
            {"name": "platform", "default": null, "required": true, "used_in": ["platform"]},
            {"name": "price", "default": null, "required": true, "used_in": ["brief"]},
            {"name": "product", "default": null, "required": true, "used_in": ["topic", "brief"]},
            {"name": "season", "default": "spring", "required": false, "used_in": ["topic"]},
            {"name": "tone", "default": "warm", "required": false, "used_in": ["tone"]},
        ])
    );
    assert_eq!(template["texts"], launch()["texts"]);
    assert_eq!(template["open_fields"], json!(["target_audience", "language", "image_quality", "external_id"]));
    let listed = member.get(PATH).await.expect(200).json();
    assert_eq!((&listed["data"][0], &listed["has_more"]), (&template, &json!(false)));
}

#[tokio::test]
async fn a_preview_is_the_post_and_values_are_data() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let path = format!("{}/preview", make(&member).await);
    let values = json!({"values": {"product": "{{price}} loaf", "price": "3 € {{{{", "platform": "Instagram"}});
    let preview = member.post(&path, &values).await.expect(200).json();
    assert_eq!(
        preview["post"],
        json!({
            "brand_name": "Crust & Co", "topic": "{{price}} loaf in spring", "tone": "warm",
            "brief": "Say that {{price}} loaf costs 3 € {{{{. Write {{price}} nowhere.", "target_audience": null,
            "platform": "instagram", "language": null, "image": {"size": "1024x1536", "quality": "medium"},
            "external_id": null,
        })
    );
    assert_eq!(preview["texts"]["platform"], "Instagram");
}

#[tokio::test]
async fn what_is_missing_unknown_or_wrong_in_a_preview_is_named() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let path = format!("{}/preview", make(&member).await);
    let values = json!({"values": {"product": " ", "price": "3", "colour": "red", "a/b": "x"}});
    let answer = member.post(&path, &values).await.expect_problem(422, "invalid");
    let expected = pairs([
        ("/values/a~1b", "unknown_variable"),
        ("/values/colour", "unknown_variable"),
        ("/values/platform", "required"),
        ("/values/product", "required"),
    ]);
    assert_eq!(answer.errors(), expected);
    let wrong = json!({"values": {"product": "x".repeat(600), "price": "3", "platform": "myspace"}});
    let answer = member.post(&path, &wrong).await.expect_problem(422, "invalid");
    assert_eq!(answer.errors(), pairs([("/values", "too_long"), ("/values", "invalid")]));
    let detail = answer.json()["errors"][0]["detail"].as_str().expect("a detail").to_owned();
    assert!(detail.contains("topic") && detail.contains("500"), "{detail}");
    let numbers = json!({"values": {"product": 3, "price": null}});
    let answer = member.post(&path, &numbers).await.expect_problem(422, "invalid");
    assert_eq!(answer.errors(), pairs([("/values/price", "wrong_type"), ("/values/product", "wrong_type")]));
}

#[tokio::test]
async fn everything_wrong_with_a_template_is_said_at_once() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let body = json!({"name": " ", "colour": 1, "texts": {
        "topic": "{{first name}}", "brief": "{{open", "tone": "x".repeat(101), "mood": "glad", "brand_name": 5,
    }});
    let mut errors = member.post(PATH, &body).await.expect_problem(422, "invalid").errors();
    errors.sort();
    let expected = pairs([
        ("/colour", "unknown_field"),
        ("/name", "blank"),
        ("/texts/brand_name", "wrong_type"),
        ("/texts/mood", "unknown_field"),
        ("/texts/tone", "too_long"),
    ]);
    assert_eq!(errors, expected);
    let body = json!({"name": "n", "defaults": {"season": "x"}, "texts": {"topic": "{{a b}}", "brief": "{{open"}});
    let errors = member.post(PATH, &body).await.expect_problem(422, "invalid").errors();
    assert_eq!(errors, pairs([("/texts/topic", "invalid"), ("/texts/brief", "invalid")]));
    let body = json!({"name": "n", "defaults": {"season": "x"}, "texts": {
        "topic": "{{a}}", "platform": "myspace", "language": "{{language}}", "image": "perhaps",
    }});
    let errors = member.post(PATH, &body).await.expect_problem(422, "invalid").errors();
    let expected =
        pairs([("/defaults/season", "unknown_variable"), ("/texts/platform", "invalid"), ("/texts/image", "invalid")]);
    assert_eq!(errors, expected, "what holds no variable is checked at once");
    for (texts, code) in [(json!({}), "too_few"), (json!(null), "required"), (json!([]), "wrong_type")] {
        let errors = member.post(PATH, &json!({"name": "n", "texts": texts})).await.expect(422).errors();
        assert_eq!(errors, pairs([("/texts", code)]));
    }
    assert_eq!(member.get(PATH).await.expect(200).json()["data"], json!([]));
}

#[tokio::test]
async fn a_template_is_changed_in_parts_and_stays_whole() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let path = make(&member).await;
    let changed = member.put(&path, &json!({"name": "Autumn", "description": "for loaves"})).await.expect(200).json();
    assert_eq!((&changed["name"], &changed["texts"]), (&json!("Autumn"), &launch()["texts"]));
    let answer = member.put(&path, &json!({"texts": {"topic": "{{season}}"}})).await.expect_problem(422, "invalid");
    assert_eq!(answer.errors(), pairs([("/defaults/tone", "unknown_variable")]));
    let both = json!({"texts": {"topic": "{{season}}"}, "defaults": null, "description": null});
    let changed = member.put(&path, &both).await.expect(200).json();
    assert_eq!((&changed["defaults"], &changed["description"]), (&json!({}), &Value::Null));
    assert_eq!(changed["variables"][0]["required"], true);
    member.post(PATH, &launch()).await.expect(201);
    member.post(PATH, &launch()).await.expect_problem(409, "taken");
    let answer = member.put(&path, &json!({"name": "Launch"})).await.expect_problem(409, "taken");
    assert_eq!(answer.errors(), pairs([("/name", "taken")]));
    Answer::of(member.request(Method::DELETE, &path)).await.expect(204);
    member.get(&path).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn another_users_template_is_not_there() {
    let app = TestApp::start().await;
    let (owner, other) = (Member::new(&app).await, Member::new(&app).await);
    let own = make(&owner).await;
    for path in [own.clone(), format!("{PATH}/{}", Uuid::now_v7()), format!("{PATH}/no-uuid")] {
        other.get(&path).await.expect_problem(404, "not_found");
        other.put(&path, &json!({"name": "mine"})).await.expect_problem(404, "not_found");
        other.post(&format!("{path}/preview"), &json!({})).await.expect_problem(404, "not_found");
        Answer::of(other.request(Method::DELETE, &path)).await.expect_problem(404, "not_found");
    }
    assert_eq!(other.get(PATH).await.expect(200).json()["data"], json!([]));
    make(&other).await;
    assert_eq!(owner.get(&own).await.expect(200).json()["name"], "Launch", "names are each user's own");
}

#[tokio::test]
async fn the_same_key_makes_one_template() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let send =
        |body: Value| Answer::of(member.request(Method::POST, PATH).header("idempotency-key", "one").json(&body));
    let first = send(launch()).await.expect(201);
    let again = send(launch()).await.expect(201);
    assert_eq!((again.header("idempotent-replay"), again.json()), ("true", first.json()));
    let mut other = launch();
    other["name"] = json!("Other");
    send(other).await.expect_problem(422, "idempotency_key_reused");
}
