//! A brand's rules, as prompts state them. A rule that the brand has not made is left out with its line.

use shared::domain::BrandKit;
use shared::prices::LONGEST_IMAGE_VALUE;

use super::{fill, one_line};

/// What the author of a post is told of the brand; `None` when it asks nothing.
pub(crate) fn of_texts(kit: &BrandKit) -> Option<String> {
    let voice = kit.voice.as_deref().map(one_line).unwrap_or_default();
    let (required, banned) = (quoted(&kit.required_words), quoted(&kit.banned_words));
    let (colours, hashtags) = (kit.colours.join(", "), kit.hashtags.join(" "));
    let rules = [
        ("voice", voice.as_str()),
        ("required", &required),
        ("banned", &banned),
        ("colours", &colours),
        ("hashtags", &hashtags),
    ];
    let lines: Vec<String> = rules_of(include_str!("brand_texts.md"), &rules);
    // The heading alone rules nothing.
    (lines.len() > 1).then(|| lines.join("\n"))
}

/// What the maker of a picture is told of the brand; `None` when it asks nothing.
pub(crate) fn of_pictures(kit: &BrandKit) -> Option<String> {
    let voice: String =
        kit.voice.as_deref().map(one_line).unwrap_or_default().chars().take(LONGEST_IMAGE_VALUE).collect();
    let colours = kit.colours.join(", ");
    let lines = rules_of(include_str!("brand_pictures.md"), &[("colours", &colours), ("voice", &voice)]);
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The lines of a text, filled in, without those whose value is empty.
fn rules_of(text: &str, values: &[(&str, &str)]) -> Vec<String> {
    let said =
        |line: &&str| !values.iter().any(|(name, value)| value.is_empty() && line.contains(&format!("{{{name}}}")));
    text.lines().filter(said).map(|line| fill(line, values)).collect()
}

/// `"cheap", "best ever"`
pub(super) fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("\"{}\"", one_line(word))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use shared::domain::BrandKit;

    use super::{of_pictures, of_texts};

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_rule_stands_on_its_line() {
        let kit = BrandKit {
            voice: Some("Warm, never loud.\nNo jokes {banned}.".to_owned()),
            required_words: texts(&["Crust & Co", "levain"]),
            banned_words: texts(&["cheap"]),
            colours: texts(&["#C2410C", "#FFFBEB"]),
            hashtags: texts(&["#CrustAndCo"]),
        };
        let expected = "The brand has rules of its own, which every post keeps:\n\
            - It speaks like this: Warm, never loud. No jokes {banned}.\n\
            - The caption holds each of these words or phrases, as they are written: \"Crust & Co\", \"levain\".\n\
            - None of these words or phrases stands anywhere in your answer: \"cheap\".\n\
            - Its colours are #C2410C, #FFFBEB: the picture in \"image_prompt\" shows them.\n\
            - Every post carries #CrustAndCo: they are added for you, so leave them out of \"hashtags\".";
        assert_eq!(of_texts(&kit).as_deref(), Some(expected));
        let expected = "The brand's colours: #C2410C, #FFFBEB. Let them set the palette, in things that belong there.\n\
            The brand's manner: Warm, never loud. No jokes {banned}.";
        assert_eq!(of_pictures(&kit).as_deref(), Some(expected));
    }

    #[test]
    fn what_a_brand_does_not_ask_is_not_said() {
        let kit = BrandKit { banned_words: texts(&["cheap"]), ..BrandKit::default() };
        let expected = "The brand has rules of its own, which every post keeps:\n\
            - None of these words or phrases stands anywhere in your answer: \"cheap\".";
        assert_eq!(of_texts(&kit).as_deref(), Some(expected));
        assert_eq!(of_pictures(&kit), None);
        assert_eq!(of_texts(&BrandKit::default()), None);
    }
}
