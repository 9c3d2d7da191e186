//! Files of posts: checked row by row, and placed as a batch.

use reqwest::{Body, Method, Url};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::member::Member;

const SAMPLE: &str = include_str!("../../../config/samples/launch-week.csv");

/// How many batches and posts there are.
async fn rows(app: &TestApp) -> (i64, i64) {
    sqlx::query_as("SELECT (SELECT count(*) FROM batch_jobs), (SELECT count(*) FROM campaign_posts)")
        .fetch_one(app.app.store.pool())
        .await
        .expect("counts")
}

impl Member<'_> {
    fn import_path(&self, query: &str) -> String {
        format!("/api/v1/campaigns/{}/imports?{query}", self.campaign)
    }

    async fn import(&self, query: &str, content_type: &str, file: impl Into<Body>) -> Answer {
        let request = self.request(Method::POST, &self.import_path(query)).header("content-type", content_type);
        Answer::of(request.body(file)).await
    }

    async fn csv(&self, query: &str, file: impl Into<Body>) -> Answer {
        self.import(query, "text/csv", file).await
    }

    async fn ndjson(&self, query: &str, file: impl Into<Body>) -> Answer {
        self.import(query, "application/x-ndjson", file).await
    }
}

/// The `[line, pointer, code]` of each listed error.
fn errors(errors: &Value) -> Vec<(u64, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = errors.as_array().expect("a list");
    errors
        .iter()
        .map(|error| (error["line"].as_u64().unwrap_or_default(), text(&error["pointer"]), text(&error["code"])))
        .collect()
}

fn named<const N: usize>(expected: [(u64, &str, &str); N]) -> Vec<(u64, String, String)> {
    expected.map(|(line, pointer, code)| (line, pointer.to_owned(), code.to_owned())).to_vec()
}

#[tokio::test]
async fn a_file_becomes_a_batch_of_its_rows() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let answer = member.csv("name=Launch%20week&priority=high&budget_usd=2.5", SAMPLE).await.expect(202);
    let batch = answer.json();
    assert_eq!(answer.header("location"), format!("/api/v1/batch-jobs/{}", batch["id"].as_str().expect("an id")));
    assert_eq!(
        (&batch["name"], &batch["total_posts"], &batch["priority"], &batch["budget_usd"]),
        (&json!("Launch week"), &json!(28), &json!("high"), &json!(2.5))
    );
    let report = json!({"rows": 28, "accepted": 28, "skipped": 0, "errors": [], "error_counts": {}});
    assert_eq!(batch["import"], report);
    assert!(batch["events_url"].is_string());
    assert_eq!(rows(&app).await, (1, 28));
    let posts = member.posts(batch["id"].as_str().expect("an id")).await;
    let mut sample = csv::Reader::from_reader(SAMPLE.as_bytes());
    let header = sample.headers().expect("a header").clone();
    for (post, row) in posts.iter().zip(sample.records()) {
        for (name, cell) in header.iter().zip(row.expect("a row").iter()) {
            let kept = match name {
                "image_size" => post["image"]["size"].clone(),
                "image_quality" => post["image"]["quality"].clone(),
                name => post[name].clone(),
            };
            assert_eq!(kept.as_str().unwrap_or_default(), cell, "{name} of {}", post["external_id"]);
        }
    }
    assert!(posts[2]["image"].is_null(), "a blank size and quality: no image");
}

