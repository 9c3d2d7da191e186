//! Segments: each is its owner's, and nobody else's.

use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::{Handle, SegmentId};
use shared::store::segments;
use uuid::Uuid;

use crate::app::{Answer, TestApp};
use crate::member::Member;

const SEGMENTS: &str = "/api/v1/segments";

fn parents() -> Value {
    json!({"name": " Millennial parents ", "description": "Parents in their 30s",
           "criteria": {"has_children": true, "age_range": "30-40", "where": {"cities": ["Kraków", "Ulm"]}}})
}

fn path(segment: &Value) -> String {
    format!("{SEGMENTS}/{}", segment["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn a_segment_is_made_read_changed_and_deleted() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let answer = member.post(SEGMENTS, &parents()).await.expect(201);
    let made = answer.json();
    assert_eq!(answer.header("location"), path(&made));
    assert_eq!(made["name"], "Millennial parents");
    assert_eq!(made["criteria"], parents()["criteria"]);
    assert!(made["number"].as_i64().is_some_and(|number| number > 0), "{made}");
    assert_eq!(member.get(&path(&made)).await.expect(200).json(), made);

    let changed = member.put(&path(&made), &json!({"name": "Parents", "description": null})).await.expect(200).json();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Parents"), &Value::Null));
    assert_eq!(changed["criteria"], made["criteria"], "what is left out stays");
    let changed = member.put(&path(&made), &json!({"criteria": {"a": 1}})).await.expect(200).json();
    assert_eq!((&changed["name"], &changed["criteria"]), (&json!("Parents"), &json!({"a": 1})));

    member.delete(&path(&made)).await.expect(204);
    member.get(&path(&made)).await.expect_problem(404, "not_found");
    member.delete(&path(&made)).await.expect_problem(404, "not_found");
    app.stop().await;
}

#[tokio::test]
async fn generations_are_given_a_segment_by_its_id_or_its_number() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let made = member.post(SEGMENTS, &parents()).await.expect(201).json();
    let id = Handle::Id(SegmentId(made["id"].as_str().expect("an id").parse().expect("a UUID")));
    let number = Handle::Number(made["number"].as_i64().expect("a number"));
    let pool = app.app.store.pool();
    for handle in [id, number] {
        let segment = segments::read(pool, member.user, handle).await.expect("an answer").expect("the segment");
        assert_eq!(segment.name, "Millennial parents");
        assert_eq!(Value::from(segment.criteria), parents()["criteria"]);
        assert_eq!(segments::read(pool, other.user, handle).await.expect("an answer"), None);
    }
    app.stop().await;
}

#[tokio::test]
async fn segments_are_paged_and_others_segments_are_not_there() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let mut made = Vec::new();
    for n in 0..3 {
        made.push(member.post(SEGMENTS, &json!({"name": format!("s{n}")})).await.expect(201).json());
    }
    let first = member.get(&format!("{SEGMENTS}?limit=2")).await.expect(200).json();
    assert_eq!(first["data"], json!([made[2], made[1]]));
    let cursor = first["next_cursor"].as_str().expect("more");
    let second = member.get(&format!("{SEGMENTS}?limit=2&cursor={cursor}")).await.expect(200).json();
    assert_eq!((&second["data"], &second["has_more"]), (&json!([made[0]]), &json!(false)));

    for path in [path(&made[0]), format!("{SEGMENTS}/{}", Uuid::now_v7()), format!("{SEGMENTS}/1")] {
        other.get(&path).await.expect_problem(404, "not_found");
        other.put(&path, &json!({"name": "x"})).await.expect_problem(404, "not_found");
        other.delete(&path).await.expect_problem(404, "not_found");
    }
    assert_eq!(other.get(SEGMENTS).await.expect(200).json()["data"], json!([]));
    assert_eq!(app.get(SEGMENTS).await.status, 401);
    assert_eq!(member.get(&path(&made[0])).await.expect(200).json(), made[0], "untouched");
    app.stop().await;
}

#[tokio::test]
async fn a_repeated_request_makes_one_segment_and_a_refused_one_none() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let send =
        |body: Value| Answer::of(member.request(Method::POST, SEGMENTS).header("idempotency-key", "k").json(&body));
    let bad = json!({"name": "", "criteria": {"a": "\0", "b": [[[[[[1]]]]]]}, "tone": "warm"});
    let mut errors = send(bad).await.expect_problem(422, "invalid").errors();
    errors.sort();
    assert_eq!(
        errors,
        [("/criteria", "too_deep"), ("/name", "blank"), ("/tone", "unknown_field")]
            .map(|(pointer, code)| (pointer.to_owned(), code.to_owned()))
    );
    let first = send(parents()).await.expect(201);
    let again = send(parents()).await.expect(201);
    assert_eq!((again.json(), again.header("idempotent-replay")), (first.json(), "true"));
    send(json!({"name": "another"})).await.expect_problem(422, "idempotency_key_reused");
    let list = member.get(SEGMENTS).await.expect(200).json();
    assert_eq!(list["data"], json!([first.json()]));
    app.stop().await;
}
