use proptest::prelude::*;
use serde_json::{Value, json};
use shared::domain::{ImageQuality, ImageSize, Nanodollars, Platform, Priority};

use super::{Parsed, Refused, UnknownFields, parse};

fn row() -> Value {
    json!({"brand_name": "Crust", "tone": "warm"})
}

fn batch(posts: &Value) -> Value {
    json!({"name": "Monday", "posts": posts})
}

/// The pointers and codes of a refused body, and the counts.
fn errors(body: &str) -> (Vec<(String, &'static str)>, u64) {
    match parse(body.as_bytes(), UnknownFields::Refuse) {
        Err(Refused::Invalid(findings)) => {
            let (listed, counts) = findings.into_parts();
            (listed.into_iter().map(|error| (error.pointer, error.code)).collect(), counts.values().sum())
        }
        Err(Refused::Malformed(why)) => panic!("malformed: {why}"),
        Ok(parsed) => panic!("accepted: {parsed:?}"),
    }
}

fn one_error(body: &str) -> (String, &'static str) {
    let (listed, total) = errors(body);
    assert_eq!((listed.len(), total), (1, 1), "{listed:?}");
    listed.into_iter().next().expect("one")
}

#[track_caller]
fn accepted(body: &str) -> Parsed<'_> {
    parse(body.as_bytes(), UnknownFields::Refuse).expect("accepted")
}

#[test]
fn a_batch_is_read_with_its_defaults() {
    let body = batch(&json!([row()])).to_string();
    let parsed = accepted(&body);
    assert_eq!((&*parsed.batch.name, parsed.batch.priority, parsed.batch.cap), ("Monday", Priority::Normal, None));
    let post = &parsed.batch.posts[0];
    assert_eq!((&*post.brand_name, &*post.tone), ("Crust", "warm"));
    let image = post.image.expect("an image by default");
    assert_eq!((image.size, image.quality), (ImageSize::Square, ImageQuality::Medium));
    assert_eq!((&post.topic, &post.brief, &post.external_id, post.platform), (&None, &None, &None, None));
}

#[test]
fn every_field_is_read() {
    let body = json!({
        "name": "  Tuesday ", "budget_usd": 12.5, "priority": "HIGH",
        "posts": [{
            "brand_name": " Crust\n", "tone": "warm", "topic": "Bread \u{1f35e}", "brief": "a \"quoted\" brief",
            "target_audience": "", "platform": "Twitter", "language": "pt-BR",
            "image": {"size": "1792x1024", "quality": "HD"}, "external_id": "sku-1",
        }, {"brand_name": "b", "tone": "t", "image": false}, {"brand_name": "b", "tone": "t", "image": {}}],
    })
    .to_string();
    let parsed = accepted(&body);
    assert_eq!((&*parsed.batch.name, parsed.batch.priority), ("Tuesday", Priority::High));
    assert_eq!(parsed.batch.cap, Some(Nanodollars(12_500_000_000)));
    let post = &parsed.batch.posts[0];
    assert_eq!(&*post.brand_name, "Crust");
    assert_eq!(post.topic.as_deref(), Some("Bread \u{1f35e}"));
    assert_eq!(post.brief.as_deref(), Some("a \"quoted\" brief"));
    assert_eq!(post.target_audience, None);
    assert_eq!((post.platform, post.language.as_deref()), (Some(Platform::X), Some("pt-BR")));
    assert_eq!(post.external_id.as_deref(), Some("sku-1"));
    let image = post.image.expect("an image");
    assert_eq!((image.size, image.quality), (ImageSize::WideLandscape, ImageQuality::Hd));
    assert_eq!(parsed.batch.posts[1].image, None);
    assert!(parsed.batch.posts[2].image.is_some());
}

