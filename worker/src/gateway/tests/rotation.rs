//! Keys, pools and rests.

use std::time::Duration;

use simulator::Fault;
use tokio::time::Instant;

use super::{Books, Stage, class_of};
use crate::gateway::Stop;

#[tokio::test]
async fn keys_and_pools_take_turns() {
    for stage in [Stage::three_pools(), Stage::with(&super::THREE_KEYS, |_| {})] {
        let mut books = Books::default();
        for _ in 0..6 {
            stage.caption(&mut books).await.expect("a caption");
        }
        let keys: Vec<_> = books.entries.iter().map(|entry| entry.quote.key_label.as_str()).collect();
        for label in super::THREE_KEYS.map(|(label, _)| label) {
            assert_eq!(keys.iter().filter(|key| **key == label).count(), 2, "{keys:?}");
        }
    }
}

#[tokio::test]
async fn a_dead_key_costs_one_call_and_the_others_go_on() {
    for stage in [Stage::three_pools(), Stage::with(&super::THREE_KEYS, |_| {})] {
        stage.fault(Fault::any().key("k2").status(401).code("invalid_api_key"));
        let mut books = Books::default();
        for _ in 0..9 {
            stage.caption(&mut books).await.expect("a caption");
        }
        assert_eq!(books.entries.len(), 10, "{:?}", books.trail());
    }
}

#[tokio::test]
async fn two_dead_keys_of_three_leave_one_that_serves() {
    let stage = Stage::three_pools();
    stage
        .fault(Fault::any().key("k1").status(401))
        .fault(Fault::any().key("k2").status(429).code("insufficient_quota"));
    let mut books = Books::default();
    for _ in 0..6 {
        stage.caption(&mut books).await.expect("a caption");
    }
    assert_eq!(books.entries.len(), 8, "{:?}", books.trail());
    assert!(books.entries.iter().all(|entry| entry.quote.model == "gpt-6-luna"));
}

#[tokio::test]
async fn a_pool_over_its_limit_rests_and_another_serves_without_a_pause() {
    let stage = Stage::three_pools();
    stage.fault(Fault::any().key("k1").status(429).code("rate_limit_exceeded").retry_after(30));
    let (mut books, start) = (Books::default(), Instant::now());
    for _ in 0..6 {
        stage.caption(&mut books).await.expect("a caption");
    }
    assert!(start.elapsed() < Duration::from_secs(2));
    assert_eq!(books.entries.iter().filter(|entry| entry.quote.key_label == "OPENAI_API_KEY_1").count(), 1);
}

#[tokio::test]
async fn a_short_rest_of_the_only_pool_is_waited_out_on_the_spot() {
    let (stage, mut books) = (Stage::new(), Books::default());
    stage.fault(Fault::chat().status(429).code("rate_limit_exceeded").header("retry-after-ms", "300").times(1));
    let start = Instant::now();
    stage.caption(&mut books).await.expect("a caption");
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert_eq!(books.trail(), ["KEY gpt-6-luna failed", "KEY gpt-6-luna settled"]);
}

#[tokio::test]
async fn a_long_rest_sends_the_post_to_the_next_model_and_then_to_wait() {
    let (stage, mut books) = (Stage::new(), Books::default());
    stage.fault(Fault::chat().model("gpt-6-luna").status(429).retry_after(30));
    stage.caption(&mut books).await.expect("a caption");
    assert_eq!(books.trail(), ["KEY gpt-6-luna failed", "KEY gpt-6.1-terra settled"]);
    stage.fault(Fault::chat().status(429).retry_after(40));
    let Err(Stop::Closed { after, reason }) = stage.caption(&mut books).await else { panic!("closed") };
    assert_eq!(reason.class, "rate_limited");
    // The soonest of the three models.
    assert!(after > Duration::from_secs(20) && after <= Duration::from_secs(30), "{after:?}");
    let calls = books.entries.len();
    assert_eq!(class_of(stage.caption(&mut books).await), ("rate_limited", false));
    assert_eq!(books.entries.len(), calls, "a resting pool was called");
}

#[tokio::test]
async fn a_daily_limit_rests_until_its_reset() {
    let stage = Stage::new();
    stage.fault(Fault::chat().status(429).message("Limit reached on requests per day (RPD)").retry_after(7200));
    let Err(Stop::Closed { after, .. }) = stage.caption(&mut Books::default()).await else { panic!("closed") };
    assert!(after > Duration::from_hours(1), "{after:?}");
}

#[tokio::test]
async fn slow_down_does_not_move_the_load_to_the_other_pools() {
    let stage = Stage::three_pools();
    stage.fault(Fault::chat().model("gpt-6-luna").status(429).code("slow_down").retry_after(30));
    let mut books = Books::default();
    stage.caption(&mut books).await.expect("a caption");
    let models: Vec<_> = books.entries.iter().map(|entry| entry.quote.model.as_str()).collect();
    assert_eq!(models, ["gpt-6-luna", "gpt-6.1-terra"]);
}

#[tokio::test]
async fn rotation_is_not_bounded_by_the_repeats() {
    let stage = Stage::with(&super::THREE_KEYS, |profiles| {
        profiles.limits.repeats = 0;
        profiles.providers.get_mut("openai").expect("built in").pooling = crate::gateway::profiles::Pooling::Each;
    });
    stage.fault(Fault::chat().key("k1").status(500)).fault(Fault::chat().key("k2").status(500));
    let mut books = Books::default();
    for _ in 0..3 {
        stage.caption(&mut books).await.expect("a caption");
    }
    assert!(books.entries.iter().all(|entry| entry.quote.model == "gpt-6-luna"), "{:?}", books.trail());
}

#[tokio::test]
async fn slots_bound_the_calls_in_flight() {
    let stage = Stage::new();
    stage.simulator.admin().hold();
    let gateway = &stage.gateway;
    let calls = futures::future::join_all((0..20).map(|_| async move {
        let mut books = Books::default();
        gateway.chat(&mut books, crate::prompts::caption(&super::bakery())).await.expect("a caption");
    }));
    let release = async {
        stage.simulator.admin().calls_reach(8).await;
        stage.simulator.admin().release();
    };
    tokio::join!(calls, release);
    assert_eq!(stage.simulator.admin().peak_in_flight(), 8);
    assert_eq!(stage.simulator.bill().calls.len(), 20);
}

#[tokio::test]
async fn a_batch_larger_than_the_limit_is_served_whole_by_waiting() {
    // Six calls a second in all; no key is called while it rests.
    let stage = Stage::limited(2);
    let mut books = Books::default();
    for _ in 0..20 {
        loop {
            match stage.caption(&mut books).await {
                Ok(_) => break,
                Err(Stop::Closed { after, .. }) => tokio::time::sleep(after).await,
                Err(stop) => panic!("{stop:?}"),
            }
        }
    }
    let served = books.verdicts().into_iter().filter(|verdict| *verdict == "served").count();
    assert_eq!(served, 20);
    assert!(books.entries.len() < 40, "{} calls for 20 captions", books.entries.len());
}