#[tokio::test]
async fn every_bad_row_is_named_with_its_line_and_nothing_is_written() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let file = "brand_name,tone,brief,platform,external_id\r\n\
                Crust,warm,\"two\r\nlines, \"\"quoted\"\"\",instagram,a\r\n\
                Crust,,none,myspace,b\r\n\
                \r\n\
                Crust,warm,ragged\r\n\
                Crust,warm,\"again\n\nthree lines\",x,a\r\n\
                ,,,,\r\n\
                Crust,warm,good,x,c\r\n";
    let answer = member.csv("name=n", file).await.expect_problem(422, "invalid");
    let expected = named([
        (4, "/tone", "blank"),
        (4, "/platform", "invalid"),
        (6, "", "ragged"),
        (7, "/external_id", "duplicate"),
    ]);
    let problem = answer.json();
    assert_eq!(errors(&problem["errors"]), expected);
    assert_eq!(problem["error_counts"], json!({"blank": 1, "invalid": 1, "ragged": 1, "duplicate": 1}));
    assert!(problem["detail"].as_str().expect("a detail").starts_with("3 of 5 rows"), "{}", problem["detail"]);
    let detail = problem["errors"][3]["detail"].as_str().expect("a detail");
    assert!(detail.contains("line 2"), "{detail}");
    assert_eq!(rows(&app).await, (0, 0));
}

#[tokio::test]
async fn bad_rows_can_be_skipped() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let file = "brand_name,tone,external_id\nCrust,,a\nCrust,warm,a\nCrust,warm,b\nCrust,warm,a\n";
    let batch = member.csv("name=n&on_invalid=skip", file).await.expect(202).json();
    let import = &batch["import"];
    assert_eq!((&import["rows"], &import["accepted"], &import["skipped"]), (&json!(4), &json!(2), &json!(2)));
    assert_eq!(errors(&import["errors"]), named([(2, "/tone", "blank"), (5, "/external_id", "duplicate")]));
    let posts = member.posts(batch["id"].as_str().expect("an id")).await;
    let kept: Vec<_> = posts.iter().map(|post| (&post["position"], &post["external_id"])).collect();
    assert_eq!(kept, [(&json!(0), &json!("a")), (&json!(1), &json!("b"))]);
    let none = member.csv("name=n&on_invalid=skip", "brand_name,tone\n,warm\n").await.expect_problem(422, "invalid");
    assert_eq!(errors(&none.json()["errors"]), named([(2, "/brand_name", "blank")]));
    assert_eq!(rows(&app).await, (1, 2));
}

#[tokio::test]
async fn a_file_can_be_checked_alone() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let report = member.csv("validate_only=true", SAMPLE).await.expect(200).json();
    assert_eq!((&report["rows"], &report["accepted"]), (&json!(28), &json!(28)));
    let bad = SAMPLE.replace(",instagram,", ",myspace,");
    let report = member.csv("validate_only=true&on_invalid=skip", bad).await.expect(200).json();
    assert_eq!((&report["accepted"], &report["skipped"]), (&json!(22), &json!(6)));
    assert_eq!(report["error_counts"], json!({"invalid": 6}));
    assert_eq!(report["errors"][0]["line"], 2);
    assert_eq!(rows(&app).await, (0, 0));
}

#[tokio::test]
async fn columns_can_be_called_anything() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let file = "Handle;Title;Body (HTML);Vendor;Tags;Option1: Name;\n\
                pot;Clay pot;<p>Classic</p>;Clay & Co;Pot, Plants;Size;\n\
                lamp;Copper lamp;;Copper & Co;;;\n";
    let mapping = json!({"Title": "topic", "Body (HTML)": "brief", "Vendor": "brand_name", "*": null});
    let member = &member;
    let defaults = json!({"tone": "plain", "image": "false", "brief": "Say what it is."});
    let given = [("mapping", mapping.to_string()), ("defaults", defaults.to_string())];
    let given = Url::parse_with_params("http://x", &given).expect("an address");
    let import = |more: &'static str| {
        let query = format!("name=n&delimiter=;&{}{more}", given.query().expect("a query"));
        async move { member.csv(&query, file).await }
    };
    let batch = import("&map=Handle:external_id&map=Option1:%20Name:").await.expect(202).json();
    let posts = member.posts(batch["id"].as_str().expect("an id")).await;
    assert_eq!(
        (&posts[0]["external_id"], &posts[0]["topic"], &posts[0]["brand_name"], &posts[0]["tone"], &posts[0]["brief"]),
        (&json!("pot"), &json!("Clay pot"), &json!("Clay & Co"), &json!("plain"), &json!("<p>Classic</p>"))
    );
    assert_eq!((&posts[1]["brief"], &posts[1]["image"]), (&json!("Say what it is."), &Value::Null));
    let answer = import("&map=Handle:name&map=Title:topic&map=nonsense").await.expect_problem(422, "invalid");
    let expected =
        named([(0, "/mapping/Title", "duplicate"), (0, "/map", "invalid"), (0, "/mapping/Handle", "invalid")]);
    assert_eq!(errors(&answer.json()["errors"]), expected);
    let answer = import("&map=SKU:external_id").await.expect_problem(422, "invalid");
    assert_eq!(errors(&answer.json()["errors"]), named([(0, "/mapping/SKU", "invalid")]));
}