#[test]
fn whatever_is_wrong_with_a_row_is_said_at_its_pointer() {
    let long = |length: usize| "x".repeat(length);
    for (field, value, pointer, code) in [
        ("brand_name", json!(null), "/posts/1/brand_name", "required"),
        ("brand_name", json!(" \t"), "/posts/1/brand_name", "blank"),
        ("brand_name", json!(long(256)), "/posts/1/brand_name", "too_long"),
        ("tone", json!(7), "/posts/1/tone", "wrong_type"),
        ("tone", json!({}), "/posts/1/tone", "wrong_type"),
        ("tone", json!(""), "/posts/1/tone", "blank"),
        ("tone", json!(long(101)), "/posts/1/tone", "too_long"),
        ("topic", json!(long(501)), "/posts/1/topic", "too_long"),
        ("topic", json!(["a"]), "/posts/1/topic", "wrong_type"),
        ("brief", json!(long(1 << 20)), "/posts/1/brief", "too_long"),
        ("brief", json!("a\0b"), "/posts/1/brief", "nul"),
        ("target_audience", json!(long(2_001)), "/posts/1/target_audience", "too_long"),
        ("platform", json!("myspace"), "/posts/1/platform", "invalid"),
        ("language", json!("english please"), "/posts/1/language", "invalid"),
        ("language", json!("e"), "/posts/1/language", "invalid"),
        ("image", json!(true), "/posts/1/image", "wrong_type"),
        ("image", json!({"size": "1x1"}), "/posts/1/image/size", "invalid"),
        ("image", json!({"quality": 1}), "/posts/1/image/quality", "wrong_type"),
        ("image", json!({"a/b": 1}), "/posts/1/image/a~1b", "unknown_field"),
        ("external_id", json!(long(256)), "/posts/1/external_id", "too_long"),
        ("external_id", json!(5), "/posts/1/external_id", "wrong_type"),
        ("x~y", json!(5), "/posts/1/x~0y", "unknown_field"),
    ] {
        let mut bad = row();
        bad[field] = value;
        let body = batch(&json!([row(), bad, row()])).to_string();
        assert_eq!(one_error(&body), (pointer.to_owned(), code), "{field}");
    }
}

#[test]
fn whatever_is_wrong_with_a_batch_is_said_at_its_pointer() {
    for (field, value, code) in [
        ("name", json!(null), "required"),
        ("name", json!(" "), "blank"),
        ("name", json!("x".repeat(256)), "too_long"),
        ("posts", json!(null), "required"),
        ("posts", json!([]), "too_few"),
        ("posts", json!({"0": 1}), "wrong_type"),
        ("posts", json!("x"), "wrong_type"),
        ("budget_usd", json!(0), "out_of_range"),
        ("budget_usd", json!(-1), "out_of_range"),
        ("budget_usd", json!(1e30), "out_of_range"),
        ("budget_usd", json!("5"), "wrong_type"),
        ("priority", json!("urgent"), "invalid"),
        ("colour", json!(1), "unknown_field"),
        ("mode", json!("cheap"), "invalid"),
        ("mode", json!(1), "wrong_type"),
        ("deadline", json!("2030-01-31T18:00:00Z"), "invalid"),
    ] {
        let mut body = batch(&json!([row()]));
        body[field] = value;
        assert_eq!(one_error(&body.to_string()), (format!("/{field}"), code));
    }
    assert_eq!(one_error("[1]"), (String::new(), "wrong_type"));
}

#[test]
fn an_economy_batch_has_a_deadline() {
    let economy = |deadline: Value| {
        let mut body = batch(&json!([row()]));
        (body["mode"], body["deadline"]) = (json!("Economy"), deadline);
        body.to_string()
    };
    let good = economy(json!("2030-01-31T19:00:00+01:00"));
    let deadline = accepted(&good).batch.mode.deadline().expect("a deadline");
    assert_eq!(deadline.to_rfc3339(), "2030-01-31T18:00:00+00:00");
    for (deadline, code) in [
        (json!(null), "required"),
        (json!("tomorrow"), "invalid"),
        (json!(""), "invalid"),
        (json!("2030-01-31"), "invalid"),
        (json!(7), "wrong_type"),
    ] {
        assert_eq!(one_error(&economy(deadline)), ("/deadline".to_owned(), code));
    }
    let parsed = parse(good.as_bytes(), UnknownFields::Ignore).expect("accepted");
    assert_eq!(
        (parsed.batch.mode, parsed.ignored.len()),
        (shared::domain::Mode::Live, 2),
        "not on the compatible paths"
    );
}

