//! Limits, as a client meets them.

use std::time::Duration;

use serde_json::json;
use simulator::{Cause, Limits, ProviderKey, SimulatorConfig};

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
    assert_eq!((bill.calls[1].cause, bill.calls[2].cause), (Cause::Served, Cause::Limit));
    assert!(bill.calls[2].retry_after_ms.is_some_and(|rest| (58_000..=60_000).contains(&rest)));
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

/// Every sliding window of the record holds what is allowed and no more, whoever calls and however hard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_storm_gets_more_than_the_limit_and_none_gets_less() {
    const LIMIT: usize = 20;
    let window = Duration::from_millis(250);
    let lab = Lab::with(SimulatorConfig {
        limit_window: window,
        ..limited(Limits { requests: Some(LIMIT as u64), ..Limits::NONE })
    });
    let until = tokio::time::Instant::now() + window * 4;
    let caller = || async {
        while tokio::time::Instant::now() < until {
            lab.chat(&hello()).await;
        }
    };
    futures::future::join_all((0..8).map(|_| caller())).await;
    let bill = lab.bill();
    let served: Vec<_> = bill.calls.iter().filter(|call| call.cause == Cause::Served).collect();
    let time = |place: usize| chrono::DateTime::parse_from_rfc3339(&served[place].at).expect("a time");
    for last in LIMIT..served.len() {
        // The record is written right after the decision: what lies a little closer was decided far enough apart.
        let spread = (time(last) - time(last - LIMIT)).to_std().expect("in order");
        assert!(spread > window.mul_f64(0.9), "{} calls within {spread:?}", LIMIT + 1);
    }
    assert!(bill.calls.len() > served.len(), "it was a storm");
    assert!(served.len() >= LIMIT * 4, "{} of what four windows allow", served.len());
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
