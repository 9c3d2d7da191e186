//! What callers send about brand kits.

use poem_openapi::Object;
use shared::domain::{BrandKit, limits};

use crate::parse::{Fields, ReadBody};

const COLOUR: usize = 7;

/// How a brand speaks and looks.
#[derive(Object)]
#[oai(rename = "WriteBrandKit")]
pub struct BrandKitSchema {
    /// How the brand speaks, in a few sentences.
    #[oai(validator(max_length = 2_000))]
    voice: Option<String>,
    /// Words and phrases that every caption has to hold.
    #[oai(validator(max_items = 20))]
    required_words: Option<Vec<String>>,
    /// Words and phrases that no caption may hold; none may stand in a required one.
    #[oai(validator(max_items = 200))]
    banned_words: Option<Vec<String>>,
    /// `#RRGGBB`, the most important first; pictures are asked for in them.
    #[oai(validator(max_items = 10))]
    colours: Option<Vec<String>>,
    /// With or without their sign; they stand in front of every post's own.
    #[oai(validator(max_items = 10))]
    hashtags: Option<Vec<String>>,
}

impl ReadBody for BrandKit {
    type Schema = BrandKitSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let voice = fields.optional_text("voice", limits::BRAND_VOICE);
        let required_words = list(fields, "required_words", limits::REQUIRED_WORDS, limits::BRAND_WORD, word);
        let banned_words = list(fields, "banned_words", limits::BANNED_WORDS, limits::BRAND_WORD, word);
        let colours = list(fields, "colours", limits::BRAND_COLOURS, COLOUR, colour);
        let hashtags = list(fields, "hashtags", limits::BRAND_HASHTAGS, limits::BRAND_WORD, hashtag);
        let kit = Self { voice, required_words, banned_words, colours, hashtags };
        // Places in the lists are those of the request as long as nothing was left out.
        if fields.errors().is_empty() {
            refuse_contradictions(fields, &kit);
        }
        Some(kit)
    }
}

/// No caption can hold a word that it must not hold: each would be paid for twice and found wanting.
fn refuse_contradictions(fields: &mut Fields<'_, '_>, kit: &BrandKit) {
    let words = |text: &str| text.to_lowercase().split(' ').map(str::to_owned).collect::<Vec<_>>();
    for (index, banned) in kit.banned_words.iter().enumerate() {
        let banned = words(banned);
        let within = |required: &&String| words(required).windows(banned.len()).any(|part| part == banned);
        if let Some(required) = kit.required_words.iter().find(within) {
            let detail = format!("stands in \"{required}\", which is required");
            fields.wrong_item::<()>("banned_words", index, "contradiction", detail);
        }
    }
}

/// A list of texts, each made into what it has to be; none may come twice.
fn list(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    most: usize,
    longest: usize,
    made: fn(&str) -> Result<String, &'static str>,
) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for (index, text) in fields.entries(name, most, longest).unwrap_or_default() {
        match made(&text) {
            Err(detail) => {
                fields.wrong_item::<()>(name, index, "invalid", detail);
            }
            Ok(text) if list.iter().any(|other| other.to_lowercase() == text.to_lowercase()) => {
                fields.wrong_item::<()>(name, index, "duplicate", "stands here twice");
            }
            Ok(text) => list.push(text),
        }
    }
    list
}

/// A word or a phrase, with single blanks.
fn word(text: &str) -> Result<String, &'static str> {
    let word = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if word.chars().any(char::is_alphanumeric) { Ok(word) } else { Err("must have a letter or a digit") }
}

/// A colour as `#RRGGBB`, in upper case.
fn colour(text: &str) -> Result<String, &'static str> {
    let digits = text.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_uppercase())
    } else {
        Err("must be a colour such as #C2410C")
    }
}

/// A hashtag with its sign.
fn hashtag(text: &str) -> Result<String, &'static str> {
    let word = text.strip_prefix('#').unwrap_or(text);
    let good = word.chars().all(|c| c.is_alphanumeric() || c == '_') && word.chars().any(char::is_alphabetic);
    if good { Ok(format!("#{word}")) } else { Err("must be one word of letters, digits and _, with a letter") }
}

#[cfg(test)]
mod tests {
    use shared::domain::BrandKit;

    use crate::parse::{Errors, Fields, ReadBody};

    fn read(body: &str) -> Result<BrandKit, Vec<(String, &'static str)>> {
        let mut errors = Errors::new();
        let mut fields = Fields::of(serde_json::from_str(body).expect("JSON"), "", &mut errors).expect("an object");
        let read = BrandKit::read(&mut fields);
        fields.refuse_the_rest();
        match read {
            Some(read) if errors.is_empty() => Ok(read),
            _ => Err(errors.into_iter().map(|error| (error.pointer, error.code)).collect()),
        }
    }

    #[test]
    fn a_kit_is_read_and_tidied() {
        let kit = read(
            r##"{"voice": " Warm. ", "required_words": ["Crust  & Co"], "banned_words": ["cheap", "100 %"],
                "colours": ["#c2410c"], "hashtags": ["CrustAndCo", "#größe_1"]}"##,
        );
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let expected = BrandKit {
            voice: Some("Warm.".to_owned()),
            required_words: texts(&["Crust & Co"]),
            banned_words: texts(&["cheap", "100 %"]),
            colours: texts(&["#C2410C"]),
            hashtags: texts(&["#CrustAndCo", "#größe_1"]),
        };
        assert_eq!(kit, Ok(expected));
        assert_eq!(read("{}"), Ok(BrandKit::default()));
    }

    #[test]
    fn everything_wrong_is_found_at_its_pointer() {
        let many = format!(r#"{{"required_words": [{}]}}"#, vec![r#""a""#; 21].join(","));
        for (body, expected) in [
            (r#"{"voice": 1}"#, vec![("/voice", "wrong_type")]),
            (
                r#"{"required_words": ["a", 1, "  ", "!?", "A"]}"#,
                vec![
                    ("/required_words/1", "wrong_type"),
                    ("/required_words/2", "blank"),
                    ("/required_words/3", "invalid"),
                    ("/required_words/4", "duplicate"),
                ],
            ),
            (
                r#"{"banned_words": ["a", "!?", "A"]}"#,
                vec![("/banned_words/1", "invalid"), ("/banned_words/2", "duplicate")],
            ),
            (
                r#"{"required_words": ["not Cheap at all"], "banned_words": ["at", "cheap at", "che", "all at"]}"#,
                vec![("/banned_words/0", "contradiction"), ("/banned_words/1", "contradiction")],
            ),
            (r#"{"banned_words": "cheap"}"#, vec![("/banned_words", "wrong_type")]),
            (many.as_str(), vec![("/required_words", "too_many")]),
            (
                r##"{"colours": ["red", "#12345g", "#1234567"], "hashtags": ["#a b", "2026", "#"]}"##,
                vec![
                    ("/colours/2", "too_long"),
                    ("/colours/0", "invalid"),
                    ("/colours/1", "invalid"),
                    ("/hashtags/0", "invalid"),
                    ("/hashtags/1", "invalid"),
                    ("/hashtags/2", "invalid"),
                ],
            ),
            (r#"{"tone": "x"}"#, vec![("/tone", "unknown_field")]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(pointer, code)| (pointer.to_owned(), code)).collect();
            assert_eq!(read(body).expect_err(body), expected, "{body}");
        }
    }
}
