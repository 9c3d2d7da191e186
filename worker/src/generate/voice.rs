//! What every text is held to, whatever its kind: the language that was asked for, and the words of the brand.

use shared::domain::Context;

use super::review::{Fault, Scores};
use crate::checks::{Words, speaks};

/// Adds what is wrong with a text, and scores it. `asked` is a BCP 47 tag.
pub(super) fn heard(
    text: &str,
    asked: Option<&str>,
    context: &Context,
    faults: &mut Vec<Fault>,
    scores: Scores,
) -> Scores {
    let mut scores = scores;
    if let Some(tag) = asked
        && let Some(speaks) = speaks(text, tag)
    {
        scores = scores.with("language", if speaks { 1.0 } else { 0.0 });
        if !speaks {
            faults.push(Fault::slight(format!("it is not written in the language with the tag \"{tag}\"")));
        }
    }
    let Some(brand) =
        context.brand.as_ref().filter(|brand| !(brand.required_words.is_empty() && brand.banned_words.is_empty()))
    else {
        return scores;
    };
    let words = Words::of(text);
    let banned: Vec<&String> = brand.banned_words.iter().filter(|word| words.has(word)).collect();
    let missing: Vec<&String> = brand.required_words.iter().filter(|word| !words.has(word)).collect();
    faults.extend(banned.iter().map(|word| Fault::grave(format!("the forbidden word \"{word}\" stands in it"))));
    faults.extend(missing.iter().map(|word| Fault::slight(format!("the required word \"{word}\" is missing"))));
    let asked = (brand.required_words.len() + brand.banned_words.len()) as f64;
    scores.with("brand", 1.0 - (banned.len() + missing.len()) as f64 / asked)
}

#[cfg(test)]
mod tests {
    use shared::domain::{BrandKit, Context};

    use super::{Fault, Scores, heard};

    fn context(required: &[&str], banned: &[&str]) -> Context {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let brand = BrandKit { required_words: words(required), banned_words: words(banned), ..BrandKit::default() };
        Context { brand: Some(brand), ..Context::default() }
    }

    #[test]
    fn a_banned_word_is_grave_and_a_missing_one_is_slight() {
        let mut faults = Vec::new();
        let context = context(&["Crust & Co", "slow"], &["cheap", "guilt free"]);
        let scores = heard("CHEAP bread of Crust & Co, guilt-free.", None, &context, &mut faults, Scores::default());
        assert_eq!(
            faults,
            [
                Fault::grave("the forbidden word \"cheap\" stands in it"),
                Fault::grave("the forbidden word \"guilt free\" stands in it"),
                Fault::slight("the required word \"slow\" is missing"),
            ]
        );
        assert_eq!(scores, Scores::default().with("brand", 0.25));
    }

    #[test]
    fn another_language_is_a_slight_fault() {
        let english =
            "Our bakers start at four in the morning so that your bread is still warm when you walk in on your way.";
        for (tag, score) in [("en", 1.0), ("de", 0.0)] {
            let mut faults = Vec::new();
            let scores = heard(english, Some(tag), &Context::default(), &mut faults, Scores::default());
            assert_eq!(scores, Scores::default().with("language", score));
            assert_eq!(faults.iter().filter(|fault| !fault.grave).count(), usize::from(score < 1.0));
        }
    }
}
