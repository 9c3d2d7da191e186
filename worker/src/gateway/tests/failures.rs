//! Every row of the table of failures, scripted: what is called, in order, and how it ends.

use simulator::Fault;

use super::{Books, Stage, class_of};

const LUNA: &str = "gpt-6-luna";

/// The trail of a caption that served, with one key.
async fn trail(stage: &Stage) -> Vec<String> {
    let mut books = Books::default();
    stage.caption(&mut books).await.expect("a caption");
    books.trail()
}

/// How a caption with one key ends that does not serve, and how many calls it took.
async fn ending(stage: &Stage) -> (&'static str, bool, usize) {
    let mut books = Books::default();
    let (class, is_final) = class_of(stage.caption(&mut books).await);
    (class, is_final, books.entries.len())
}

#[tokio::test]
async fn a_server_error_is_repeated_once_and_then_left_for_the_next_model() {
    let stage = Stage::new();
    stage.fault(Fault::chat().status(503).times(1));
    assert_eq!(trail(&stage).await, ["KEY gpt-6-luna failed", "KEY gpt-6-luna settled"]);
    stage.fault(Fault::chat().html(502).times(2));
    assert_eq!(trail(&stage).await, ["KEY gpt-6-luna failed", "KEY gpt-6-luna failed", "KEY gpt-6.1-terra settled"]);
}

#[tokio::test]
async fn useless_answers_are_billed_repeated_once_and_left() {
    for (fault, state) in [
        (Fault::chat().breaks_schema(), "settled"),
        (Fault::chat().says("Sure, here is a post!"), "settled"),
        (Fault::chat().not_json(), "unknown"),
        (Fault::chat().error_in_200().numeric_code(502), "failed"),
    ] {
        let stage = Stage::new();
        stage.fault(fault.clone().times(2));
        let luna = format!("KEY {LUNA} {state}");
        assert_eq!(trail(&stage).await, [luna.clone(), luna, "KEY gpt-6.1-terra settled".to_owned()], "{fault:?}");
    }
}

#[tokio::test]
async fn an_answer_cut_short_is_asked_for_with_double_the_cap() {
    let (stage, mut books) = (Stage::new(), Books::default());
    stage.fault(Fault::chat().length().times(1));
    stage.caption(&mut books).await.expect("a caption");
    assert_eq!(books.trail(), ["KEY gpt-6-luna settled", "KEY gpt-6-luna settled"]);
    assert!(books.entries[1].quote.reserved > books.entries[0].quote.reserved);
    assert_eq!(books.verdicts(), ["unusable_answer: the answer was cut at its cap", "served"]);
}

#[tokio::test]
async fn a_model_that_declines_is_followed_by_one_other() {
    for fault in [Fault::chat().refusal(), Fault::chat().content_filter()] {
        let stage = Stage::new();
        stage.fault(fault.clone().times(1));
        assert_eq!(trail(&stage).await, ["KEY gpt-6-luna settled", "KEY gpt-6.1-terra settled"]);
        stage.fault(fault);
        assert_eq!(ending(&stage).await, ("content_policy", true, 2));
    }
}

#[tokio::test]
async fn an_image_that_does_not_come_or_is_no_good_is_not_taken() {
    for (fault, calls) in [
        (Fault::image().empty(), 2),
        (Fault::image().corrupt_image(), 3),
        (Fault::image().svg_image(), 3),
        (Fault::image().blank_image(), 3),
    ] {
        let (stage, mut books) = (Stage::new(), Books::default());
        stage.fault(fault.clone().model("gpt-image-2.6-flare"));
        let image = stage.image(&mut books).await.expect("an image");
        assert_eq!((image.model.as_str(), books.entries.len()), ("gpt-image-2", calls), "{fault:?}");
    }
}

