//! Everything that can go wrong on demand.

use std::time::{Duration, Instant};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use simulator::{Fault, Kind, Latency, Simulator, SimulatorConfig};

use crate::harness::{Lab, hello, hello_with, picture, picture_with, post_format, read};

fn content(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn error_answers_have_the_status_the_code_and_the_headers_asked_for() {
    let lab = Lab::new();
    lab.admin().faults([
        Fault::chat().status(429).code("insufficient_quota").category("insufficient_quota").retry_after(7).times(1),
        Fault::chat().status(402).numeric_code(402).message("Insufficient credits").times(1),
        Fault::chat().status(400).code("content_policy_violation").header("x-why", "policy").times(1),
        Fault::chat().status(500).times(1),
    ]);
    let quota = lab.chat(&hello()).await;
    assert_eq!((quota.status.as_u16(), quota.code()), (429, json!("insufficient_quota")));
    assert_eq!(quota.header("retry-after"), "7");
    let credits = lab.chat(&hello()).await;
    assert_eq!((credits.status.as_u16(), credits.code()), (402, json!(402)));
    assert_eq!(credits.message(), "Insufficient credits");
    let policy = lab.chat(&hello()).await;
    assert_eq!((policy.code(), policy.header("x-why")), (json!("content_policy_violation"), "policy"));
    let failed = lab.chat(&hello()).await;
    assert_eq!((failed.status.as_u16(), failed.code()), (500, Value::Null));
    assert_eq!(lab.chat(&hello()).await.status, 200, "the faults are used up");
    let bill = lab.bill();
    let statuses: Vec<u16> = bill.calls.iter().map(|call| call.status).collect();
    assert_eq!(statuses, [429, 402, 400, 500, 200]);
    assert_eq!(bill.total_nanos, bill.calls[4].cost_nanos, "only the last one cost anything");
}

#[tokio::test]
async fn answers_that_are_no_answers() {
    let lab = Lab::new();
    lab.admin().faults([
        Fault::chat().error_in_200().times(1),
        Fault::chat().html(502).times(1),
        Fault::chat().not_json().times(1),
    ]);
    let error = lab.chat(&hello()).await;
    assert_eq!(error.status, 200);
    assert!(error.code().is_number() && error.json()["choices"].is_null());
    let page = lab.chat(&hello()).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (502, "text/html"));
    assert!(page.text.starts_with("<html>"));
    let text = lab.chat(&hello()).await;
    assert_eq!(text.status, 200);
    assert!(serde_json::from_str::<Value>(&text.text).is_err());
    assert_eq!(lab.bill().total_nanos, 0);
}

#[tokio::test]
async fn content_that_is_no_use_is_billed() {
    let lab = Lab::new();
    lab.admin().faults([
        Fault::chat().breaks_schema().times(1),
        Fault::chat().refusal().times(1),
        Fault::chat().content_filter().times(1),
        Fault::chat().length().times(1),
        Fault::chat().empty().times(1),
        Fault::chat().says("Fresh bread!").times(1),
        Fault::chat().says_caption("Fresh bread!").times(1),
    ]);
    let body = hello_with(&json!({ "response_format": post_format() }));
    let mut answers = Vec::new();
    for _ in 0..7 {
        let answer = lab.chat(&body).await;
        assert_eq!(answer.status, 200);
        answers.push(answer.json());
    }
    assert!(content(&answers[0]).contains("unexpected"));
    assert!(answers[1]["choices"][0]["message"]["refusal"].is_string());
    assert!(answers[1]["choices"][0]["message"]["content"].is_null());
    assert_eq!(answers[2]["choices"][0]["finish_reason"], "content_filter");
    assert_eq!(answers[3]["choices"][0]["finish_reason"], "length");
    assert!(serde_json::from_str::<Value>(content(&answers[3])).is_err(), "half of the JSON");
    assert_eq!(answers[4]["choices"], json!([]));
    assert_eq!(content(&answers[5]), "Fresh bread!");
    let post: Value = serde_json::from_str(content(&answers[6])).expect("JSON");
    assert_eq!(post["caption"], "Fresh bread!");
    assert!(post["hashtags"].is_array());
    let bill = lab.bill();
    assert!(bill.calls.iter().all(|call| call.cost_nanos > 0), "{bill:?}");
    for (call, answer) in bill.calls.iter().zip(&answers) {
        assert_eq!(answer["usage"]["completion_tokens"], call.usage.output_tokens);
    }
}

