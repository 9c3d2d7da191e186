//! Images behind signed links.

use bytes::Bytes;
use reqwest::Method;
use shared::domain::{PostId, Step};
use shared::media::{ImageFormat, MediaKey};

use crate::app::{Answer, TestApp};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nthe rest of it";

fn path<'l>(app: &TestApp, link: &'l str) -> &'l str {
    link.strip_prefix(&app.url).expect("under our own address")
}

#[tokio::test]
async fn a_link_gives_the_image_to_whoever_has_it() {
    let app = TestApp::start().await;
    let key = MediaKey::of_post(PostId::new(), Step::Image, 1, ImageFormat::Png);
    app.app.media.put(&key, Bytes::from_static(PNG)).await.expect("stored");
    let link = app.app.links.media(&key);
    let response = app.request(Method::GET, path(&app, &link)).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("cache-control").starts_with("private, max-age=3"), "{}", header("cache-control"));
    assert!(header("content-disposition").starts_with("inline; filename="), "{}", header("content-disposition"));
    let tag = header("etag");
    assert_eq!(response.bytes().await.expect("bytes"), PNG);
    let again = app.request(Method::GET, path(&app, &link)).header("if-none-match", &tag);
    assert_eq!(Answer::of(again).await.expect(304).text, "");
}

#[tokio::test]
async fn a_link_that_was_changed_has_expired_or_leads_nowhere_is_refused() {
    let app = TestApp::start().await;
    let (key, other) = (
        MediaKey::of_post(PostId::new(), Step::Image, 1, ImageFormat::Png),
        MediaKey::of_post(PostId::new(), Step::Image, 1, ImageFormat::Png),
    );
    for key in [&key, &other] {
        app.app.media.put(key, Bytes::from_static(PNG)).await.expect("stored");
    }
    let link = app.app.links.media(&key);
    let good = path(&app, &link);
    app.get(&good.replace(key.as_str(), other.as_str())).await.expect_problem(403, "link_invalid");
    app.get(&good.replace("expires=1", "expires=2")).await.expect_problem(403, "link_invalid");
    app.get(good.split_once('?').expect("a query").0).await.expect_problem(400, "invalid_parameter");
    app.get("/api/v1/media/posts/x/..%2f..%2fsecret?expires=1&kid=a&sig=b").await.expect_problem(404, "not_found");
    let gone = MediaKey::of_post(PostId::new(), Step::Image, 1, ImageFormat::Png);
    app.get(path(&app, &app.app.links.media(&gone))).await.expect_problem(404, "not_found");
}