#[tokio::test]
async fn a_header_that_cannot_be_understood_is_refused_at_once() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    for (header, expected) in [
        ("brand_name,tone,colour", named([(1, "/colour", "unknown_column")])),
        ("brand_name,tone,tone", named([(1, "/tone", "duplicate")])),
        ("brand_name,tone,", named([(1, "", "blank")])),
        ("topic", named([(1, "/brand_name", "required"), (1, "/tone", "required")])),
        (
            "brand_name;tone",
            named([
                (1, "/brand_name;tone", "unknown_column"),
                (1, "/brand_name", "required"),
                (1, "/tone", "required"),
            ]),
        ),
    ] {
        let answer = member.csv("name=n&on_invalid=skip", format!("{header}\na,b,c\n")).await;
        assert_eq!(errors(&answer.expect_problem(422, "invalid").json()["errors"]), expected, "{header}");
    }
    for (file, code) in [("", "too_few"), ("\n\n", "too_few"), ("brand_name,tone\n", "too_few")] {
        let answer = member.csv("name=n", file).await.expect_problem(422, "invalid");
        assert_eq!(errors(&answer.json()["errors"]), named([(0, "", code)]), "{file:?}");
    }
    assert_eq!(rows(&app).await, (0, 0));
}

#[tokio::test]
async fn files_that_are_no_utf_8_text_are_told_apart() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let utf_16 = |mark: &[u8], low_first: bool| -> Vec<u8> {
        let units = "brand_name,tone\n".encode_utf16();
        let bytes = units.flat_map(|unit| if low_first { unit.to_le_bytes() } else { unit.to_be_bytes() });
        mark.iter().copied().chain(bytes).collect()
    };
    let files =
        [utf_16(b"\xff\xfe", true), utf_16(b"\xfe\xff", false), utf_16(b"", true), b"PK\x03\x04 a workbook".to_vec()];
    for file in files {
        let problem = member.csv("name=n", file).await.expect_problem(400, "malformed").json();
        assert!(problem["detail"].as_str().expect("a detail").contains("UTF-8"), "{problem}");
    }
    let latin = b"brand_name,tone,topic\nCrust,warm,rye\nCaf\xe9,warm,rye\nCrust,warm,Br\xf6tchen\n".to_vec();
    let answer = member.csv("name=n", latin).await.expect_problem(422, "invalid");
    let expected = named([(3, "/brand_name", "not_utf8"), (4, "/topic", "not_utf8")]);
    assert_eq!(errors(&answer.json()["errors"]), expected);
    let bom = format!("\u{feff}{SAMPLE}").replace('\n', "\r\n");
    assert_eq!(member.csv("name=n", bom).await.expect(202).json()["total_posts"], 28);
    let open = "brand_name,tone\nCrust,warm\nCrust,\"warm\nCrust,warm\n";
    let answer = member.csv("name=n&on_invalid=skip", open).await.expect_problem(422, "invalid");
    assert_eq!(errors(&answer.json()["errors"]), named([(3, "", "malformed")]));
    for (content_type, file) in
        [("text/plain", SAMPLE), ("text/csv; charset=utf-16", SAMPLE), ("application/json", "{}")]
    {
        member.import("name=n", content_type, file).await.expect_problem(415, "unsupported_media_type");
    }
    let request = member.request(Method::POST, &member.import_path("name=n")).header("content-type", "text/csv");
    let packed = request.header("content-encoding", "gzip").body(SAMPLE);
    Answer::of(packed).await.expect_problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn lines_of_json_are_rows_too() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let good = json!({"brand_name": "Crust", "tone": "warm", "image": {"size": "1536x1024"}, "external_id": "a"});
    let plain = json!({"brand_name": "Crust", "tone": "warm", "image": false, "topic": null});
    let batch = member.ndjson("name=n", format!("{good}\n\n{plain}")).await.expect(202).json();
    let posts = member.posts(batch["id"].as_str().expect("an id")).await;
    assert_eq!(posts[0]["image"], json!({"size": "1536x1024", "quality": "medium"}));
    assert_eq!(posts[1]["image"], Value::Null);
    let file = format!(
        "{good}\n{{\"brand_name\": 5, \"tone\": \"warm\", \"mood\": 1}}\n{{\"brand\n[1]\n{good}\n{}\n{{\"image\": {{\"size\": \"1x1\", \"style\": 1}}}}",
        json!({"brand_name": "b", "tone": "t".repeat(101)})
    );
    let answer = member.ndjson("name=n", file).await.expect_problem(422, "invalid");
    let expected = named([
        (2, "/mood", "unknown_field"),
        (3, "", "malformed"),
        (4, "", "wrong_type"),
        (5, "/external_id", "duplicate"),
        (6, "/tone", "too_long"),
        (7, "/brand_name", "required"),
        (7, "/tone", "required"),
        (7, "/image/style", "unknown_field"),
        (7, "/image/size", "invalid"),
    ]);
    assert_eq!(errors(&answer.json()["errors"]), expected);
}

