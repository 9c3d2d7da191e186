//! Hashtags from the brand, the topic and the language.

use super::{Brief, phrases::Phrases, platform::Platform};
use crate::seed::Seed;

/// As many as the platform likes, without doubles.
pub(crate) fn hashtags(brief: &Brief, phrases: &Phrases, platform: Platform, seed: &mut Seed) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    let mut add = |tag: String| {
        let known = tags.iter().any(|other| other.to_lowercase() == tag.to_lowercase());
        if tag.chars().count() > 2 && tag.chars().count() <= 40 && !known {
            tags.push(tag);
        }
    };
    add(joined(&brief.brand));
    add(joined(&brief.topic));
    let mut words: Vec<&str> = brief.topic.split(|letter: char| !letter.is_alphanumeric()).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    for word in words.into_iter().filter(|word| word.chars().count() > 4).take(2) {
        add(joined(word));
    }
    let start = seed.below(phrases.tags.len());
    for at in 0..phrases.tags.len() {
        add(format!("#{}", phrases.tags[(start + at) % phrases.tags.len()]));
    }
    tags.truncate(platform.hashtags());
    tags
}

/// `fresh rye bread` as `#FreshRyeBread`.
fn joined(text: &str) -> String {
    let mut tag = String::from("#");
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            tag.extend(first.to_uppercase());
            tag.extend(letters);
        }
    }
    tag
}
