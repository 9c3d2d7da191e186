//! What an estimate takes a request to weigh is never less than what is sent.

use proptest::prelude::*;
use shared::domain::BrandKit;
use shared::prices::{CAPTION_FRAME, IMAGE_FRAME, LONGEST_IMAGE_VALUE, brand_picture_weight, brand_weight, weight};

use crate::gateway::dialect::{self, ChatDraft, ImageDraft};
use crate::gateway::prices::Format;
use crate::gateway::profiles::Dialect;
use crate::platforms::Platforms;
use crate::prompts::{self, CaptionBrief};

const DIALECTS: [Dialect; 3] = [Dialect::OpenAi, Dialect::OpenRouter, Dialect::A4f];
const MODEL: &str = "a/provider-with-a-long-name/and-a-model-with-a-longer-one:free";

fn value() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), any::<String>(), "[a-z\"\\\\\n\r\t\u{2028}\u{85} .]{0,80}", "[ -~]{300,400}"]
}

/// A brand kit, most often none.
fn kit() -> impl Strategy<Value = BrandKit> {
    let words = || prop::collection::vec(value(), 0..5);
    let written = (prop::option::of(value()), words(), words(), prop::collection::vec("#[0-9A-F]{6}", 0..5));
    prop_oneof![
        Just(BrandKit::default()),
        (written, prop::collection::vec("#[a-zA-Z]{1,20}", 0..5)).prop_map(
            |((voice, required_words, banned_words, colours), hashtags)| BrandKit {
                voice,
                required_words,
                banned_words,
                colours,
                hashtags
            }
        ),
    ]
}

/// The dearest dialect's request for a caption, in bytes.
fn caption(brief: &CaptionBrief) -> usize {
    let ask = prompts::caption(brief);
    let draft =
        ChatDraft { model: MODEL, messages: &ask.messages, schema: ask.schema.as_ref(), completion_cap: 100_000 };
    DIALECTS.iter().map(|dialect| dialect::chat(*dialect, &draft).size()).max().unwrap_or_default()
}

/// The dearest dialect's request for an image, in bytes.
fn image(brief: &CaptionBrief, picture: &str) -> usize {
    let ask = prompts::image(brief, picture, "1024x1024", "standard");
    let format = Format { width: 1024, height: 1024, quality: "standard".to_owned() };
    let draft =
        ImageDraft { model: MODEL, prompt: &ask.prompt, format: &format, references: &[], completion_cap: 100_000 };
    DIALECTS.iter().map(|dialect| dialect::image(*dialect, &draft).size()).max().unwrap_or_default()
}

fn short(value: &str) -> usize {
    weight(&value.chars().take(LONGEST_IMAGE_VALUE).collect::<String>()).max(3 * value.len().min(LONGEST_IMAGE_VALUE))
}

proptest! {
    #[test]
    fn no_request_weighs_more_than_it_is_taken_for(
        brand in value(), tone in value(), topic in prop::option::of(value()), text in prop::option::of(value()),
        audience in prop::option::of(value()), platform in 0..10_usize, language in prop::option::of("[a-zA-Z-]{0,35}"),
        picture in value(), kit in kit(),
    ) {
        let platforms = ["x", "instagram", "threads", "linkedin", "facebook", "tiktok", "youtube", "pinterest", "bluesky"];
        let known = Platforms::read("").expect("built in");
        let brief = CaptionBrief {
            brand: brand.clone(), tone: tone.clone(), topic: topic.clone(), brief: text.clone(), audience: audience.clone(),
            platform: known.of(platforms.get(platform).copied()), language: language.clone(), kit: kit.clone(),
        };
        let optional = |value: &Option<String>| value.as_deref().map(weight).unwrap_or_default();
        let values = weight(&brand) + weight(&tone) + optional(&topic) + optional(&text) + optional(&audience)
            + 2 * optional(&language) + brand_weight(&kit);
        prop_assert!(caption(&brief) <= CAPTION_FRAME + values, "{} over {values}", caption(&brief));
        let shown = short(&brand).max(topic.as_deref().map(short).unwrap_or_default()) + short(&brand) + short(&tone)
            + audience.as_deref().map(short).unwrap_or_default() + brand_picture_weight(&kit);
        prop_assert!(image(&brief, &picture) <= IMAGE_FRAME + weight(&picture) + shown);
    }
}

#[test]
fn frames_are_not_taken_for_much_more_than_they_weigh() {
    let bare = CaptionBrief { brand: "B".to_owned(), tone: "t".to_owned(), ..CaptionBrief::default() };
    assert!(caption(&bare) * 4 >= CAPTION_FRAME * 3, "{}", caption(&bare));
    assert!(image(&bare, "") * 4 >= IMAGE_FRAME * 3, "{}", image(&bare, ""));
}