#[tokio::test]
async fn a_template_is_filled_in_by_rows() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let template = json!({"name": "Launch", "defaults": {"season": "spring"}, "texts": {
        "brand_name": "Crust & Co", "tone": "warm", "topic": "{{product}} in {{season}}", "image": "false",
    }});
    let template = member.post("/api/v1/templates", &template).await.expect(201).json();
    let query = format!("name=n&template_id={}", template["id"].as_str().expect("an id"));
    let file = "product,season,external_id,language\nRye,,a,en\n{{season}},autumn,b,de\n";
    let batch = member.csv(&query, file).await.expect(202).json();
    let posts = member.posts(batch["id"].as_str().expect("an id")).await;
    let topics: Vec<_> = posts.iter().map(|post| (&post["topic"], &post["language"], &post["brand_name"])).collect();
    assert_eq!(
        topics,
        [
            (&json!("Rye in spring"), &json!("en"), &json!("Crust & Co")),
            (&json!("{{season}} in autumn"), &json!("de"), &json!("Crust & Co"))
        ]
    );
    let numbers = "{\"product\": 7, \"external_id\": \"c\"}\n{\"product\": \"Oat\"}\n";
    let batch = member.ndjson(&query, numbers).await.expect(202).json();
    assert_eq!(member.posts(batch["id"].as_str().expect("an id")).await[0]["topic"], "7 in spring");

    let answer = member.csv(&query, "product,topic\nRye,x\n").await.expect_problem(422, "invalid");
    assert_eq!(
        errors(&answer.json()["errors"]),
        named([(1, "/topic", "unknown_column")]),
        "the template has that text"
    );
    let answer = member.csv(&query, "season\nspring\n").await.expect_problem(422, "invalid");
    assert_eq!(errors(&answer.json()["errors"]), named([(1, "/product", "required")]));
    let long = format!("product,language\n\" \",en\n{},en\nRye,x y\n", "x".repeat(500));
    let answer = member.csv(&query, long).await.expect_problem(422, "invalid");
    let expected = named([(2, "/product", "required"), (3, "/topic", "too_long"), (4, "/language", "invalid")]);
    assert_eq!(errors(&answer.json()["errors"]), expected);
    other.csv(&query, file).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_form_brings_its_file() {
    let app = TestApp::start().await;
    let member = &Member::new(&app).await;
    let part =
        |head: String, content: &str| format!("--cut\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n");
    let file = |name: &str| part(format!("name=\"file\"; filename=\"{name}\""), SAMPLE);
    let text = || part("name=\"name\"".to_owned(), "n");
    let send = |query: &'static str, parts: &[String]| {
        let body = parts.concat() + "--cut--\r\n";
        async move { member.import(query, "multipart/form-data; boundary=cut", body).await }
    };
    let excel = part(
        "name=\"file\"; filename=\"Launch week.csv\"\r\nContent-Type: application/vnd.ms-excel".to_owned(),
        SAMPLE,
    );
    let batch = send("", &[excel]).await.expect(202).json();
    assert_eq!((&batch["name"], &batch["total_posts"]), (&json!("Launch week"), &json!(28)));
    send("name=n", &[file("x.csv")]).await.expect(202);
    send("name=n", &[file("x.txt")]).await.expect_problem(415, "unsupported_media_type");
    send("name=n&format=csv", &[file("x.txt")]).await.expect(202);
    let before = rows(&app).await;
    for (form, expected) in [
        (vec![], named([(0, "/file", "required")])),
        (vec![text(), file("x.csv")], named([(0, "/name", "unknown_field")])),
        (vec![file("x.csv"), text()], named([(0, "/name", "unknown_field")])),
        (vec![file("x.csv"), file("y.csv")], named([(0, "/file", "duplicate")])),
    ] {
        let answer = send("name=n", &form).await.expect_problem(422, "invalid");
        assert_eq!(errors(&answer.json()["errors"]), expected);
    }
    let broken = member.import("name=n", "multipart/form-data; boundary=x", "--x\r\nnonsense");
    broken.await.expect_problem(400, "malformed");
    assert_eq!(rows(&app).await, before);
}

