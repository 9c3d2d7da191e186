//! A print of a text that changes little when the text does.

use unicode_segmentation::UnicodeSegmentation;

/// Captions of fewer words have too little in them to be called alike.
const FEWEST_WORDS: usize = 6;

/// A 64-bit simhash of a caption's words and pairs of neighbouring words, without regard to case, punctuation, emoji and
/// links; `None` for a caption too short to compare. It is stored: a change of it makes old captions incomparable.
pub fn simhash(caption: &str) -> Option<u64> {
    let text: Vec<String> = caption
        .split_whitespace()
        .filter(|token| !token.contains("://"))
        .flat_map(str::unicode_words)
        .map(str::to_lowercase)
        .collect();
    if text.len() < FEWEST_WORDS {
        return None;
    }
    let mut sums = [0_i32; 64];
    let mut add = |hash: u64| {
        for (bit, sum) in sums.iter_mut().enumerate() {
            *sum += if hash >> bit & 1 == 1 { 1 } else { -1 };
        }
    };
    for word in &text {
        add(hash(&[word]));
    }
    for pair in text.windows(2) {
        add(hash(&[&pair[0], &pair[1]]));
    }
    Some(sums.iter().enumerate().filter(|(_, sum)| **sum > 0).fold(0, |print, (bit, _)| print | 1 << bit))
}

/// FNV-1a with a finish that spreads it over all bits. The standard library's hash may change with its version.
fn hash(words: &[&str]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for word in words {
        for byte in word.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