#[test]
fn escapes_that_are_no_text_are_told_apart() {
    for (tone, code) in [(r"\ud800", "lone_surrogate"), (r"\udc00x", "lone_surrogate"), (r"a\u0000", "nul")] {
        let body = format!(r#"{{"name": "n", "posts": [{{"brand_name": "b", "tone": "{tone}"}}]}}"#);
        assert_eq!(one_error(&body), ("/posts/0/tone".to_owned(), code));
    }
    let body = r#"{"name": "n", "posts": [{"brand_name": "b", "tone": "t", "\ud800": 1}]}"#;
    assert_eq!(one_error(body), ("/posts/0".to_owned(), "lone_surrogate"));
    let body = r#"{"name": "n", "posts": [{"brand_name": "b", "tone": "\ud83d\ude00"}]}"#;
    assert_eq!(accepted(body).batch.posts[0].tone, "\u{1f600}");
}

#[test]
fn a_second_external_id_names_the_first() {
    let post = |name| json!({"brand_name": "b", "tone": "t", "external_id": name});
    let body = batch(&json!([post("a"), post("b"), post(" a "), row(), row()])).to_string();
    let Err(Refused::Invalid(findings)) = parse(body.as_bytes(), UnknownFields::Refuse) else { panic!("refused") };
    let (listed, _) = findings.into_parts();
    assert_eq!((listed[0].pointer.as_str(), listed[0].code), ("/posts/2/external_id", "duplicate"));
    assert!(listed[0].detail.contains("/posts/0"), "{}", listed[0].detail);
}

#[test]
fn all_rows_are_checked_and_counted_and_the_first_thousand_errors_listed() {
    let rows: Vec<Value> = (0..50_000).map(|_| json!({"brand_name": " ", "tone": 1})).collect();
    let body = batch(&json!(rows)).to_string();
    let (listed, total) = errors(&body);
    assert_eq!((listed.len(), total), (1_000, 100_000));
    assert_eq!(listed[999].0, "/posts/499/tone");
}

#[test]
fn more_rows_than_a_batch_holds_are_counted_and_not_read() {
    let rows: Vec<Value> = (0..50_001).map(|_| row()).collect();
    let (listed, _) = errors(&batch(&json!(rows)).to_string());
    assert_eq!(listed, [("/posts".to_owned(), "too_many")]);
    let rows: Vec<Value> = (0..50_000).map(|_| row()).collect();
    let body = batch(&json!(rows)).to_string();
    assert_eq!(accepted(&body).batch.posts.len(), 50_000);
}

#[test]
fn unknown_fields_are_named_where_they_may_be_ignored() {
    let body = json!({
        "name": "n", "colour": 1,
        "posts": [{"brand_name": "b", "tone": "t", "mood": 1, "image": {"style": "x"}}, {"brand_name": "b", "tone": "t", "mood": 2}],
    })
    .to_string();
    let parsed = parse(body.as_bytes(), UnknownFields::Ignore).expect("accepted");
    let ignored: Vec<&str> = parsed.ignored.iter().map(String::as_str).collect();
    assert_eq!(ignored, ["colour", "posts.image.style", "posts.mood"]);
    assert_eq!(errors(&body).1, 4);
}

#[test]
fn what_is_no_json_is_malformed() {
    for bad in [&b""[..], b"  ", b"{", b"{\"name\": }", b"\xff", b"{\"posts\": [}", b"{} {}", b"{\"a\": \"\x01\"}"] {
        assert!(matches!(parse(bad, UnknownFields::Refuse), Err(Refused::Malformed(_))), "{bad:?}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(parse(deep.as_bytes(), UnknownFields::Refuse).is_err());
    let deep = format!(r#"{{"name": "n", "posts": [{{"tone": {deep}}}]}}"#);
    assert!(parse(deep.as_bytes(), UnknownFields::Refuse).is_err());
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("\0")),
    ];
    let name = prop_oneof![
        ".{0,6}",
        prop::sample::select(vec!["name", "posts", "tone", "brand_name", "image", "size", "external_id", "priority"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6).prop_map(|map| json!(map)),
        ]
    })
}

/// Follows a pointer; a field that is missing may be pointed at, its parent must be there.
fn leads_somewhere(body: &Value, pointer: &str) -> bool {
    let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    body.pointer(pointer).is_some() || body.pointer(parent).is_some_and(Value::is_object)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn any_bytes_are_refused_or_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(parse(&bytes, UnknownFields::Refuse));
    }

    #[test]
    fn any_json_is_refused_with_pointers_that_lead_somewhere(body in json_value()) {
        let text = body.to_string();
        if let Err(Refused::Invalid(findings)) = parse(text.as_bytes(), UnknownFields::Refuse) {
            let (listed, counts) = findings.into_parts();
            prop_assert_eq!(listed.len() as u64, counts.values().sum::<u64>());
            for error in listed {
                prop_assert!(leads_somewhere(&body, &error.pointer), "{} in {}", error.pointer, text);
            }
        }
    }

    #[test]
    fn one_wrong_value_in_a_good_batch_is_one_error_at_its_place(
        rows in 1usize..20,
        at in any::<prop::sample::Index>(),
        field in prop::sample::select(vec!["brand_name", "tone", "topic", "brief", "platform", "language", "external_id"]),
    ) {
        let at = at.index(rows);
        let posts: Vec<Value> = (0..rows).map(|n| {
            let mut post = row();
            post["external_id"] = json!(format!("sku-{n}"));
            if n == at { post[field] = json!({"no": "text"}); }
            post
        }).collect();
        let body = batch(&json!(posts)).to_string();
        prop_assert_eq!(one_error(&body), (format!("/posts/{at}/{field}"), "wrong_type"));
    }
}