#[tokio::test]
async fn the_same_key_and_file_make_one_batch() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let send = |query: &'static str, file: String| {
        let request = member.request(Method::POST, &member.import_path(query)).header("idempotency-key", "k");
        Answer::of(request.header("content-type", "text/csv").body(file))
    };
    let first = send("name=n&on_invalid=skip", SAMPLE.to_owned()).await.expect(202);
    let again = send("name=n&on_invalid=skip", SAMPLE.to_owned()).await.expect(202);
    assert_eq!((first.header("idempotent-replay"), again.header("idempotent-replay")), ("", "true"));
    let (mut first, mut again) = (first.json(), again.json());
    (first["events_url"], again["events_url"]) = (Value::Null, Value::Null);
    assert_eq!(first, again);
    send("name=m&on_invalid=skip", SAMPLE.to_owned()).await.expect_problem(422, "idempotency_key_reused");
    let other = SAMPLE.replace("spm-001", "spm-x");
    send("name=n&on_invalid=skip", other).await.expect_problem(422, "idempotency_key_reused");
    assert_eq!(rows(&app).await, (1, 28));
}

#[tokio::test]
async fn everything_wrong_with_the_settings_is_said_at_once() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let query = "priority=urgent&mode=cheap&on_invalid=x&delimiter=xx&format=pdf&budget_usd=0&mapping=1&defaults={\"mood\":\"x\"}";
    let answer = member.csv(query, SAMPLE).await.expect_problem(422, "invalid");
    let mut found = errors(&answer.json()["errors"]);
    found.sort();
    let expected = named([
        (0, "/budget_usd", "out_of_range"),
        (0, "/defaults/mood", "unknown_field"),
        (0, "/delimiter", "invalid"),
        (0, "/format", "invalid"),
        (0, "/mapping", "wrong_type"),
        (0, "/mode", "invalid"),
        (0, "/name", "required"),
        (0, "/on_invalid", "invalid"),
        (0, "/priority", "invalid"),
    ]);
    assert_eq!(found, expected);
    member.csv("name=n&budget_usd=x", SAMPLE).await.expect_problem(400, "invalid_parameter");
    let answer = member.csv("name=n&mode=economy&deadline=2020-01-01T00:00:00Z", SAMPLE).await;
    assert_eq!(
        errors(&answer.expect_problem(422, "invalid").json()["errors"]),
        named([(0, "/deadline", "out_of_range")])
    );
    let request = member.request(Method::POST, &other.import_path("name=n")).header("content-type", "text/csv");
    Answer::of(request.body(SAMPLE)).await.expect_problem(404, "not_found");
    let request = app.request(Method::POST, &member.import_path("name=n")).header("content-type", "text/csv");
    Answer::of(request.body(SAMPLE)).await.expect_problem(401, "unauthenticated");
    assert_eq!(rows(&app).await, (0, 0));
}