#[tokio::test]
async fn images_that_are_no_images() {
    let lab = Lab::new();
    lab.admin().faults([
        Fault::image().corrupt_image().times(1),
        Fault::image().svg_image().times(1),
        Fault::image().blank_image().times(1),
        Fault::image().small_image().times(1),
        Fault::image().empty().times(1),
    ]);
    let mut files = Vec::new();
    for _ in 0..4 {
        let body = lab.image(&picture()).await.json();
        files.push(BASE64_STANDARD.decode(body["data"][0]["b64_json"].as_str().expect("base64")).expect("base64"));
    }
    assert!(files[0].starts_with(b"\x89PNG") && image::load_from_memory(&files[0]).is_err());
    assert!(files[1].starts_with(b"<svg"));
    let blank = image::load_from_memory(&files[2]).expect("an image").to_rgb8();
    assert!(blank.pixels().all(|pixel| pixel == blank.get_pixel(0, 0)));
    assert_eq!(image::load_from_memory(&files[3]).expect("an image").width(), 64);
    assert_eq!(lab.image(&picture()).await.json()["data"], json!([]));
    let bill = lab.bill();
    assert!(bill.calls[..4].iter().all(|call| call.usage.images == 1 && call.cost_nanos > 5_000_000));
    assert_eq!(bill.calls[4].usage.images, 0);
}

#[tokio::test]
async fn answers_that_are_not_good_enough() {
    let lab = Lab::new();
    lab.admin().faults([
        Fault::chat().changes("/alt_text", "").changes("/hashtags", json!([])).times(1),
        Fault::chat().mentions("miracle cure").times(1),
        Fault::chat().omits("acme").times(1),
        Fault::chat().in_language("de").times(1),
    ]);
    let body = hello_with(&json!({ "response_format": post_format() }));
    let usual = {
        let other = Lab::new();
        content(&other.chat(&body).await.json()).to_owned()
    };
    let changed: Value = serde_json::from_str(content(&lab.chat(&body).await.json())).expect("JSON");
    assert_eq!((&changed["alt_text"], &changed["hashtags"]), (&json!(""), &json!([])));
    assert!(changed["caption"].as_str().is_some_and(|caption| usual.contains(caption.lines().next().unwrap_or("?"))));
    assert!(content(&lab.chat(&body).await.json()).contains("miracle cure"));
    assert!(!content(&lab.chat(&body).await.json()).to_lowercase().contains("acme"));
    let german: Value = serde_json::from_str(content(&lab.chat(&body).await.json())).expect("JSON");
    assert!(german["alt_text"].as_str().is_some_and(|text| text.contains("von Acme")), "{german}");
    assert_eq!(content(&lab.chat(&body).await.json()), usual, "then all is well");
    assert!(lab.bill().calls.iter().all(|call| call.cost_nanos > 0));
}

