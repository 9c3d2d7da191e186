//! The words of a text as a reader counts them, and phrases among them: by whole words, without regard to case, accents and
//! punctuation.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// The words of a text, in their order. In scripts that write without blanks a word is what Unicode takes for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    pub fn of(text: &str) -> Self {
        Self(text.unicode_words().map(plain).filter(|word| !word.is_empty()).collect())
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// How often a phrase stands in the text; overlapping ones count once.
    pub fn occurrences(&self, phrase: &Self) -> usize {
        if phrase.is_empty() {
            return 0;
        }
        let (mut found, mut at) = (0, 0);
        while at + phrase.count() <= self.count() {
            let here = self.0[at..].starts_with(&phrase.0);
            found += usize::from(here);
            at += if here { phrase.count() } else { 1 };
        }
        found
    }

    /// Whether a phrase stands in the text.
    pub fn has(&self, phrase: &str) -> bool {
        self.occurrences(&Self::of(phrase)) > 0
    }
}

/// A word without case and accents, and without the English possessive.
fn plain(word: &str) -> String {
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
    let bare: String = word.nfkd().filter(|c| !is_accent(*c)).nfc().collect();
    bare.to_lowercase().replace('ß', "ss")
}

/// Whether a mark may be left out without making another word: accents of Latin, Greek and Cyrillic letters, points of Hebrew
/// and vowels of Arabic ones. The marks of other scripts, as of Devanagari and Japanese, are letters like any other.
const fn is_accent(mark: char) -> bool {
    matches!(mark, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{670}')
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn words_are_counted_as_a_reader_does() {
        for (text, words) in [
            ("Fresh bread — every morning! 🥖", 4),
            ("It's 4.30 at Crust & Co", 5),
            ("", 0),
            ("... 🥖", 0),
            ("焼きたて", 4),
        ] {
            assert_eq!(Words::of(text).count(), words, "{text}");
        }
    }

    #[test]
    fn phrases_are_found_by_whole_words_whatever_their_case_and_accents() {
        let text = Words::of("The Bakery's rye-bread is RYE bread; crème brûlée too. Straße. パン屋の朝");
        for (phrase, times) in [
            ("rye bread", 2),
            ("bakery", 1),
            ("Creme Brulee", 1),
            ("strasse", 1),
            ("rye", 2),
            ("bread rye", 0),
            ("ye bread", 0),
            ("パン屋", 1),
            ("", 0),
        ] {
            assert_eq!(text.occurrences(&Words::of(phrase)), times, "{phrase}");
        }
        for (one, other, same) in [
            ("Ёлка", "елка", true),
            ("ΆΡΩΜΑ", "άρωμα", true),
            ("שָׁלוֹם", "שלום", true),
            ("مُحَمَّد", "محمد", true),
            // Words that only a vowel sign, or only a voicing mark, tells apart.
            ("कम", "काम", false),
            ("パン", "ハン", false),
            ("ﾊﾟﾝ", "パン", true),
        ] {
            assert_eq!(Words::of(one) == Words::of(other), same, "{one} {other}");
        }
        assert_eq!(Words::of("so so so").occurrences(&Words::of("so so")), 1);
    }
}
