//! Limits, as a client meets them.

use std::time::Duration;

use serde_json::json;
use simulator::{Limits, ProviderKey, SimulatorConfig};

use crate::harness::{Lab, hello, hello_with, picture};

fn limited(limits: Limits) -> SimulatorConfig {
    SimulatorConfig { limits, ..SimulatorConfig::default() }
}

#[tokio::test]
async fn requests_over_the_limit_are_refused_and_cost_nothing() {
    let lab = Lab::with(limited(Limits { requests: Some(2), tokens: Some(10_000), images: None }));
    let first = lab.chat(&hello_with(&json!({ "max_completion_tokens": 100 }))).await;
    assert_eq!(first.header("x-ratelimit-limit-requests"), "2");
    assert_eq!(first.header("x-ratelimit-remaining-requests"), "1");
    assert_eq!(first.header("x-ratelimit-limit-tokens"), "10000");
    let prompt_tokens = first.json()["usage"]["prompt_tokens"].as_u64().expect("a number");
    assert_eq!(first.header("x-ratelimit-remaining-tokens"), (10_000 - 100 - prompt_tokens).to_string());
    assert_eq!(first.header("x-ratelimit-reset-requests"), "1m0s");
    assert_eq!(lab.chat(&hello()).await.status, 200);
    let refused = lab.chat(&hello()).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.code(), "rate_limit_exceeded");
    assert_eq!(refused.json()["error"]["type"], "requests");
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((58..=60).contains(&wait), "{wait}");
    assert_eq!(refused.header("x-ratelimit-remaining-requests"), "0");
    let bill = lab.bill();
    assert_eq!((bill.calls.len(), bill.calls[2].status, bill.calls[2].cost_nanos), (3, 429, 0));
}

#[tokio::test]
async fn after_the_stated_wait_there_is_room_again() {
    let lab = Lab::with(SimulatorConfig {
        limit_window: Duration::from_millis(300),
        ..limited(Limits { requests: Some(1), ..Limits::NONE })
    });
    assert_eq!(lab.chat(&hello()).await.status, 200);
    let refused = lab.chat(&hello()).await;
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.header("retry-after-ms").parse().expect("milliseconds");
    tokio::time::sleep(Duration::from_millis(wait)).await;
    assert_eq!(lab.chat(&hello()).await.status, 200);
}

#[tokio::test]
async fn images_and_text_have_their_own_counts() {
    let lab = Lab::with(limited(Limits { images: Some(1), ..Limits::NONE }));
    assert_eq!(lab.image(&picture()).await.status, 200);
    let refused = lab.image(&picture()).await;
    assert_eq!((refused.status.as_u16(), refused.json()["error"]["type"].as_str()), (429, Some("images")));
    assert_eq!(lab.chat(&hello()).await.status, 200);
}

#[tokio::test]
async fn keys_of_one_pool_share_its_limits() {
    let keys = ["a@org", "b@org", "c"].map(ProviderKey::from).to_vec();
    let lab = Lab::with(SimulatorConfig { keys, ..limited(Limits { requests: Some(1), ..Limits::NONE }) });
    assert_eq!(lab.chat_with_key("a").await.status, 200);
    assert_eq!(lab.chat_with_key("b").await.status, 429);
    assert_eq!(lab.chat_with_key("c").await.status, 200);
}

#[tokio::test]
async fn the_simulators_own_endpoints_are_never_limited() {
    let lab = Lab::with(limited(Limits { requests: Some(0), ..Limits::NONE }));
    assert_eq!(lab.chat(&hello()).await.status, 429);
    for _ in 0..20 {
        assert_eq!(lab.get(&format!("{}/_sim/bill", lab.sim.origin())).await.status, 200);
    }
}
