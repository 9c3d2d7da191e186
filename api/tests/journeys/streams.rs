//! Live events of a batch, as server-sent events and over a WebSocket.

use std::time::{Duration, Instant};

use futures::StreamExt;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use shared::domain::BatchId;
use shared::progress::{self, Progress};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::app::{Answer, TestApp};
use crate::member::Member;
use crate::status::{change, worker};

const FINISH: &str = "status = 'completed', completed_posts = 2, finished_at = now()";

/// One server-sent event.
#[derive(Debug)]
struct Event {
    kind: String,
    id: i64,
    data: Value,
}

/// The events of a response, read one by one.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let rest = self.text.split_off(end + 2);
                let block = std::mem::replace(&mut self.text, rest);
                let field = |name: &str| {
                    block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
                };
                let (kind, id, data) = (field("event").to_owned(), field("id"), field("data"));
                if !data.is_empty() {
                    let data = serde_json::from_str(data).expect("JSON");
                    return Some(Event { kind, id: id.parse().expect("a version"), data });
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.response.chunk()).await.expect("in time");
            self.text.push_str(std::str::from_utf8(&chunk.expect("a chunk")?).expect("text"));
        }
    }
}

fn events_path(batch: &str) -> String {
    format!("/api/v1/batch-jobs/{batch}/events")
}

#[tokio::test]
async fn a_stream_shows_the_batch_then_what_changes_then_its_end() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    worker(&app).await;
    let batch = member.batch(2).await;
    let mut events = Events::of(member.request(Method::GET, &events_path(&batch))).await;
    let snapshot = events.next().await.expect("a snapshot");
    assert_eq!((snapshot.kind.as_str(), snapshot.id), ("snapshot", 1));
    assert_eq!(snapshot.data["id"], batch.as_str());
    assert!(snapshot.data["events_url"].is_string());

    change(&app, "status = 'processing', started_at = now(), processing = 1").await;
    let progress = events.next().await.expect("progress");
    assert_eq!((progress.kind.as_str(), progress.id), ("progress", 2));
    assert_eq!((&progress.data["status"], &progress.data["version"]), (&json!("processing"), &json!(2)));
    assert_eq!(progress.data["counts"]["processing"], 1);
    assert!(progress.data.get("name").is_none(), "only what changed");

    change(&app, &format!("processing = 0, {FINISH}")).await;
    let progress = events.next().await.expect("progress");
    assert_eq!((progress.kind.as_str(), progress.id), ("progress", 3));
    let done = events.next().await.expect("the end");
    assert_eq!((done.kind.as_str(), done.id), ("done", 3));
    assert_eq!((&done.data["outcome"], &done.data["name"]), (&json!("succeeded"), &snapshot.data["name"]));
    assert!(events.next().await.is_none(), "the stream closes");
}

#[tokio::test]
async fn a_stream_resumes_where_it_broke() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    worker(&app).await;
    let batch = member.batch(2).await;
    let resume = |version: &str| member.request(Method::GET, &events_path(&batch)).header("last-event-id", version);
    change(&app, "status = 'processing'").await;

    let mut behind = Events::of(resume("1")).await;
    let snapshot = behind.next().await.expect("a snapshot");
    assert_eq!((snapshot.kind.as_str(), snapshot.id), ("snapshot", 2));

    let mut current = Events::of(resume("2")).await;
    change(&app, "processing = 1").await;
    let progress = current.next().await.expect("progress");
    assert_eq!((progress.kind.as_str(), progress.id), ("progress", 3), "no snapshot of what was seen");

    change(&app, &format!("processing = 0, {FINISH}")).await;
    tokio::time::sleep(Duration::from_millis(120)).await;
    let over = Answer::of(resume("4")).await.expect(204);
    assert_eq!(over.text, "");
    let path = format!("{}?last_event_id=4", events_path(&batch));
    member.get(&path).await.expect(204);
}

