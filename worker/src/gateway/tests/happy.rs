//! Calls that serve, with every dialect; and the ways not to call at all.

use shared::domain::{Outcome, Step};
use shared::store::advance::{CostSource, Refusal};

use super::{Books, Stage, class_of};
use crate::gateway::Stop;
use shared::media::ImageFormat;

#[tokio::test]
async fn a_caption_and_an_image_are_made_billed_and_checked() {
    let (stage, mut books) = (Stage::new(), Books::default());
    let caption = stage.caption(&mut books).await.expect("a caption");
    assert!(caption.value.caption.contains("Crust & Co"), "{caption:?}");
    assert!(caption.value.hashtags.iter().all(|tag| tag.starts_with('#')) && !caption.value.hashtags.is_empty());
    assert_eq!((caption.provider.as_str(), caption.model.as_str()), ("openai", "gpt-6-luna"));
    let image = stage.image(&mut books).await.expect("an image");
    assert_eq!((image.picture.format, image.picture.width, image.picture.height), (ImageFormat::Png, 1024, 1024));
    assert_eq!(books.trail(), ["KEY gpt-6-luna settled", "KEY gpt-image-2.6-flare settled"]);
    for (entry, step) in books.entries.iter().zip([Step::Caption, Step::Image]) {
        let bill = entry.bill.as_ref().expect("settled");
        assert_eq!((entry.step, bill.outcome, bill.cost_source), (step, Outcome::Ok, CostSource::Prices));
        assert!(bill.cost.0 > 0 && bill.usage.is_some() && bill.provider_request_id.is_some());
        assert_eq!(entry.quote.price_version, "2026-11-22");
    }
    assert_eq!(
        stage.simulator.bill().total_nanos,
        books.entries.iter().filter_map(|e| e.bill.as_ref()).map(|b| b.cost.0).sum::<i64>()
    );
}

#[tokio::test]
async fn openrouter_writes_paints_through_chat_and_says_what_it_cost() {
    let (stage, mut books) = (Stage::with(&[("OPENROUTER_API_KEY_1", "r1")], |_| {}), Books::default());
    stage.caption(&mut books).await.expect("a caption");
    let image = stage.image(&mut books).await.expect("an image");
    assert_eq!(image.model, "google/gemini-2.5-flash-image-preview:free");
    assert!(image.picture.width >= 1024);
    assert_eq!(books.entries[0].quote.pool, "openrouter_api_key_1");
}

#[tokio::test]
async fn images_that_come_as_addresses_are_fetched() {
    let (stage, mut books) = (Stage::with(&[("A4F_API_KEY", "a1")], |_| {}), Books::default());
    let image = stage.image(&mut books).await.expect("an image");
    assert_eq!((image.provider.as_str(), image.model.as_str()), ("a4f", "provider-5/flux-fast"));
    assert_eq!(class_of(stage.caption(&mut books).await), ("not_configured", true));
}

#[tokio::test]
async fn without_a_key_a_post_fails_and_says_what_to_set() {
    let (stage, mut books) = (Stage::with(&[], |_| {}), Books::default());
    assert!(!stage.gateway.is_configured());
    let Err(Stop::Failed(reason)) = stage.caption(&mut books).await else { panic!("a failure") };
    assert_eq!(reason.class, "not_configured");
    assert!(reason.message.contains("OPENAI_API_KEY"));
}

#[tokio::test]
async fn nothing_is_sent_that_the_books_refuse() {
    let (stage, mut books) = (Stage::new(), Books { refusal: Some(Refusal::Budget), ..Books::default() });
    let stopped = stage.caption(&mut books).await.expect_err("a stop");
    assert_eq!(stopped, Stop::Refused(Refusal::Budget));
    assert!(stage.simulator.bill().calls.is_empty());
}

#[tokio::test]
async fn nothing_is_sent_on_a_stale_lease() {
    let (stage, mut books) = (Stage::new(), Books::default());
    stage.lease.0.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(class_of(stage.caption(&mut books).await), ("interrupted", false));
    assert!(books.entries.is_empty(), "and nothing is recorded as sent");
    assert!(stage.simulator.bill().calls.is_empty());
}
