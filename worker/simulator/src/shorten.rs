//! Cutting text without cutting words.

/// At most `most` characters, cut at a word.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let cut = &text[..end];
    let at_word = cut.rfind(char::is_whitespace).filter(|&at| at * 2 > end).unwrap_or(end);
    cut[..at_word].trim_end_matches(|last: char| last.is_whitespace() || ",;:-".contains(last)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(shorten("one two three", 9), "one two");
        assert_eq!(shorten("one two", 9), "one two");
        assert_eq!(shorten("abcdefgh", 4), "abcd");
        assert_eq!(shorten("schön, so schön", 7), "schön");
        assert_eq!(shorten("anything", 0), "");
    }
}