#[tokio::test]
async fn images_that_are_not_what_was_asked_for() {
    let lab = Lab::new();
    let shot = |body: Value| {
        let request = lab.request("/images/generations", &body);
        async move {
            let body = read(request.send().await.expect("an answer")).await.json();
            let text = body["data"][0]["b64_json"].as_str().expect("base64").to_owned();
            image::load_from_memory(&BASE64_STANDARD.decode(text).expect("base64")).expect("an image").to_rgb8()
        }
    };
    let first = shot(picture()).await;
    lab.admin().faults([Fault::image().same_as_last().times(2), Fault::image().wrong_size(300, 200).times(1)]);
    let other = picture_with(&json!({ "prompt": "A modern logo for a bakery" }));
    let (again, once_more) = (shot(other.clone()).await, shot(other.clone()).await);
    let largest = |one: &image::RgbImage, two: &image::RgbImage| {
        one.as_raw().iter().zip(two.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or_default()
    };
    assert_eq!(largest(&first, &again), 1, "hardly another picture");
    assert_eq!(largest(&again, &once_more), 1, "and another file each time");
    assert_eq!(shot(other.clone()).await.dimensions(), (300, 200));
    assert!(largest(&first, &shot(other).await) > 50, "then what was asked for");
}

#[tokio::test]
async fn transfers_break_after_the_call_was_billed() {
    let lab = Lab::new();
    lab.admin().faults([Fault::chat().truncate().times(1), Fault::chat().reset().times(1)]);
    for fault in ["truncated", "reset"] {
        let response = lab.send("/chat/completions", &hello()).await;
        assert_eq!(response.status(), 200);
        let error = response.bytes().await.expect_err(fault);
        assert!(error.is_body() || error.is_decode() || error.is_request(), "{error:?}");
    }
    let bill = lab.bill();
    assert_eq!(bill.calls.len(), 2);
    assert!(bill.calls.iter().all(|call| call.status == 200 && call.cost_nanos > 0));
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let lab = Lab::new();
    for (fault, kind) in
        [(Fault::chat().reset(), Some(std::io::ErrorKind::ConnectionReset)), (Fault::chat().truncate(), None)]
    {
        lab.admin().clear_faults().fault(fault);
        let mut socket = tokio::net::TcpStream::connect(lab.sim.address()).await.expect("connects");
        let body = hello().to_string();
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(request.as_bytes()).await.expect("sent");
        let mut received = Vec::new();
        let ended = socket.read_to_end(&mut received).await;
        assert_eq!(ended.err().map(|error| error.kind()), kind);
        assert!(received.starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn slow_and_endless_bodies() {
    let lab = Lab::new();
    lab.admin().faults([
        Fault::chat().drip().times(1),
        Fault::chat().endless().times(1),
        Fault::chat().huge(3).times(1),
    ]);
    let mut drip = lab.send("/chat/completions", &hello()).await;
    let started = Instant::now();
    let mut received = 0;
    while received < 2 {
        received += drip.chunk().await.expect("a part").expect("not the end").len();
    }
    assert!(started.elapsed() >= Duration::from_millis(900), "one byte a second");
    drop(drip);
    let mut endless = lab.send("/chat/completions", &hello()).await;
    assert_eq!(endless.content_length(), None);
    let mut received = 0;
    while received < 5 << 20 {
        received += endless.chunk().await.expect("a part").expect("not the end").len();
    }
    drop(endless);
    let huge = lab.chat(&hello()).await;
    assert!(huge.text.len() > 3 << 20);
    assert!(huge.json()["choices"].is_array(), "blanks before JSON are JSON");
}

#[tokio::test]
async fn a_call_that_hangs_is_on_the_bill_and_ends_with_its_client() {
    let lab = Lab::new();
    lab.admin().fault(Fault::any().hang());
    let request = lab.request("/chat/completions", &hello()).timeout(Duration::from_millis(200));
    assert!(request.send().await.expect_err("no answer").is_timeout());
    let call = &lab.bill().calls[0];
    assert_eq!((call.status, call.cost_nanos), (0, 0));
    let gone = async {
        while lab.admin().in_flight() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), gone).await.expect("the simulator saw that the client left");
}

#[tokio::test]
async fn a_client_that_leaves_early_has_been_charged() {
    let lab = Lab::with(SimulatorConfig {
        chat_latency: Latency::constant(Duration::from_secs(30)),
        ..SimulatorConfig::default()
    });
    let request = lab.request("/chat/completions", &hello()).timeout(Duration::from_millis(200));
    assert!(request.send().await.expect_err("no answer").is_timeout());
    assert!(lab.bill().calls[0].cost_nanos > 0);
}

#[tokio::test]
async fn faults_choose_their_calls() {
    let lab = Lab::new();
    lab.admin().faults([
        Fault::any().key("k2").status(401),
        Fault::any().model("gpt-4o-mini").status(404),
        Fault::any().contains("cursed").status(400),
        Fault::image().status(503),
    ]);
    assert_eq!(lab.chat(&hello()).await.status, 200);
    assert_eq!(lab.chat_with_key("k2").await.status, 401);
    assert_eq!(lab.chat(&hello_with(&json!({ "model": "gpt-4o-mini" }))).await.status, 404);
    let cursed = json!({ "messages": [{ "role": "user", "content": "Topic: a cursed ring" }] });
    assert_eq!(lab.chat(&hello_with(&cursed)).await.status, 400);
    assert_eq!(lab.image(&picture()).await.status, 503);
    let drawing = json!({ "model": "google/gemini-2.5-flash-image-preview:free" });
    assert_eq!(lab.chat(&hello_with(&drawing)).await.status, 503, "drawn through chat, but an image");
}

#[tokio::test]
async fn delays_add_up_and_latency_can_be_changed() {
    let lab = Lab::new();
    lab.admin().set_latency(Kind::Chat, Latency::constant(Duration::from_millis(100)));
    lab.admin().fault(Fault::chat().delay(Duration::from_millis(200)).times(1));
    let started = Instant::now();
    assert_eq!(lab.chat(&hello()).await.status, 200);
    assert!(started.elapsed() >= Duration::from_millis(300));
    lab.admin().reset();
    let started = Instant::now();
    assert_eq!(lab.chat(&hello()).await.status, 200);
    assert!(started.elapsed() < Duration::from_millis(100), "as configured");
}

#[tokio::test]
async fn answers_can_be_held_back() {
    let lab = Lab::new();
    lab.admin().hold();
    let calls = futures::future::join_all((0..5).map(|_| lab.request("/chat/completions", &hello()).send()));
    let watch = async {
        lab.admin().calls_reach(5).await;
        assert_eq!(lab.admin().in_flight(), 5);
        lab.admin().release();
    };
    let (answers, ()) = tokio::join!(calls, watch);
    assert!(answers.iter().all(|answer| answer.as_ref().expect("an answer").status() == 200));
    assert_eq!(lab.admin().peak_in_flight(), 5);
}

#[tokio::test]
async fn scenarios_are_posted_listed_and_reset() {
    let lab = Lab::new();
    let scenario = json!({ "faults": [
        { "kind": "chat", "status": 429, "code": "slow_down", "times": 2 },
        { "kind": "image", "effect": "blank_image", "probability": 0.5 },
    ]});
    assert_eq!(lab.admin_post("/_sim/scenario", &scenario).await.status, 200);
    assert_eq!(lab.chat(&hello()).await.code(), "slow_down");
    let url = format!("{}/_sim/scenario", lab.sim.origin());
    let left = lab.get(&url).await.json();
    assert_eq!(left["faults"][0]["left"], 1);
    assert_eq!(left["faults"][0]["hits"], 1);
    assert_eq!(left["faults"][1]["effect"], "blank_image");
    let wrong = lab.admin_post("/_sim/scenario", &json!({ "faults": [{ "status": 429, "colour": 1 }] })).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("unknown field `colour`"), "{}", wrong.text);
    assert_eq!(lab.admin_post("/_sim/reset", &json!({})).await.status, 200);
    assert_eq!(lab.get(&url).await.json()["faults"], json!([]));
    assert!(lab.bill().calls.is_empty());
}

#[tokio::test]
async fn the_bill_can_be_read_on_from_a_line() {
    let lab = Lab::new();
    for _ in 0..3 {
        lab.chat(&hello()).await;
    }
    let page = lab.get(&format!("{}/_sim/bill?since=1&limit=1", lab.sim.origin())).await.json();
    assert_eq!((page["calls"].as_array().expect("a list").len(), &page["next"]), (1, &json!(2)));
    let rest = lab.get(&format!("{}/_sim/bill?since=2", lab.sim.origin())).await.json();
    assert_eq!(rest["calls"].as_array().expect("a list").len(), 1);
    let sum: i64 = lab.bill().calls.iter().map(|call| call.cost_nanos).sum();
    assert_eq!(rest["total_nanos"], sum);
    assert_eq!(lab.get(&format!("{}/_sim/bill?since=x", lab.sim.origin())).await.status, 400);
}

#[tokio::test]
async fn shutdown_lets_calls_end_and_takes_no_more() {
    let lab = Lab::with(SimulatorConfig {
        chat_latency: Latency::constant(Duration::from_millis(200)),
        ..SimulatorConfig::default()
    });
    let request = lab.request("/chat/completions", &hello());
    let call = tokio::spawn(async move { read(request.send().await.expect("an answer")).await });
    lab.admin().calls_reach(1).await;
    let address = lab.sim.address();
    lab.sim.shutdown().await;
    assert_eq!(call.await.expect("no panic").status, 200);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_dropped_simulator_frees_its_port() {
    let running = Simulator::start(SimulatorConfig::default()).expect("starts");
    let address = running.address();
    drop(running);
    let free = async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), free).await.expect("nobody listens any more");
}
