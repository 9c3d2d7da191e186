//! How long a text is, in a platform's own way of counting.

use serde::Deserialize;
use unicode_segmentation::UnicodeSegmentation;

use super::{emoji, weighted};

/// A way of counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// X: most letters count 1, CJK and emoji 2, any link 23.
    Weighted,
    /// Unicode characters.
    Characters,
    /// What a reader sees as one character.
    Graphemes,
    /// UTF-16 units.
    Utf16,
    /// UTF-8.
    Bytes,
    /// Characters, but an emoji counts its bytes.
    EmojiBytes,
}

impl Count {
    pub fn of(self, text: &str) -> usize {
        match self {
            Self::Weighted => weighted::length(text),
            Self::Characters => text.chars().count(),
            Self::Graphemes => text.graphemes(true).count(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Bytes => text.len(),
            Self::EmojiBytes => text
                .graphemes(true)
                .map(|seen| if emoji::is_emoji(seen) { seen.len() } else { seen.chars().count() })
                .sum(),
        }
    }

    /// What is counted, for messages.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            _ => "characters",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn each_way_of_counting() {
        //                     weighted, characters, graphemes, utf16, bytes, emoji_bytes
        let table: [(&str, [usize; 6]); 8] = [
            ("", [0, 0, 0, 0, 0, 0]),
            ("Fresh bread!", [12, 12, 12, 12, 12, 12]),
            ("Grüße", [5, 5, 5, 5, 7, 5]),
            ("パン屋", [6, 3, 3, 3, 9, 3]),
            ("🍞", [2, 1, 1, 2, 4, 4]),
            ("👩‍🍳", [2, 3, 1, 5, 11, 11]),
            ("e\u{301}", [1, 2, 1, 2, 3, 2]),
            ("https://example.com/a/long/path?with=a&query=that#never-ends", [23, 60, 60, 60, 60, 60]),
        ];
        let ways =
            [Count::Weighted, Count::Characters, Count::Graphemes, Count::Utf16, Count::Bytes, Count::EmojiBytes];
        for (text, lengths) in table {
            assert_eq!(ways.map(|way| way.of(text)), lengths, "{text:?}");
        }
    }
}
