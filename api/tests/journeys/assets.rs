//! Assets: images that are uploaded to a project.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageEncoder, Rgb, RgbImage};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::member::Member;
use crate::projects::{id_of, project};

const BOUNDARY: &str = "a-boundary-of-the-tests";

/// Where the photograph was taken, as a camera writes it down.
const PLACE: &[u8] = b"GPSLatitude 52 deg 31' N";

/// A form of these parts: the field, the name of its file if it is one, and what it holds.
fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut form = Vec::new();
    for (field, file, content) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"{file}\r\n\r\n");
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(content);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    form
}

fn sending(member: &Member<'_>, project: &str, form: Vec<u8>) -> reqwest::RequestBuilder {
    let request = member.request(Method::POST, &format!("{project}/assets"));
    request.header(CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}")).body(form)
}

pub(crate) async fn upload(member: &Member<'_>, project: &str, name: &str, file: &[u8]) -> Answer {
    Answer::of(sending(member, project, form(&[("file", Some(name), file)]))).await
}

fn picture(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x % 251) as u8, (y % 241) as u8, ((x * y) % 239) as u8])).into()
}

pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture(width, height).write_with_encoder(PngEncoder::new(&mut bytes)).expect("encoded");
    bytes
}

/// A photograph that a camera took on its side, with the place in its EXIF.
fn photograph() -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    exif.extend_from_slice(PLACE);
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
    encoder.set_exif_metadata(exif).expect("EXIF");
    picture(400, 300).write_with_encoder(encoder).expect("encoded");
    bytes
}