#[tokio::test]
async fn changes_are_merged_to_four_a_second_and_never_go_back() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    worker(&app).await;
    let batch = member.batch(2).await;
    let id: BatchId = batch.parse().expect("an id");
    let mut events = Events::of(member.request(Method::GET, &events_path(&batch))).await;
    events.next().await.expect("a snapshot");
    let started = Instant::now();
    let changing = async {
        let mut redis = app.app.queue.redis();
        let namespace = &app.app.settings.redis.namespace;
        for version in 2..=60 {
            change(&app, &format!("status = 'processing', spent_nanos = {version}")).await;
            // Late and double news among them.
            for version in [version, version - 1] {
                progress::publish(&mut redis, namespace, &[Progress { batch: id, version }]).await.expect("published");
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        change(&app, FINISH).await;
        progress::publish(&mut redis, namespace, &[Progress { batch: id, version: 61 }]).await.expect("published");
    };
    let reading = async {
        let mut ids = Vec::new();
        while let Some(event) = events.next().await {
            ids.push(event.id);
        }
        ids
    };
    let ((), ids) = tokio::join!(changing, reading);
    assert!(ids.is_sorted(), "{ids:?}");
    assert_eq!(ids.last(), Some(&61));
    let most = started.elapsed().as_millis() / 250 + 3;
    assert!((3..=most as usize).contains(&ids.len()), "{} events: {ids:?}", ids.len());
}

#[tokio::test]
async fn an_event_is_heard_long_before_the_next_look() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    worker(&app).await;
    let batch = member.batch(2).await;
    let mut events = Events::of(member.request(Method::GET, &events_path(&batch))).await;
    events.next().await.expect("a snapshot");
    let mut redis = app.app.queue.redis();
    let mut fastest = Duration::MAX;
    for version in 2..8 {
        change(&app, "status = 'processing'").await;
        let started = Instant::now();
        let event = Progress { batch: batch.parse().expect("an id"), version };
        progress::publish(&mut redis, &app.app.settings.redis.namespace, &[event]).await.expect("published");
        events.next().await.expect("progress");
        fastest = fastest.min(started.elapsed());
    }
    assert!(fastest < Duration::from_millis(500), "{fastest:?}");
}

#[tokio::test]
async fn a_signed_link_needs_no_token_and_speaks_for_one_batch() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let (batch, other) = (member.batch(1).await, member.batch(1).await);
    let view = member.get(&format!("/api/v1/batch-jobs/{batch}")).await.expect(200).json();
    let link = view["events_url"].as_str().expect("a link").to_owned();
    let path = link.strip_prefix(&app.url).expect("under our own address");
    let mut events = Events::of(app.request(Method::GET, path)).await;
    assert_eq!(events.next().await.expect("a snapshot").data["id"], batch.as_str());
    app.get(&path.replace(&batch, &other)).await.expect_problem(403, "link_invalid");
    app.get(&path.replace("expires=1", "expires=2")).await.expect_problem(403, "link_invalid");
    app.get(&events_path(&batch)).await.expect_problem(401, "unauthenticated");
    app.get(&format!("{}?token={}", events_path(&batch), member.token)).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_with_the_process() {
    let app = TestApp::start().await;
    let (one, two) = (Member::new(&app).await, Member::new(&app).await);
    let (first, second) = (one.batch(1).await, two.batch(1).await);
    let link =
        one.get(&format!("/api/v1/batch-jobs/{first}")).await.json()["events_url"].as_str().expect("a link").to_owned();
    let mut revoked = Events::of(one.request(Method::GET, &events_path(&first))).await;
    let mut lasting = Events::of(two.request(Method::GET, &events_path(&second))).await;
    revoked.next().await.expect("a snapshot");
    lasting.next().await.expect("a snapshot");
    app.app.sessions.revoke([one.session]);
    assert!(revoked.next().await.is_none(), "ends with the session");
    app.get(link.strip_prefix(&app.url).expect("ours")).await.expect_problem(401, "session_ended");
    app.app.stopping.cancel();
    assert!(lasting.next().await.is_none(), "ends with the process");
}

#[tokio::test]
async fn a_web_socket_tells_the_same_and_closes() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    worker(&app).await;
    let batch = member.batch(2).await;
    let address = app.url.strip_prefix("http://").expect("http");
    let connect = async |path: String, token: Option<&str>| {
        let mut request = format!("ws://{address}{path}").into_client_request().expect("a request");
        if let Some(token) = token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        }
        let socket = tokio::net::TcpStream::connect(address).await.expect("connected");
        tokio_tungstenite::client_async(request, socket).await
    };
    let path = format!("/api/v1/batch-jobs/{batch}/ws");
    let (mut socket, _) = connect(path.clone(), Some(&member.token)).await.expect("upgraded");
    let mut told = Vec::new();
    let mut closed = false;
    while let Some(message) = tokio::time::timeout(Duration::from_secs(10), socket.next()).await.expect("in time") {
        match message {
            Ok(Message::Text(text)) => {
                let event: Value = serde_json::from_str(text.as_str()).expect("JSON");
                told.push((event["event"].as_str().expect("a kind").to_owned(), event["id"].as_i64().expect("an id")));
                if told.len() == 1 {
                    assert_eq!(event["data"]["id"], batch.as_str());
                    change(&app, FINISH).await;
                }
            }
            Ok(Message::Close(_)) => closed = true,
            _ => {}
        }
    }
    let expected = [("snapshot", 1), ("progress", 2), ("done", 2)];
    assert_eq!(told, expected.map(|(kind, id)| (kind.to_owned(), id)));
    assert!(closed);
    assert!(connect(path.clone(), None).await.is_err(), "not without a token");
    let view = member.get(&format!("/api/v1/batch-jobs/{batch}")).await.json();
    let query = view["events_url"].as_str().expect("a link").split_once('?').expect("a query").1.to_owned();
    connect(format!("{path}?{query}"), None).await.expect("by the link");
}
