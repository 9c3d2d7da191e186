//! The log of the program: who called from where, and never a secret.

use std::process::Stdio;

use futures::StreamExt;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use shared::testing::Ground;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::app::Answer;
use crate::program::Serving;

const PASSWORD: &str = "correct-horse-battery-42";
const WRONG: &str = "wrong-horse-battery-42";
const TYPED_AS_NAME: &str = "a-password-in-the-wrong-field";

/// The lines that hold every one of these.
fn lines<'a>(log: &'a str, parts: &[&str]) -> Vec<&'a str> {
    log.lines().filter(|line| parts.iter().all(|part| line.contains(part))).collect()
}

async fn post(url: &str, path: &str, token: &str, body: Value) -> Answer {
    let client = Client::builder().build().expect("a client");
    let request = client.request(Method::POST, format!("{url}/api/v1{path}")).bearer_auth(token).json(&body);
    Answer::of(request.header("X-Forwarded-For", "203.0.113.7")).await
}

#[tokio::test]
async fn it_says_who_called_from_where_and_holds_no_secret_at_any_level() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let ground = Ground::fresh().await;
    let path = std::env::temp_dir().join(format!("broadside-log-{}", ground.settings.redis.namespace));
    let log = std::fs::File::create(&path).expect("a log");
    // Everything that can be asked for.
    let level =
        "trace,hyper=trace,h2=trace,poem=trace,tungstenite=trace,tokio_tungstenite=trace,sqlx=trace,redis=trace";
    let settings = [("LOG_LEVEL", level), ("BROADSIDE_HTTP__TRUSTED_PROXIES", "1")];
    let serving = Serving::start(&ground, &settings, Stdio::from(log)).await;
    let url = serving.url.clone();

    let user = json!({"username": "ann", "email": "ann@example.com", "password": PASSWORD});
    let user =
        post(&url, "/auth/register", "", user).await.expect(201).json()["id"].as_str().expect("an id").to_owned();
    for (name, password) in [("ann", WRONG), (TYPED_AS_NAME, WRONG)] {
        post(&url, "/auth/login", "", json!({"username": name, "password": password})).await.expect(401);
    }
    let grant =
        post(&url, "/auth/login", "", json!({"username": "ann", "password": PASSWORD})).await.expect(200).json();
    let (token, refresh) =
        (grant["access_token"].as_str().expect("one"), grant["refresh_token"].as_str().expect("one"));
    let campaign =
        post(&url, "/campaigns", token, json!({"name": "Spring", "brand_name": "b"})).await.expect(201).json();
    let batch = format!("/campaigns/{}/generate-batch", campaign["id"].as_str().expect("an id"));
    let posts = json!({"name": "n", "posts": [{"brand_name": "b", "tone": "warm", "topic": "bread"}]});
    let batch = post(&url, &batch, token, posts).await.expect(202).json()["id"].as_str().expect("an id").to_owned();

    // Links travel to the client in frames of a WebSocket, and back in the queries of requests.
    let socket = format!("{}/api/v1/batch-jobs/{batch}/ws", url.replace("http:", "ws:"));
    let mut request = socket.into_client_request().expect("a request");
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
    let stream = tokio::net::TcpStream::connect(url.trim_start_matches("http://")).await.expect("a connection");
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("a WebSocket");
    let frame = socket.next().await.expect("a frame").expect("whole").into_text().expect("text");
    let frame: Value = serde_json::from_str(&frame).expect("JSON");
    let link = frame["data"]["events_url"].as_str().expect("a link").to_owned();
    let (_, signature) = link.split_once("sig=").expect("is signed");
    let open = Client::builder().build().expect("a client").get(&link).send().await.expect("an answer");
    assert_eq!(open.status(), 200);
    drop((open, socket));
    assert_eq!(serving.stop().await, Some(0));

    let log = std::fs::read_to_string(&path).expect("a log");
    drop(std::fs::remove_file(&path));
    let address = "client.address=203.0.113.7";
    assert_eq!(lines(&log, &["login failed", address]).len(), 2, "{log}");
    assert_eq!(lines(&log, &["login failed", address, &format!("user.id={user}")]).len(), 1, "{log}");
    assert_eq!(lines(&log, &["login succeeded", address, &format!("user.id={user}")]).len(), 1, "{log}");
    let submitted = ["generate-batch", "http.status=202", address, &format!("user.id={user}")];
    assert_eq!(lines(&log, &submitted).len(), 1, "{log}");
    for secret in [PASSWORD, WRONG, TYPED_AS_NAME, token, refresh, signature, "sig="] {
        assert!(!log.contains(secret), "{secret} is in the log: {:?}", lines(&log, &[secret]));
    }
}
