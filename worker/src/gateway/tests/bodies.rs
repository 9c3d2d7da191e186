//! Answers that hang, drip, break off or never end: typed, in time, with memory bounded.

use std::time::Duration;

use simulator::Fault;
use tokio::time::Instant;

use super::{Books, Stage};

/// One key, and a second for a whole call.
fn hasty() -> Stage {
    Stage::with(&[("OPENAI_API_KEY", "k1")], |profiles| {
        for route in profiles.routes.values_mut() {
            (route.deadline_seconds, route.first_byte_seconds) = (1, 1);
        }
    })
}

#[tokio::test]
async fn an_answer_that_does_not_come_whole_is_unknown_and_the_next_model_serves() {
    for fault in [
        Fault::chat().hang(),
        Fault::chat().drip(),
        Fault::chat().reset(),
        Fault::chat().truncate(),
        Fault::chat().huge(3),
        Fault::chat().endless(),
        Fault::chat().status(408),
    ] {
        let (stage, mut books, start) = (hasty(), Books::default(), Instant::now());
        stage.fault(fault.clone().times(1));
        stage.caption(&mut books).await.expect("a caption");
        assert!(start.elapsed() < Duration::from_secs(2), "{fault:?} took {:?}", start.elapsed());
        assert_eq!(books.trail(), ["KEY gpt-6-luna unknown", "KEY gpt-6.1-terra settled"], "{fault:?}");
    }
}

#[tokio::test]
async fn a_timeout_is_tried_at_one_other_pool_and_then_with_the_next_model() {
    let stage = Stage::with(&super::THREE_KEYS, |profiles| {
        profiles.providers.get_mut("openai").expect("built in").pooling = crate::gateway::profiles::Pooling::Each;
    });
    stage.fault(Fault::chat().model("gpt-6-luna").truncate());
    let mut books = Books::default();
    stage.caption(&mut books).await.expect("a caption");
    assert_eq!(
        books.trail(),
        ["1 gpt-6-luna unknown", "2 gpt-6-luna unknown", "1 gpt-6.1-terra settled"],
        "rotation starts at the first"
    );
}

#[tokio::test]
async fn a_huge_image_is_refused_before_it_fills_the_memory() {
    let (stage, mut books) = (Stage::new(), Books::default());
    let before = resident();
    stage.fault(Fault::image().huge(100).times(1));
    stage.image(&mut books).await.expect("an image");
    assert_eq!(books.trail(), ["KEY gpt-image-2.6-flare unknown", "KEY gpt-image-2 settled"]);
    let grown = resident().saturating_sub(before);
    assert!(grown < 160 << 20, "memory grew by {grown} bytes");
}

/// Resident memory of this process in bytes; other tests run beside this one.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4096
}
