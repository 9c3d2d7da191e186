//! Images that are passed on: our own from storage, others from a server of the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, Response};
use shared::domain::{PostId, Step};
use shared::media::{ImageFormat, MediaKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::app::{Answer, TestApp};
use crate::member::Member;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nthe rest of it";

/// A server of images, and of what is none.
struct Gallery {
    port: u16,
    calls: Arc<AtomicUsize>,
}

impl Gallery {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut head = vec![0; 4096];
                    let read = stream.read(&mut head).await.unwrap_or_default();
                    let head = String::from_utf8_lossy(&head[..read]).into_owned();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    if path == "/silent.png" {
                        std::future::pending::<()>().await;
                    }
                    drop(stream.write_all(&reply(&path)).await);
                    if path == "/stuck.png" {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        Self { port, calls }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn reply(path: &str) -> Vec<u8> {
    let (head, body): (String, Vec<u8>) = match path {
        "/loaf.png" => ("200 OK\r\nContent-Type: image/png".to_owned(), PNG.to_vec()),
        "/jpeg-called-png.png" => {
            ("200 OK\r\nContent-Type: image/png".to_owned(), b"\xff\xd8\xff\xe0 and more".to_vec())
        }
        "/page.png" => ("200 OK\r\nContent-Type: text/html".to_owned(), PNG.to_vec()),
        "/page-called-png.png" => {
            ("200 OK\r\nContent-Type: image/png".to_owned(), b"<html>not an image</html>".to_vec())
        }
        "/drawing.svg" => ("200 OK\r\nContent-Type: image/svg+xml".to_owned(), b"<svg/>".to_vec()),
        "/large.png" => ("200 OK\r\nContent-Type: image/png".to_owned(), [PNG, &[0; 2_000]].concat()),
        "/moved.png" => ("302 Found\r\nLocation: /loaf.png".to_owned(), Vec::new()),
        "/inside.png" => ("302 Found\r\nLocation: http://10.0.0.1/".to_owned(), Vec::new()),
        "/circle.png" => ("302 Found\r\nLocation: /circle.png".to_owned(), Vec::new()),
        "/endless.png" => {
            // It never says how much there is.
            let head = "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nConnection: close\r\n\r\n";
            return [head.as_bytes(), PNG, &[0; 10_000]].concat();
        }
        "/stuck.png" => {
            return b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 500\r\n\r\n\x89PNG".to_vec();
        }
        _ => ("404 Not Found".to_owned(), Vec::new()),
    };
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.into_bytes(), body].concat()
}

/// An app that may ask the gallery and nothing else of this machine.
async fn app_for(gallery: &Gallery) -> TestApp {
    let port = gallery.port;
    TestApp::start_with(|settings| {
        settings.download.ports = format!("80, 443, {port}");
        "127.0.0.1".clone_into(&mut settings.download.also_allow);
        settings.download.largest_bytes = 1_000;
        settings.download.seconds = 1;
        settings.download.per_minute = 30;
    })
    .await
}

fn request(member: &Member<'_>, path: &str, url: &str) -> reqwest::RequestBuilder {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("url", url).finish();
    member.request(Method::GET, &format!("{path}?{query}"))
}

async fn download(member: &Member<'_>, url: &str) -> Answer {
    Answer::of(request(member, "/api/v1/download", url)).await
}

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_image_elsewhere_comes_as_an_attachment() {
    let gallery = Gallery::open().await;
    let app = app_for(&gallery).await;
    let member = Member::new(&app).await;
    for (path, name) in [("/loaf.png", "loaf.png"), ("/moved.png", "moved.png")] {
        let sent = request(&member, "/api/v1/download", &gallery.url(path)).header("Origin", "https://page.example");
        let response = sent.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-type"), "image/png");
        assert_eq!(header(&response, "content-disposition"), format!("attachment; filename=\"{name}\""));
        assert_eq!(header(&response, "access-control-allow-origin"), "");
        assert_eq!(response.bytes().await.expect("bytes"), PNG);
    }
    let called =
        request(&member, "/api/v1/download", &gallery.url("/jpeg-called-png.png")).send().await.expect("an answer");
    assert_eq!(header(&called, "content-type"), "image/jpeg", "the bytes say what it is");
    let old = request(&member, "/api/download", &gallery.url("/loaf.png")).send().await.expect("an answer");
    assert_eq!(header(&old, "access-control-allow-origin"), "*");
    assert_eq!(old.bytes().await.expect("bytes"), PNG);
}

#[tokio::test]
async fn what_is_no_image_too_large_or_too_slow_is_not_passed_on() {
    let gallery = Gallery::open().await;
    let app = app_for(&gallery).await;
    let member = Member::new(&app).await;
    for (path, status, code) in [
        ("/page.png", 422, "not_an_image"),
        ("/page-called-png.png", 422, "not_an_image"),
        ("/drawing.svg", 422, "not_an_image"),
        ("/large.png", 422, "image_too_large"),
        ("/endless.png", 422, "image_too_large"),
        ("/stuck.png", 504, "download_timeout"),
        ("/silent.png", 504, "download_timeout"),
        ("/nothing.png", 502, "download_failed"),
        ("/inside.png", 400, "address_refused"),
        ("/circle.png", 502, "download_failed"),
    ] {
        download(&member, &gallery.url(path)).await.expect_problem(status, code);
    }
}

#[tokio::test]
async fn what_may_not_be_asked_is_refused_before_anything_is_sent() {
    let gallery = Gallery::open().await;
    let app = app_for(&gallery).await;
    let member = Member::new(&app).await;
    for (url, status, code) in [
        ("", 400, "address_refused"),
        ("loaf.png", 400, "address_refused"),
        ("file:///etc/passwd", 400, "address_refused"),
        ("http://localhost/", 400, "address_refused"),
        ("http://metadata.google.internal/", 400, "address_refused"),
        ("http://x@8.8.8.8/", 400, "address_refused"),
        ("http://8.8.8.8:22/", 400, "address_refused"),
        ("http://10.0.0.1/", 400, "address_refused"),
        ("http://[::ffff:127.0.0.1]/", 400, "address_refused"),
        (&gallery.url("/loaf.png").replace("127.0.0.1", "2130706433"), 400, "address_refused"),
        (&gallery.url("/loaf.png").replace("127.0.0.1", "127.0.0.2"), 400, "address_refused"),
    ] {
        download(&member, url).await.expect_problem(status, code);
    }
    member.get("/api/v1/download").await.expect_problem(400, "invalid_parameter");
    app.get("/api/v1/download?url=x").await.expect_problem(401, "unauthenticated");
    assert_eq!(gallery.calls(), 0);
}

#[tokio::test]
async fn our_own_links_are_read_from_storage() {
    // No address of this machine may be asked: it is not asked.
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let key = MediaKey::of_post(PostId::new(), Step::Image, 1, ImageFormat::Png);
    app.app.media.put(&key, Bytes::from_static(PNG)).await.expect("stored");
    let link = app.app.links.media(&key);
    for path in ["/api/v1/download", "/api/download"] {
        let response = request(&member, path, &link).send().await.expect("an answer");
        assert_eq!(header(&response, "content-disposition"), "attachment; filename=\"image-1.png\"");
        assert_eq!(response.bytes().await.expect("bytes"), PNG);
    }
    download(&member, &link.replace("sig=", "sig=x")).await.expect_problem(403, "link_invalid");
    download(&member, &link.replace("expires=1", "expires=2")).await.expect_problem(403, "link_invalid");
    download(&member, &format!("{}/livez", app.url)).await.expect_problem(404, "not_found");
    let gone = MediaKey::of_post(PostId::new(), Step::Image, 1, ImageFormat::Png);
    download(&member, &app.app.links.media(&gone)).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn each_user_has_a_share() {
    let gallery = Gallery::open().await;
    let port = gallery.port;
    let app = TestApp::start_with(|settings| {
        settings.download.ports = port.to_string();
        "127.0.0.1".clone_into(&mut settings.download.also_allow);
        settings.download.per_minute = 2;
    })
    .await;
    let (eager, other) = (Member::new(&app).await, Member::new(&app).await);
    let loaf = gallery.url("/loaf.png");
    for _ in 0..2 {
        assert_eq!(request(&eager, "/api/v1/download", &loaf).send().await.expect("an answer").status(), 200);
    }
    let refused = download(&eager, &loaf).await.expect_problem(429, "rate_limited");
    assert_eq!(refused.header("ratelimit-policy"), "\"user\";q=2;w=60");
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!(Duration::from_secs(wait) <= Duration::from_mins(1));
    assert_eq!(request(&other, "/api/v1/download", &loaf).send().await.expect("an answer").status(), 200);
}
