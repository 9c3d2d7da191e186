//! Makes a draft fit its platform: hashtags from the end, then the caption at a word. Links, hashtags and mentions in the
//! caption stay whole or go whole.

use shared::domain::Flag;
use shared::store::advance::Caption;
use unicode_segmentation::UnicodeSegmentation;

use super::posted;
use crate::platforms::{Platform, TextRules};

const ELLIPSIS: char = '…';

/// The caption as it fits, and what had to be done to it.
pub fn fit(platform: &Platform, mut caption: Caption) -> (Caption, Vec<Flag>) {
    let mut flags = Vec::new();
    let drafted = caption.hashtags.len();
    caption.hashtags.truncate(platform.rules.hashtags.max.unwrap_or(usize::MAX));
    if let Some(limit) = platform.rules.text
        && !fits(limit, &caption.caption, &caption.hashtags)
    {
        // Hashtags that would leave less than half of the room to the text.
        while !caption.hashtags.is_empty() && limit.count.of(&caption.hashtags.join(" ")) > limit.max / 2 {
            caption.hashtags.pop();
        }
        if let Some(cut) = cut(limit, &caption) {
            caption.caption = cut;
            flags.push(Flag::Trimmed);
        }
    }
    if caption.hashtags.len() < drafted {
        flags.push(Flag::HashtagsDropped);
    }
    (caption, flags)
}

fn fits(limit: TextRules, text: &str, hashtags: &[String]) -> bool {
    limit.count.of(&posted(text, hashtags)) <= limit.max
}

/// The longest beginning that fits; `None` when the whole does.
fn cut(limit: TextRules, caption: &Caption) -> Option<String> {
    let text = caption.caption.as_str();
    if fits(limit, text, &caption.hashtags) {
        return None;
    }
    let longest = |ends: &[usize]| {
        // More text is never shorter, so the ends that fit stand before those that do not.
        let fit = ends.partition_point(|end| fits(limit, &ended(&text[..*end]), &caption.hashtags));
        fit.checked_sub(1).map(|last| ended(&text[..ends[last]]))
    };
    // A first word that is longer than the platform's limit has to be broken.
    longest(&word_ends(text)).or_else(|| longest(&grapheme_ends(text)))
}

/// Where a text may be cut: after each run without a blank; in a run of a script that writes without blanks, after each of
/// its words.
fn word_ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 0;
    for run in text.split_inclusive(char::is_whitespace) {
        let word = run.trim_end();
        if stays_whole(word) {
            ends.push(at + word.len());
        } else {
            ends.extend(word.split_word_bound_indices().map(|(start, part)| at + start + part.len()));
        }
        at += run.len();
    }
    ends.dedup();
    ends
}

/// Whether a run without blanks is one thing: a word, or a link, a hashtag, a mention.
fn stays_whole(run: &str) -> bool {
    run.is_ascii() || run.contains("://") || run.starts_with(['#', '@', '＃', '＠']) || run.unicode_words().count() <= 2
}

fn grapheme_ends(text: &str) -> Vec<usize> {
    text.grapheme_indices(true).map(|(at, grapheme)| at + grapheme.len()).collect()
}

/// A beginning as it stands in a post: without what dangles, and with an ellipsis where a sentence was broken off.
fn ended(text: &str) -> String {
    let text = text.trim_end_matches(|last: char| last.is_whitespace() || ",;:-–—&(/".contains(last));
    if text.is_empty() || text.ends_with(['.', '!', '?', ELLIPSIS, '。', '！', '？']) {
        text.to_owned()
    } else if text.rsplit(char::is_whitespace).next().is_some_and(stays_a_link) {
        // An ellipsis would become part of the link.
        format!("{text} {ELLIPSIS}")
    } else {
        format!("{text}{ELLIPSIS}")
    }
}

fn stays_a_link(word: &str) -> bool {
    word.contains("://") || word.starts_with(['#', '@'])
}

#[cfg(test)]
mod tests {
    use shared::domain::Flag;

    use super::{Caption, fit, fits};
    use crate::platforms::Platform;

    fn fitted(platform: &str, caption: &str, hashtags: &[&str]) -> (String, Vec<String>, Vec<Flag>) {
        let draft = Caption {
            caption: caption.to_owned(),
            hashtags: hashtags.iter().map(|tag| (*tag).to_owned()).collect(),
            image_prompt: String::new(),
            alt_text: String::new(),
        };
        let platform = Platform::built_in(platform);
        let (fitted, flags) = fit(&platform, draft);
        if let Some(limit) = platform.rules.text {
            assert!(fits(limit, &fitted.caption, &fitted.hashtags), "{fitted:?}");
        }
        assert!(!fitted.caption.is_empty());
        (fitted.caption, fitted.hashtags, flags)
    }