#[tokio::test]
async fn a_file_is_no_larger_than_a_batch() {
    let app = TestApp::start_with(|settings| settings.http.batch_body_bytes = 3 << 20).await;
    let member = Member::new(&app).await;
    let chunks = |count: usize| {
        let row = format!("Crust,warm,{}\n", "x".repeat(500));
        let header = std::iter::once(Ok::<_, std::io::Error>("brand_name,tone,brief\n".to_owned()));
        Body::wrap_stream(futures::stream::iter(header.chain((0..count).map(move |_| Ok(row.clone())))))
    };
    member.csv("name=n", chunks(10_000)).await.expect_problem(413, "too_large");
    assert_eq!(member.csv("name=n", chunks(4_000)).await.expect(202).json()["total_posts"], 4_000);
    let many = |rows: usize| format!("brand_name,tone\n{}", "a,b\n".repeat(rows));
    let whole = member.csv("validate_only=true", many(50_000)).await.expect(200).json();
    assert_eq!((&whole["accepted"], &whole["errors"]), (&json!(50_000), &json!([])));
    let answer = member.csv("name=n&on_invalid=skip", many(50_001)).await.expect_problem(422, "invalid");
    assert_eq!(errors(&answer.json()["errors"]), named([(0, "", "too_many")]));
    // A template must not make of a small file what no file may bring.
    let template = json!({"name": "Long", "texts": {"brand_name": "{{a}}", "tone": "t", "brief": "x".repeat(20_000)}});
    let template = member.post("/api/v1/templates", &template).await.expect(201).json();
    let query = format!("name=n&template_id={}", template["id"].as_str().expect("an id"));
    let file = format!("a\n{}", "b\n".repeat(1_000));
    let answer = member.csv(&query, file.clone()).await.expect_problem(422, "invalid");
    let found = errors(&answer.json()["errors"]);
    assert_eq!(found[0].2, "too_large");
    let checked = member.csv(&format!("{query}&validate_only=true"), file).await.expect(200).json();
    assert_eq!(errors(&checked["errors"]), found, "a check says what an import would");
    assert_eq!(rows(&app).await, (1, 4_000));
}

#[tokio::test]
async fn all_rows_are_checked_and_the_first_thousand_errors_listed() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let row = |number: usize| if number.is_multiple_of(2) { ",warm\n" } else { "Crust,\n" };
    let file: String = std::iter::once("brand_name,tone\n").chain((0..3_000).map(row)).collect();
    let report = member.csv("validate_only=true", file).await.expect(200).json();
    assert_eq!((&report["rows"], &report["accepted"], &report["skipped"]), (&json!(3_000), &json!(0), &json!(3_000)));
    assert_eq!(report["error_counts"], json!({"blank": 3_000}));
    let listed = errors(&report["errors"]);
    assert_eq!((listed.len(), listed[999].0), (1_000, 1_001));
}
