//! The service itself: health, documentation, and what every answer has in common.

use std::time::{Duration, Instant};

use reqwest::{Method, header};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{Answer, TestApp};

#[tokio::test]
async fn it_says_what_it_is_and_how_it_is() {
    let app = TestApp::start().await;
    let root = app.get("/").await.expect(200).json();
    assert_eq!(root["service"], "Broadside");
    assert_eq!((&root["status"], &root["database"]), (&json!("healthy"), &json!("connected")));
    assert_eq!(root["openai_configured"], false);
    for path in ["/health", "/api/health", "/api/health/"] {
        let health = app.get(path).await.expect(200).json();
        // No worker is up and no provider is configured.
        assert_eq!(health["status"], "degraded");
        assert_eq!((&health["database"], &health["redis"]), (&json!("connected"), &json!("connected")));
        for part in ["postgres", "redis", "storage"] {
            assert_eq!(health["services"][part]["status"], "healthy", "{health}");
            assert!(health["services"][part]["latency_ms"].is_number());
        }
        assert_eq!(health["services"]["workers"]["detail"], "no workers are running");
        assert!(health["uptime_seconds"].is_number() && health["environment"] == "development");
    }
    assert_eq!(app.get("/livez").await.expect(200).text, "ok\n");
    assert_eq!(app.get("/readyz").await.expect(200).text, "ready\n");
    app.stop().await;
}

#[tokio::test]
async fn what_is_counted_is_told_under_the_usual_names() {
    let app = TestApp::start().await;
    let user = app.user("jo").await;
    user.get("/api/v1/campaigns/0198b0c0-0000-7000-8000-000000000000").await.expect(404);
    app.get("/nothing/here").await.expect(404);
    let metrics = app.get("/metrics").await.expect(200);
    assert!(metrics.header("content-type").starts_with("text/plain"));
    for line in [
        "http_requests_total{handler=\"/api/v1/auth/register\",method=\"POST\",status=\"2xx\"} 1",
        "http_requests_total{handler=\"/api/v1/campaigns/{id}\",method=\"GET\",status=\"4xx\"} 1",
        "http_requests_total{handler=\"none\",method=\"GET\",status=\"4xx\"} 1",
        "http_request_duration_seconds_count{handler=\"/api/v1/auth/login\",method=\"POST\"} 1",
        "broadside_queue_messages{queue=\"posts\"} 0",
        "broadside_queue_messages{queue=\"generations\"} 0",
        "broadside_workers 0",
    ] {
        assert!(metrics.text.lines().any(|one| one == line), "{line} in\n{}", metrics.text);
    }
    let sum = |name: &str| {
        let prefix = format!("{name}_sum{{handler=\"/api/v1/auth/register\"}} ");
        let line = metrics.text.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default();
        line.parse::<u64>().expect("a sum")
    };
    assert!(sum("http_request_size_bytes") > 50 && sum("http_response_size_bytes") > 100);
    assert!(!metrics.text.contains("0198b0c0"), "no ids");
    app.stop().await;
}

#[tokio::test]
async fn without_postgres_it_lives_but_is_not_ready() {
    let app = TestApp::start_with(|settings| {
        settings.database.url = "postgresql://nobody@127.0.0.1:1/nothing".into();
    })
    .await;
    app.get("/livez").await.expect(200);
    let asked = Instant::now();
    app.get("/readyz").await.expect_problem(503, "database_unavailable");
    assert!(asked.elapsed() < Duration::from_secs(1));
    let health = app.get("/health").await.expect(503).json();
    assert_eq!((&health["status"], &health["database"]), (&json!("unhealthy"), &json!("unavailable")));
    let login = json!({"username": "a", "password": "b"});
    let answer = app.post("/api/v1/auth/login", login).await.expect_problem(503, "database_unavailable");
    assert!(!answer.header("retry-after").is_empty());
    app.stop().await;
}

#[tokio::test]
async fn without_redis_it_is_degraded_and_ready() {
    let app = TestApp::start_with(|settings| settings.redis.url = "redis://127.0.0.1:1".into()).await;
    app.get("/readyz").await.expect(200);
    let health = app.get("/health").await.expect(200).json();
    assert_eq!((&health["status"], &health["redis"]), (&json!("degraded"), &json!("unavailable")));
    app.stop().await;
}