    #[test]
    fn what_fits_is_left_alone() {
        let (caption, hashtags, flags) = fitted("x", "Fresh bread, every morning!", &["#bread", "#fresh"]);
        assert_eq!((caption.as_str(), hashtags.len(), flags), ("Fresh bread, every morning!", 2, vec![]));
        let long = "word ".repeat(2000);
        assert_eq!(fitted("myspace", &long, &[]).2, []);
    }

    #[test]
    fn a_long_caption_is_cut_at_a_word_and_keeps_its_hashtags() {
        let (caption, hashtags, flags) = fitted("x", &"Loaves of rye, ".repeat(30), &["#bread", "#rye"]);
        assert_eq!((hashtags.len(), flags), (2, vec![Flag::Trimmed]));
        assert!(
            caption.ends_with(" of rye…") || caption.ends_with(" of…") || caption.ends_with(" Loaves…"),
            "{caption}"
        );
        // As long as it can be: one word more would not fit.
        assert!(caption.chars().count() > 240, "{caption}");
    }

    #[test]
    fn a_cut_after_a_sentence_needs_no_ellipsis() {
        let text = format!("{} {}", "Short and good.", "x".repeat(400));
        assert_eq!(fitted("x", &text, &[]).0, "Short and good.");
    }

    #[test]
    fn links_and_hashtags_stay_whole_or_go() {
        let link = "https://shop.example.com/bread?from=post";
        let text = format!("{} {link} {}", "Rye. ".repeat(45).trim(), "and much more ".repeat(20));
        let (caption, _, _) = fitted("x", &text, &[]);
        assert!(caption.contains(link) && !caption.contains("post…"), "{caption}");
        let text = format!("{} {link}", "Rye ".repeat(69).trim());
        let (caption, _, flags) = fitted("x", &text, &[]);
        assert!(!caption.contains("http") && flags == [Flag::Trimmed], "{caption}");
        let text = format!("{} #größenwahnsinnig", "Rye ".repeat(68).trim());
        assert!(!fitted("x", &text, &[]).0.contains('#'));
    }

    #[test]
    fn scripts_without_blanks_and_endless_words_are_cut_too() {
        let (caption, _, flags) = fitted("x", &"毎朝焼きたてのパンをどうぞ".repeat(20), &[]);
        assert!(flags == [Flag::Trimmed] && caption.chars().count() > 130, "{caption}");
        let (caption, _, _) = fitted("bluesky", &"👩‍🍳".repeat(400), &[]);
        assert!(caption.trim_end_matches('…').chars().count() % 3 == 0, "an emoji was broken");
        assert!(fitted("x", &"a".repeat(1000), &[]).0.len() > 200);
    }

    #[test]
    fn hashtags_over_the_limit_are_dropped_from_the_end() {
        let seven = ["#a", "#b", "#c", "#d", "#e", "#f", "#g"];
        for (platform, left) in [("threads", 1), ("instagram", 5), ("tiktok", 5), ("youtube", 7), ("linkedin", 7)] {
            let (_, hashtags, flags) = fitted(platform, "Fresh bread", &seven);
            assert_eq!(hashtags, seven[..left], "{platform}");
            assert_eq!(flags.contains(&Flag::HashtagsDropped), left < 7, "{platform}");
        }
        let long = ["#abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"; 6];
        let (caption, hashtags, flags) = fitted("x", &"Rye bread ".repeat(40), &long);
        assert_eq!((hashtags.len(), flags), (2, vec![Flag::Trimmed, Flag::HashtagsDropped]));
        assert!(caption.len() > 120, "{caption}");
    }

    #[test]
    fn every_platform_gets_a_post_within_its_limit() {
        let paragraphs =
            "Größere Laibe, kleinere Preise 🥖 – nur diese Woche! https://shop.example.com/brot\n\n".repeat(900);
        for platform in
            ["x", "instagram", "threads", "linkedin", "facebook", "tiktok", "youtube", "pinterest", "bluesky"]
        {
            assert_eq!(fitted(platform, &paragraphs, &["#brot"]).2, [Flag::Trimmed], "{platform}");
        }
    }
}
