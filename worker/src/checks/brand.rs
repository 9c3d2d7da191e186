//! What a brand asks of every caption: its words, and its hashtags in front.

use shared::domain::{BrandKit, Flag};
use shared::store::advance::Caption;

use super::{Words, posted};

/// A draft with the brand's hashtags in front of its own; none stands twice.
pub fn with_brand_hashtags(kit: &BrandKit, mut draft: Caption) -> Caption {
    if kit.hashtags.is_empty() {
        return draft;
    }
    let own = |tag: &String| !kit.hashtags.iter().any(|brand| brand.to_lowercase() == tag.to_lowercase());
    draft.hashtags.retain(own);
    draft.hashtags.splice(0..0, kit.hashtags.iter().cloned());
    draft
}

/// The words that the brand never uses and that stand in a caption, its hashtags or its alt text.
pub fn banned_words(kit: &BrandKit, caption: &Caption) -> Vec<String> {
    let read = Words::of(&format!("{}\n\n{}", posted(&caption.caption, &caption.hashtags), caption.alt_text));
    kit.banned_words.iter().filter(|word| read.has(word)).cloned().collect()
}

/// The words that the brand always uses and that stand neither in a caption nor in its hashtags.
pub fn missing_words(kit: &BrandKit, caption: &Caption) -> Vec<String> {
    let read = Words::of(&posted(&caption.caption, &caption.hashtags));
    kit.required_words.iter().filter(|word| !read.has(word)).cloned().collect()
}

/// What is said of a caption that breaks the brand's rules after all.
pub fn word_flags(kit: &BrandKit, caption: &Caption) -> Vec<Flag> {
    let banned = (!banned_words(kit, caption).is_empty()).then_some(Flag::BannedWord);
    let missing = (!missing_words(kit, caption).is_empty()).then_some(Flag::MissingWord);
    banned.into_iter().chain(missing).collect()
}

#[cfg(test)]
mod tests {
    use shared::domain::{BrandKit, Flag};
    use shared::store::advance::Caption;

    use super::{banned_words, missing_words, with_brand_hashtags, word_flags};

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    fn caption(caption: &str, hashtags: &[&str], alt_text: &str) -> Caption {
        let (caption, alt_text) = (caption.to_owned(), alt_text.to_owned());
        Caption { caption, hashtags: texts(hashtags), image_prompt: "cheap".to_owned(), alt_text }
    }

    fn kit() -> BrandKit {
        BrandKit {
            required_words: texts(&["Crust & Co", "levain"]),
            banned_words: texts(&["cheap", "best ever"]),
            hashtags: texts(&["#CrustAndCo", "#Levain"]),
            ..BrandKit::default()
        }
    }

    #[test]
    fn words_are_looked_for_where_readers_see_them() {
        let good = caption("CRUST & CO's Lévain, every day. Cheapest? No.", &["#bread"], "A loaf.");
        assert_eq!((banned_words(&kit(), &good), missing_words(&kit(), &good)), (vec![], vec![]));
        assert_eq!(word_flags(&kit(), &good), []);
        let bad = caption("Our best-ever loaf.", &["#cheap"], "A Levain by Crust & Co.");
        assert_eq!(banned_words(&kit(), &bad), ["cheap", "best ever"]);
        assert_eq!(missing_words(&kit(), &bad), ["Crust & Co", "levain"], "an alt text is no caption");
        assert_eq!(word_flags(&kit(), &bad), [Flag::BannedWord, Flag::MissingWord]);
        assert_eq!(banned_words(&kit(), &caption("Bread.", &[], "A CHEAP loaf.")), ["cheap"]);
        assert_eq!(missing_words(&kit(), &caption("Crust & Co", &["#levain"], "")), Vec::<String>::new());
    }

    #[test]
    fn the_brands_hashtags_stand_in_front_and_once() {
        let draft = caption("Bread.", &["#bread", "#crustandco"], "");
        let branded = with_brand_hashtags(&kit(), draft);
        assert_eq!(branded.hashtags, ["#CrustAndCo", "#Levain", "#bread"]);
        assert_eq!(with_brand_hashtags(&kit(), branded.clone()), branded);
    }
}
