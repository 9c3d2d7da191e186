//! The checks on captions and other texts, cheapest first, before anything more is paid for.
//!
//! A draft that is longer than its platform takes, or breaks the rules of its brand, is asked for once more with its
//! [`faults`]; what is still too long is cut at a word ([`fit`]), and the post says what is wrong with it. [`simhash`] is what near-duplicates are found by once the batch has ended.

mod brand;
mod count;
mod emoji;
mod fault;
mod fit;
mod language;
mod markdown;
mod simhash;
mod weighted;
mod words;

use std::fmt;

use shared::store::advance::Caption;

pub use brand::{banned_words, missing_words, with_brand_hashtags, word_flags};
pub use count::Count;
pub use fault::{Fault, faults, verdict};
pub use fit::fit;
pub use language::speaks;
pub use markdown::Page;
pub use simhash::simhash;
pub use words::Words;

use crate::platforms::{Platform, TextRules};

/// The post as it is posted: the caption, an empty line, the hashtags. What platforms' limits are held against.
pub fn posted(caption: &str, hashtags: &[String]) -> String {
    if hashtags.is_empty() { caption.to_owned() } else { format!("{caption}\n\n{}", hashtags.join(" ")) }
}

/// How far a draft is over its platform's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overrun {
    pub length: usize,
    pub limit: TextRules,
}

/// `312 of 280 characters`.
impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} {}", self.length, self.limit.max, self.limit.count.unit())
    }
}

/// Whether a draft is longer than its platform takes. Hashtags beyond the platform's number are not counted: they are
/// dropped anyway.
pub fn overrun(platform: &Platform, draft: &Caption) -> Option<Overrun> {
    let limit = platform.rules.text?;
    let kept = draft.hashtags.len().min(platform.rules.hashtags.max.unwrap_or(usize::MAX));
    let length = limit.count.of(&posted(&draft.caption, &draft.hashtags[..kept]));
    (length > limit.max).then_some(Overrun { length, limit })
}
