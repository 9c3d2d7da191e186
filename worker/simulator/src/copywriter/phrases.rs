//! The phrases of each language, read once from the TOML files beside this one.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

/// Phrases with places for `{brand}`, `{topic}` and `{audience}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Phrases {
    /// What the language is called, besides its code.
    names: Vec<String>,
    pub(crate) titles: Vec<String>,
    pub(crate) bodies: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) alt: String,
    plain: Mood,
    warm: Mood,
    playful: Mood,
    bold: Mood,
}

/// What depends on the tone of voice.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mood {
    pub(crate) hooks: Vec<String>,
    pub(crate) calls: Vec<String>,
    emoji: String,
}

impl Phrases {
    pub(crate) fn mood(&self, tone: &str) -> &Mood {
        let tone = tone.to_lowercase();
        let speaks = |words: &[&str]| words.iter().any(|word| tone.contains(word));
        if speaks(&["playful", "fun", "witty", "humor", "humour", "quirky", "cheeky", "young"]) {
            &self.playful
        } else if speaks(&["bold", "urgent", "energetic", "excit", "confident", "daring", "loud", "edgy"]) {
            &self.bold
        } else if speaks(&["warm", "friendly", "casual", "caring", "heart", "cozy", "cosy", "inspir", "empath"]) {
            &self.warm
        } else {
            &self.plain
        }
    }
}

impl Mood {
    pub(crate) fn emoji(&self) -> Vec<&str> {
        self.emoji.split(' ').collect()
    }
}

type Languages = HashMap<&'static str, Phrases>;

static LANGUAGES: LazyLock<Languages> = LazyLock::new(|| {
    let files = [
        ("en", include_str!("phrases/en.toml")),
        ("de", include_str!("phrases/de.toml")),
        ("fr", include_str!("phrases/fr.toml")),
        ("es", include_str!("phrases/es.toml")),
        ("it", include_str!("phrases/it.toml")),
        ("pt", include_str!("phrases/pt.toml")),
        ("nl", include_str!("phrases/nl.toml")),
    ];
    let read = |text| toml::from_str(text).expect("the phrase files are read by a test");
    files.into_iter().map(|(code, text)| (code, read(text))).collect()
});

/// Phrases of a language given by code (`de`, `de-AT`) or name (`German`, `Deutsch`); English for any other.
pub(crate) fn phrases(language: &str) -> &'static Phrases {
    &LANGUAGES[code_of(language)]
}

/// The code of a language given by code or name; `en` for any other.
pub(crate) fn code_of(language: &str) -> &'static str {
    let wanted = language.trim().to_lowercase();
    let code = wanted.split(['-', '_', ' ', '(']).next().unwrap_or_default();
    if let Some((code, _)) = LANGUAGES.get_key_value(code) {
        return code;
    }
    let named = |phrases: &Phrases| phrases.names.iter().any(|name| *name == wanted || *name == code);
    LANGUAGES.iter().find(|(_, phrases)| named(phrases)).map_or("en", |(code, _)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_enough_to_say() {
        for (code, phrases) in LANGUAGES.iter() {
            assert!(phrases.bodies.len() >= 8, "{code}");
            for mood in [&phrases.plain, &phrases.warm, &phrases.playful, &phrases.bold] {
                assert!(mood.hooks.len() >= 4 && mood.calls.len() >= 3, "{code}");
                assert!(mood.hooks.iter().all(|hook| hook.contains("{topic}")), "{code}");
                assert!(mood.calls.iter().any(|call| call.contains("{brand}")), "{code}");
            }
            assert!(phrases.bodies.iter().any(|phrase| !phrase.contains("{audience}")), "{code}");
        }
    }

    #[test]
    fn languages_are_found_by_code_and_by_name() {
        for (wanted, code) in [("de", "de"), ("de-AT", "de"), ("German", "de"), ("Français", "fr"), ("pt_BR", "pt")] {
            assert!(std::ptr::eq(phrases(wanted), &raw const LANGUAGES[code]), "{wanted}");
        }
        assert!(std::ptr::eq(phrases("tlh"), &raw const LANGUAGES["en"]));
    }
}
