//! BCP 47 tags, by their form.

/// Whether this could be a language: parts of 1 to 8 letters and digits, the first of 2 to 8 letters.
pub fn is_language_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=8).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::is_language_tag;

    #[test]
    fn tags_have_a_form() {
        for (tag, good) in [
            ("en", true),
            ("pt-BR", true),
            ("zh-Hant-TW", true),
            ("de-1996", true),
            ("e", false),
            ("english language", false),
            ("en-", false),
            ("", false),
            ("12-en", false),
        ] {
            assert_eq!(is_language_tag(tag), good, "{tag}");
        }
    }
}
