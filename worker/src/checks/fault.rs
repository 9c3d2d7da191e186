//! What is wrong with a draft, so that it is asked for once more.

use std::fmt;

use shared::domain::BrandKit;
use shared::store::advance::Caption;

use super::{Overrun, banned_words, missing_words, overrun};
use crate::platforms::Platform;

/// One thing that is wrong with a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is longer than its platform takes.
    TooLong(Overrun),
    /// It has words that the brand never uses.
    BannedWords(Vec<String>),
    /// It lacks words that the brand always uses.
    MissingWords(Vec<String>),
}

/// Everything that is wrong with a draft.
pub fn faults(platform: &Platform, kit: &BrandKit, draft: &Caption) -> Vec<Fault> {
    let words = |words: Vec<String>| (!words.is_empty()).then_some(words);
    let too_long = overrun(platform, draft).map(Fault::TooLong);
    let banned = words(banned_words(kit, draft)).map(Fault::BannedWords);
    let missing = words(missing_words(kit, draft)).map(Fault::MissingWords);
    [too_long, banned, missing].into_iter().flatten().collect()
}

/// As the trail of a post tells it: `too_long: 312 of 280 characters; banned_word: cheap`.
pub fn verdict(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(over) => write!(f, "too_long: {over}"),
            Self::BannedWords(words) => write!(f, "banned_word: {}", words.join(", ")),
            Self::MissingWords(words) => write!(f, "missing_word: {}", words.join(", ")),
        }
    }
}