async fn fetch(link: &Value) -> (String, Vec<u8>) {
    let answer = reqwest::get(link.as_str().expect("a link")).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()[CONTENT_TYPE].to_str().expect("text").to_owned();
    (kind, answer.bytes().await.expect("bytes").to_vec())
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// How many files the store holds under the keys of uploads.
fn stored(app: &TestApp) -> usize {
    let folder = std::path::Path::new(&app.app.settings.storage.path).join("assets");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_photograph_is_uploaded_and_stands_upright_without_its_place() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let project = project(&member, "Spring").await;
    let bytes = photograph();
    assert!(holds(&bytes, PLACE));
    let made = upload(&member, &project, "C:\\photos\\loaf.jpg", &bytes).await.expect(201);
    let asset = made.json();
    assert_eq!(made.header("location"), format!("/api/v1/assets/{}", asset["id"].as_str().expect("an id")));
    assert_eq!(
        (&asset["name"], &asset["format"], &asset["width"], &asset["height"], &asset["project_id"]),
        (&json!("loaf.jpg"), &json!("jpeg"), &json!(300), &json!(400), &json!(id_of(&project)))
    );
    let (kind, stored) = fetch(&asset["url"]).await;
    assert_eq!((kind.as_str(), json!(stored.len())), ("image/jpeg", asset["bytes"].clone()));
    assert!(!holds(&stored, PLACE) && !holds(&stored, b"Exif"));
    let upright = image::load_from_memory(&stored).expect("an image");
    assert_eq!((upright.width(), upright.height()), (300, 400));
    let (kind, small) = fetch(&asset["thumbnail_url"]).await;
    let small = image::load_from_memory(&small).expect("an image");
    assert_eq!((kind.as_str(), small.width(), small.height()), ("image/jpeg", 192, 256));

    let path = made.header("location");
    let read = member.get(path).await.expect(200).json();
    assert_eq!((&read["id"], &read["url"]), (&asset["id"], &asset["url"]));
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let content = client.get(format!("{}{path}/content", app.url)).bearer_auth(&member.token);
    let content = content.send().await.expect("an answer");
    assert_eq!((content.status().as_u16(), content.headers()[LOCATION].to_str().ok()), (307, asset["url"].as_str()));
    let listed = member.get(&format!("{project}/assets")).await.expect(200).json();
    assert_eq!(listed["data"][0]["id"], asset["id"]);

    let bare = asset["url"].as_str().expect("a link").trim_start_matches(&app.url).to_owned();
    let tag = app.get(&bare).await.expect(200).header("etag").to_owned();
    let shown_again = async || Answer::of(app.request(Method::GET, &bare).header("if-none-match", &tag)).await;
    shown_again().await.expect(304);
    Answer::of(member.request(Method::DELETE, path)).await.expect(204);
    shown_again().await.expect_problem(404, "not_found");
    app.get(&bare).await.expect_problem(404, "not_found");
    let through = format!("/api/v1/download?url={}", encoded(asset["url"].as_str().expect("a link")));
    member.get(&through).await.expect_problem(404, "not_found");
    for gone in [
        member.get(path).await,
        member.get(&format!("{path}/content")).await,
        Answer::of(member.request(Method::DELETE, path)).await,
    ] {
        gone.expect_problem(404, "not_found");
    }
    assert_eq!(member.get(&format!("{project}/assets")).await.expect(200).json()["data"], json!([]));
}

/// A value of a query.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn links_die_with_their_asset_though_another_has_the_same_image() {
    let app = TestApp::start().await;
    let (one, other) = (Member::new(&app).await, Member::new(&app).await);
    let (ours, theirs) = (project(&one, "Spring").await, project(&other, "Summer").await);
    let bytes = png(320, 200);
    let first = upload(&one, &ours, "a.png", &bytes).await.expect(201).json();
    let second = upload(&other, &theirs, "b.png", &bytes).await.expect(201).json();
    let links = |asset: &Value| {
        ["url", "thumbnail_url"]
            .map(|name| asset[name].as_str().expect("a link").trim_start_matches(&app.url).to_owned())
    };
    let path = format!("/api/v1/assets/{}", first["id"].as_str().expect("an id"));
    Answer::of(one.request(Method::DELETE, &path)).await.expect(204);
    for dead in links(&first) {
        app.get(&dead).await.expect_problem(404, "not_found");
    }
    for good in links(&second) {
        app.get(&good).await.expect(200);
    }
    // A link names its asset: one cannot be made to speak for another.
    let [link, _] = links(&second);
    let bent = link.replace(second["id"].as_str().expect("an id"), first["id"].as_str().expect("an id"));
    assert_ne!(bent, link);
    assert_ne!(app.get(&bent).await.status, 200);

    Answer::of(other.request(Method::DELETE, &theirs)).await.expect(204);
    for dead in links(&second) {
        app.get(&dead).await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_same_image_is_stored_once_and_a_key_makes_one_asset() {
    let app = TestApp::start().await;
    let (one, other) = (Member::new(&app).await, Member::new(&app).await);
    let (ours, theirs) = (project(&one, "Spring").await, project(&other, "Summer").await);
    let bytes = png(320, 200);
    let first = upload(&one, &ours, "a.png", &bytes).await.expect(201).json();
    let second = upload(&other, &theirs, "b.png", &bytes).await.expect(201).json();
    assert_ne!(first["id"], second["id"]);
    assert_eq!(
        first["url"].as_str().map(|url| url.split('?').next()),
        second["url"].as_str().map(|url| url.split('?').next())
    );
    assert_eq!(stored(&app), 2, "the image and its small copy");

    let send_to = |project: &str, name: &str| {
        let form = form(&[("name", None, name.as_bytes()), ("file", Some("a.png"), &bytes)]);
        Answer::of(sending(&one, project, form).header("idempotency-key", "loaf"))
    };
    let send = |name: &str| send_to(&ours, name);
    let first = send("Loaf").await.expect(201);
    let again = send("Loaf").await.expect(201);
    assert_eq!((again.header("idempotent-replay"), &again.json()["id"]), ("true", &first.json()["id"]));
    assert_eq!(first.json()["name"], "Loaf");
    send("Another").await.expect_problem(422, "idempotency_key_reused");
    let elsewhere = project(&one, "Autumn").await;
    send_to(&elsewhere, "Loaf").await.expect_problem(422, "idempotency_key_reused");
    let listed = one.get(&format!("{ours}/assets?limit=1")).await.expect(200).json();
    assert_eq!((&listed["has_more"], listed["data"].as_array().map(Vec::len)), (&json!(true), Some(1)));
}

#[tokio::test]
async fn what_is_no_good_image_is_refused_with_a_reason() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let project = project(&member, "Spring").await;
    for no_image in [&b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"[..], b"GIF89a....", b"MZ"] {
        let refused = upload(&member, &project, "photo.png", no_image).await;
        refused.expect_problem(415, "unsupported_media_type");
    }
    let whole = png(300, 200);
    let mut bomb = png(64, 64);
    // It claims 60,000 by 60,000 pixels; the checksum is that of the claim.
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    for (bad, code) in [
        (whole[..whole.len() / 2].to_vec(), "invalid"),
        (bomb, "invalid"),
        (png(40, 40), "out_of_range"),
        (png(64, 8_200), "out_of_range"),
    ] {
        let refused = upload(&member, &project, "photo.png", &bad).await.expect_problem(422, "invalid");
        assert_eq!(refused.errors(), [("/file".to_owned(), code.to_owned())], "{}", refused.text);
    }
    let mut polyglot = whole.clone();
    polyglot.extend_from_slice(b"<script>alert(1)</script>");
    let asset = upload(&member, &project, "photo.png", &polyglot).await.expect(201).json();
    assert!(!holds(&fetch(&asset["url"]).await.1, b"<script>"));
}

#[tokio::test]
async fn a_form_that_is_wrong_is_refused_with_all_that_is_wrong() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let project = project(&member, "Spring").await;
    let image = png(100, 100);
    let long = "x".repeat(256);
    let parts: &[(&str, Option<&str>, &[u8])] = &[
        ("name", None, long.as_bytes()),
        ("colour", None, b"red"),
        ("name", None, b"b"),
        ("file", Some("a.png"), b""),
        ("file", Some("b.png"), &image),
    ];
    let mut errors = Answer::of(sending(&member, &project, form(parts))).await.expect_problem(422, "invalid").errors();
    errors.sort();
    let expected = [
        ("/colour", "unknown_field"),
        ("/file", "blank"),
        ("/file", "duplicate"),
        ("/name", "duplicate"),
        ("/name", "too_long"),
    ];
    assert_eq!(errors, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    let none = Answer::of(sending(&member, &project, form(&[]))).await.expect_problem(422, "invalid");
    assert_eq!(none.errors(), [("/file".to_owned(), "required".to_owned())]);
    let whole = form(&[("file", Some("a.png"), &image)]);
    let cut = Answer::of(sending(&member, &project, whole[..whole.len() - 20].to_vec())).await;
    cut.expect_problem(400, "malformed");
    let json = member.post(&format!("{project}/assets"), &json!({"file": "x"})).await;
    json.expect_problem(415, "unsupported_media_type");
    let large = vec![0_u8; (12 << 20) + 1];
    upload(&member, &project, "a.png", &large).await.expect_problem(413, "too_large");
}

#[tokio::test]
async fn another_users_assets_are_not_there_nor_are_those_of_a_deleted_project() {
    let app = TestApp::start().await;
    let (owner, other) = (Member::new(&app).await, Member::new(&app).await);
    let project = project(&owner, "Spring").await;
    let asset = upload(&owner, &project, "a.png", &png(100, 100)).await.expect(201);
    let path = asset.header("location");
    upload(&other, &project, "a.png", &png(100, 100)).await.expect_problem(404, "not_found");
    for path in [path.to_owned(), format!("{path}/content"), format!("{project}/assets")] {
        other.get(&path).await.expect_problem(404, "not_found");
    }
    Answer::of(other.request(Method::DELETE, path)).await.expect_problem(404, "not_found");
    let unsigned = asset.json()["url"].as_str().expect("a link").replace("sig=", "sig=x");
    let refused = reqwest::get(unsigned).await.expect("an answer");
    assert_eq!(refused.status(), 403);
    Answer::of(owner.request(Method::DELETE, &project)).await.expect(204);
    for path in [path.to_owned(), format!("{project}/assets")] {
        owner.get(&path).await.expect_problem(404, "not_found");
    }
    Answer::of(owner.request(Method::DELETE, path)).await.expect_problem(404, "not_found");
    owner.get(&format!("{project}/brand-kit")).await.expect_problem(404, "not_found");
    upload(&owner, &project, "a.png", &png(100, 100)).await.expect_problem(404, "not_found");
}
