//! What a request weighs, in bytes, before it is written: its frame (rules, schema, envelope) and what its author put in.
//!
//! A byte is at least a token, so what is never too little here bounds a call from above. The frames are written down
//! because whoever estimates does not write requests; the workers' tests hold them against the requests that they send.

use crate::domain::BrandKit;

/// The most that a request for a caption weighs beside the values of its brief.
pub const CAPTION_FRAME: usize = 2_800;

/// The most that a request for an image weighs beside the picture's description and the values of its brief.
pub const IMAGE_FRAME: usize = 550;

/// The characters of one value of a brief that go into the request for an image.
pub const LONGEST_IMAGE_VALUE: usize = 300;

/// The most that a brand's rules weigh in the request for a caption, beside what the brand asks, and in that for an image.
const BRAND_FRAME: usize = 450;
const BRAND_PICTURE_FRAME: usize = 130;
/// What stands around one word of a list: two escaped quotes, a comma, a blank.
const AROUND: usize = 6;

/// The most that a brand's rules weigh in the request for a caption.
pub fn brand_weight(kit: &BrandKit) -> usize {
    if *kit == BrandKit::default() {
        return 0;
    }
    let lists = [&kit.required_words, &kit.banned_words, &kit.colours, &kit.hashtags];
    let entries = lists.into_iter().flatten().map(|entry| weight(entry) + AROUND);
    BRAND_FRAME + kit.voice.as_deref().map(weight).unwrap_or_default() + entries.sum::<usize>()
}

/// The most that they weigh in the request for an image.
pub fn brand_picture_weight(kit: &BrandKit) -> usize {
    if kit.voice.is_none() && kit.colours.is_empty() {
        return 0;
    }
    let voice: String = kit.voice.iter().flat_map(|voice| voice.chars()).take(LONGEST_IMAGE_VALUE).collect();
    let colours = kit.colours.iter().map(|colour| weight(colour) + AROUND);
    // A line break that is shortened away may have stood for a stroke.
    BRAND_PICTURE_FRAME + weight(&voice).max(3 * voice.len()) + colours.sum::<usize>()
}

/// The most that a value of a brief weighs in a request: JSON escapes quotes, and line breaks become strokes.
pub fn weight(value: &str) -> usize {
    value
        .chars()
        .map(|c| match c {
            '"' | '\\' => 2,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' => 3,
            c => c.len_utf8(),
        })
        .sum()
}
