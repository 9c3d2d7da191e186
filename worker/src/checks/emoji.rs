//! Which of the characters that a reader sees are emoji.

/// Asks for a picture, and for text, of the character before it.
const AS_PICTURE: char = '\u{fe0f}';
const AS_TEXT: char = '\u{fe0e}';
const KEYCAP: char = '\u{20e3}';

/// Whether one grapheme is an emoji.
pub(super) fn is_emoji(grapheme: &str) -> bool {
    let mut chars = grapheme.chars();
    let (Some(first), second) = (chars.next(), chars.next()) else { return false };
    match first {
        '0'..='9' | '#' | '*' => grapheme.ends_with(KEYCAP),
        // Pictures only when asked for.
        '\u{a9}' | '\u{ae}' | '\u{2122}' | '\u{265f}' => second == Some(AS_PICTURE),
        '\u{203c}' | '\u{2049}' | '\u{2139}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' => {
            second != Some(AS_TEXT)
        }
        // Arrows, technical signs, shapes, symbols, dingbats: a few of each, and any that is asked for as a picture.
        '\u{2194}'..='\u{2bff}' => second == Some(AS_PICTURE) || (is_picture(first) && second != Some(AS_TEXT)),
        '\u{1f000}'..='\u{1faff}' => second != Some(AS_TEXT),
        _ => false,
    }
}

/// Those among the older symbols that are shown as pictures.
fn is_picture(symbol: char) -> bool {
    #[rustfmt::skip]
    const PICTURES: [(u32, u32); 76] = [
        (0x2194, 0x2199), (0x21a9, 0x21aa), (0x231a, 0x231b), (0x2328, 0x2328), (0x23cf, 0x23cf), (0x23e9, 0x23f3),
        (0x23f8, 0x23fa), (0x24c2, 0x24c2), (0x25aa, 0x25ab), (0x25b6, 0x25b6), (0x25c0, 0x25c0), (0x25fb, 0x25fe),
        (0x2600, 0x2604), (0x260e, 0x260e), (0x2611, 0x2611), (0x2614, 0x2615), (0x2618, 0x2618), (0x261d, 0x261d),
        (0x2620, 0x2620), (0x2622, 0x2623), (0x2626, 0x2626), (0x262a, 0x262a), (0x262e, 0x262f), (0x2638, 0x263a),
        (0x2640, 0x2640), (0x2642, 0x2642), (0x2648, 0x2653), (0x2660, 0x2660), (0x2663, 0x2663), (0x2665, 0x2666),
        (0x2668, 0x2668), (0x267b, 0x267b), (0x267e, 0x267f), (0x2692, 0x2697), (0x2699, 0x2699), (0x269b, 0x269c),
        (0x26a0, 0x26a1), (0x26aa, 0x26ab), (0x26b0, 0x26b1), (0x26bd, 0x26be), (0x26c4, 0x26c5), (0x26c8, 0x26c8),
        (0x26ce, 0x26cf), (0x26d1, 0x26d1), (0x26d3, 0x26d4), (0x26e9, 0x26ea), (0x26f0, 0x26f5), (0x26f7, 0x26fa),
        (0x26fd, 0x26fd), (0x2702, 0x2702), (0x2705, 0x2705), (0x2708, 0x270d), (0x270f, 0x270f), (0x2712, 0x2712),
        (0x2714, 0x2714), (0x2716, 0x2716), (0x271d, 0x271d), (0x2721, 0x2721), (0x2728, 0x2728), (0x2733, 0x2734),
        (0x2744, 0x2744), (0x2747, 0x2747), (0x274c, 0x274c), (0x274e, 0x274e), (0x2753, 0x2755), (0x2757, 0x2757),
        (0x2763, 0x2764), (0x2795, 0x2797), (0x27a1, 0x27a1), (0x27b0, 0x27b0), (0x27bf, 0x27bf), (0x2934, 0x2935),
        (0x2b05, 0x2b07), (0x2b1b, 0x2b1c), (0x2b50, 0x2b50), (0x2b55, 0x2b55),
    ];
    let code = u32::from(symbol);
    let at = PICTURES.partition_point(|(_, last)| *last < code);
    PICTURES.get(at).is_some_and(|(first, _)| *first <= code)
}

#[cfg(test)]
mod tests {
    use super::is_emoji;

    #[test]
    fn emoji_are_told_from_text() {
        for emoji in ["🍞", "👩‍🍳", "👍🏽", "🇩🇪", "1️⃣", "❤️", "❤", "©️", "⁉️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☕"]
        {
            assert!(is_emoji(emoji), "{emoji}");
        }
        for text in ["a", "1", "#", "é", "パ", "©", "™", "❤\u{fe0e}", "→", "✓", "…", "—"] {
            assert!(!is_emoji(text), "{text}");
        }
    }
}
