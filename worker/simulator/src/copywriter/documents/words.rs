//! The sentences of each language, read once from the TOML files beside this one.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

/// Sentences with places such as `{topic}`, `{keyword}` or `{quality}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    /// Words by which a text in this language is recognised.
    common: Vec<String>,
    pub(super) qualities: Vec<String>,
    pub(super) moments: Vec<String>,
    pub(super) page: Page,
    pub(super) plan: Plan,
    pub(super) marketing: Marketing,
    pub(super) email: Email,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    pub(super) title_ends: Vec<String>,
    pub(super) meta_leads: Vec<String>,
    pub(super) meta_tails: Vec<String>,
    pub(super) intros: Vec<String>,
    pub(super) openers: Vec<String>,
    pub(super) headings: Vec<String>,
    pub(super) plain: Vec<String>,
    pub(super) keyword: Vec<String>,
    pub(super) list_intro: String,
    pub(super) list: Vec<String>,
    pub(super) closings: Vec<String>,
    pub(super) brand_lines: Vec<String>,
    pub(super) audience_lines: Vec<String>,
    /// For a word that has to be said.
    pub(super) required: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) title: String,
    pub(super) summary: String,
    /// A title and an idea each.
    pub(super) angles: Vec<[String; 2]>,
    pub(super) formats: Vec<String>,
    /// The end of a title and a sentence each: what makes one entry of an angle another.
    pub(super) aspects: Vec<[String; 2]>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Marketing {
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) objectives: Vec<String>,
    pub(super) audience: String,
    pub(super) anyone: String,
    pub(super) needs: Vec<String>,
    pub(super) roles: Vec<String>,
    pub(super) phases: Vec<String>,
    pub(super) activities: Vec<String>,
    /// A name and a unit each.
    pub(super) kpis: Vec<[String; 2]>,
    pub(super) risks: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Email {
    pub(super) subjects: Vec<String>,
    pub(super) previews: Vec<String>,
}

static LANGUAGES: LazyLock<HashMap<&'static str, Words>> = LazyLock::new(|| {
    let files = [
        ("en", include_str!("words/en.toml")),
        ("de", include_str!("words/de.toml")),
        ("fr", include_str!("words/fr.toml")),
        ("es", include_str!("words/es.toml")),
        ("it", include_str!("words/it.toml")),
        ("pt", include_str!("words/pt.toml")),
        ("nl", include_str!("words/nl.toml")),
    ];
    let read = |text| toml::from_str(text).expect("the files of sentences are read by a test");
    files.into_iter().map(|(code, text)| (code, read(text))).collect()
});

/// The sentences of a language by its code; English for any other.
pub(super) fn words(code: &str) -> &'static Words {
    LANGUAGES.get(code).unwrap_or_else(|| &LANGUAGES["en"])
}

/// The language of a text, by its most common words; English where nothing speaks for another.
pub(crate) fn language_of(text: &str) -> &'static str {
    let lower = text.to_lowercase();
    let said: Vec<&str> = lower.split(|letter: char| !letter.is_alphabetic()).collect();
    let hits = |words: &Words| said.iter().filter(|word| words.common.iter().any(|common| common == *word)).count();
    let english = hits(&LANGUAGES["en"]);
    let most = LANGUAGES.iter().map(|(code, words)| (hits(words), *code)).max();
    most.filter(|(count, _)| *count > english.max(1)).map_or("en", |(_, code)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_enough_to_say() {
        for (code, words) in LANGUAGES.iter() {
            assert!(words.page.plain.len() >= 20 && words.page.keyword.len() >= 10, "{code}");
            assert!(words.page.headings.len() >= 10 && words.plan.angles.len() >= 12, "{code}");
            assert!(words.page.keyword.iter().all(|sentence| sentence.contains("{keyword}")), "{code}");
            assert!(words.page.intros.iter().all(|sentence| sentence.contains("{keyword}")), "{code}");
            assert!(words.page.meta_leads.iter().all(|sentence| sentence.contains("{keyword}")), "{code}");
            assert!(words.plan.aspects.len() >= 12, "{code}");
            assert!(words.plan.angles.iter().all(|[title, _]| title.contains("{topic}")), "{code}");
            assert!(words.marketing.phases.len() >= 4 && words.marketing.kpis.len() >= 4, "{code}");
        }
    }

    #[test]
    fn a_text_is_told_by_its_common_words() {
        for (text, code) in [
            ("Write a slogan for our bakery", "en"),
            ("Schreibe einen Text über das Brot und die Brötchen", "de"),
            ("Écris un texte pour la boulangerie et le pain", "fr"),
            ("パン屋", "en"),
            ("Sourdough", "en"),
        ] {
            assert_eq!(language_of(text), code, "{text}");
        }
    }
}
