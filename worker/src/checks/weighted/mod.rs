//! The length of a text on X: the published algorithm of `twitter-text`, configuration 3.
//!
//! The text is normalised (NFC). Any link counts 23, any emoji 2, and a character 1 or 2 by the range it lies in. It is held
//! against the library's own conformance vectors in the tests.

mod links;
mod punycode;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::emoji;

/// What a link counts, however long it is: X replaces it.
const LINK: usize = 23;
const EMOJI: usize = 2;

/// The weighted length of `text`.
pub(super) fn length(text: &str) -> usize {
    let text: String = text.nfc().collect();
    let (mut total, mut at) = (0, 0);
    for link in links::find(&text) {
        total += plain(&text[at..link.start]) + LINK;
        at = link.end;
    }
    total + plain(&text[at..])
}

/// The weighted length of a text without links.
fn plain(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let weigh = |seen: &str| if emoji::is_emoji(seen) { EMOJI } else { seen.chars().map(weight).sum() };
    text.graphemes(true).map(weigh).sum()
}

/// Alphabets of the West, the Near East and India count 1, and so do the usual blanks, dashes and quotes.
fn weight(character: char) -> usize {
    match u32::from(character) {
        0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests;