#[tokio::test]
async fn what_the_content_policy_forbids_fails_at_once_with_a_reason() {
    for code in ["content_policy_violation", "moderation_blocked"] {
        let stage = Stage::new();
        stage.fault(Fault::chat().status(400).code(code));
        assert_eq!(ending(&stage).await, ("content_policy", true, 1));
    }
    let lenient = Stage::with(&[("OPENAI_API_KEY", "k1")], |profiles| {
        profiles.limits.policy_refusal_tries_next_model = true;
    });
    lenient.fault(Fault::chat().status(400).code("content_policy_violation").times(1));
    assert_eq!(trail(&lenient).await, ["KEY gpt-6-luna failed", "KEY gpt-6.1-terra settled"]);
}

#[tokio::test]
async fn a_request_that_is_wrong_fails_at_once() {
    for status in [400, 413, 422] {
        let stage = Stage::new();
        stage.fault(Fault::chat().status(status).code("unknown_parameter"));
        assert_eq!(ending(&stage).await, ("request_refused", true, 1), "{status}");
    }
}

#[tokio::test]
async fn a_brief_too_long_for_a_model_goes_to_the_next() {
    let stage = Stage::new();
    stage.fault(Fault::chat().model(LUNA).status(400).code("context_length_exceeded"));
    assert_eq!(trail(&stage).await, ["KEY gpt-6-luna failed", "KEY gpt-6.1-terra settled"]);
    stage.fault(Fault::chat().status(400).code("context_length_exceeded"));
    assert_eq!(ending(&stage).await, ("brief_too_long", true, 3));
}

#[tokio::test]
async fn a_missing_model_is_not_asked_for_again() {
    let stage = Stage::new();
    stage.fault(Fault::chat().model(LUNA).status(404).code("model_not_found"));
    assert_eq!(trail(&stage).await, ["KEY gpt-6-luna failed", "KEY gpt-6.1-terra settled"]);
    assert_eq!(trail(&stage).await, ["KEY gpt-6.1-terra settled"]);
}

#[tokio::test]
async fn a_provider_that_refuses_everything_makes_posts_wait_without_more_calls() {
    for (fault, class) in [
        (Fault::any().status(401).code("invalid_api_key"), "key_refused"),
        (Fault::any().status(403).code("insufficient_permissions"), "key_refused"),
        (Fault::any().status(402).numeric_code(402), "out_of_credit"),
        (Fault::any().status(429).code("insufficient_quota"), "out_of_credit"),
        (Fault::any().status(429).code("billing_hard_limit_reached"), "out_of_credit"),
    ] {
        let stage = Stage::new();
        stage.fault(fault);
        assert_eq!(ending(&stage).await, (class, false, 1));
        assert_eq!(ending(&stage).await, (class, false, 0));
        assert_eq!(stage.simulator.bill().calls.len(), 1);
    }
}

#[tokio::test]
async fn a_region_that_is_not_served_ends_with_every_model_asked_once() {
    let stage = Stage::new();
    stage.fault(Fault::chat().status(403).code("unsupported_country_region_territory"));
    assert_eq!(ending(&stage).await, ("region_refused", false, 3));
}

#[tokio::test]
async fn billed_attempts_are_capped() {
    let stage = Stage::with(&[("OPENAI_API_KEY", "k1")], |profiles| profiles.limits.billed_attempts = 2);
    stage.fault(Fault::chat().breaks_schema());
    assert_eq!(ending(&stage).await, ("unusable_answer", true, 2));
}

#[tokio::test]
async fn a_host_that_is_not_there_is_tried_twice_and_free() {
    let stage = Stage::with(&[("OPENAI_API_KEY", "k1"), ("OPENROUTER_API_KEY", "r1")], |profiles| {
        // Nothing listens on port 1.
        profiles.providers.get_mut("openai").expect("built in").base_url = "http://127.0.0.1:1/v1".to_owned();
    });
    let mut books = Books::default();
    let reply = stage.gateway.chat(&mut books, crate::prompts::caption(&super::bakery())).await.expect("a caption");
    assert_eq!(reply.provider, "openrouter");
    assert_eq!(books.trail()[..2], ["KEY gpt-6-luna failed", "KEY gpt-6-luna failed"]);
    assert_eq!(books.entries.len(), 3);
}