#[tokio::test]
async fn what_the_routes_refuse_is_a_problem() {
    let app = TestApp::start().await;
    app.get("/nothing/here").await.expect_problem(404, "not_found");
    app.post("/livez", json!({})).await.expect_problem(405, "method_not_allowed");
    let login = |body: &'static str, kind: &'static str| {
        Answer::of(app.request(Method::POST, "/api/v1/auth/login").header(header::CONTENT_TYPE, kind).body(body))
    };
    login("username=a", "application/x-www-form-urlencoded").await.expect_problem(415, "unsupported_media_type");
    login("{\"username\":", "application/json").await.expect_problem(400, "malformed");
    login("[]", "application/json").await.expect_problem(422, "invalid");
    let bare = app.request(Method::POST, "/api/v1/auth/login").body("{}");
    Answer::of(bare).await.expect_problem(415, "unsupported_media_type");
    let large = json!({"username": "x".repeat(2 << 20), "password": "y"});
    app.post("/api/v1/auth/login", large).await.expect_problem(413, "too_large");
    app.get("/api/v1/campaigns?limit=many").await.expect_problem(401, "unauthenticated");
    app.stop().await;
}

#[tokio::test]
async fn every_answer_carries_its_request_id() {
    let app = TestApp::start().await;
    let call = |id: &'static str| Answer::of(app.request(Method::GET, "/nothing").header("X-Request-ID", id));
    assert_eq!(call("from-me.1").await.header("x-request-id"), "from-me.1");
    let replaced = call("not well formed").await;
    assert!(uuid::Uuid::parse_str(replaced.header("x-request-id")).is_ok());
    assert_eq!(replaced.header("x-content-type-options"), "nosniff");
    app.stop().await;
}

#[tokio::test]
async fn pages_of_listed_origins_may_call() {
    let app = TestApp::start_with(|settings| settings.http.cors_origins = "https://app.example".to_owned()).await;
    let from = |method: Method, origin: &'static str| app.request(method, "/livez").header("Origin", origin);
    let asked = from(Method::OPTIONS, "https://app.example").header("Access-Control-Request-Method", "POST");
    let allowed = Answer::of(asked).await.expect(204);
    assert_eq!(allowed.header("access-control-allow-origin"), "https://app.example");
    assert!(allowed.header("access-control-allow-headers").contains("authorization"));
    let theirs = Answer::of(from(Method::GET, "https://evil.example")).await.expect(200);
    assert_eq!(theirs.header("access-control-allow-origin"), "");
    app.stop().await;
}

#[tokio::test]
async fn its_documentation_is_served_whole() {
    let app = TestApp::start().await;
    let document = app.get("/openapi.json").await.expect(200).json();
    assert!(document["paths"]["/api/v1/campaigns"]["post"].is_object());
    for path in ["/docs", "/redoc", "/docs/"] {
        let page = app.get(path).await.expect(200);
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(page.text.contains("/api/v1/auth/register"), "{path} has the document");
        assert!(!page.text.contains("fonts.googleapis.com"), "{path} calls nobody else");
    }
    let zipped = app.request(Method::GET, "/openapi.json").header("Accept-Encoding", "gzip");
    assert_eq!(Answer::of(zipped).await.header("content-encoding"), "gzip");
    app.stop().await;
}

#[tokio::test]
async fn it_stops_at_once_when_nothing_is_in_flight() {
    let app = TestApp::start().await;
    // A connection that is kept open but says nothing.
    let mut idle = TcpStream::connect(app.url.trim_start_matches("http://")).await.expect("a connection");
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let mut some = [0_u8; 16];
    idle.read_exact(&mut some).await.expect("an answer");
    let asked = Instant::now();
    app.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn an_answer_in_flight_is_finished_before_it_stops() {
    let app = TestApp::start().await;
    let mut slow = TcpStream::connect(app.url.trim_start_matches("http://")).await.expect("a connection");
    let body = r#"{"username":"jo","password":"a guess"}"#;
    let head = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).await.expect("sent");
    // It waits for the body when it is told to stop.
    let mut go_on = [0_u8; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    slow.read_exact(&mut go_on).await.expect("it asks for the body");
    app.app.stopping.cancel();
    slow.write_all(body.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.expect("an answer, then the end");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    app.stop().await;
}
