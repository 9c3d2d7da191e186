//! The presets that pictures are made with: what a style looks like, what a design of a type is, what a scene shows. Each is a
//! file of its own (`styles/`, `designs/`, `scenes/`), in paragraphs.

use shared::domain::{BrandKit, Context};
use shared::kinds::{DesignType, Scene, Style};
use unicode_segmentation::UnicodeSegmentation;

use crate::checks::Words;

/// How a style looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct StylePreset {
    pub(super) look: &'static str,
    pub(super) colours: &'static str,
    pub(super) lettering: &'static str,
}

/// What a design of a type is.
#[derive(Clone, Debug)]
pub(super) struct DesignPreset {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    /// What tells variations apart: one each, and more for those that came out too alike.
    pub(super) directions: Vec<&'static str>,
}

pub(super) fn style(style: Style) -> StylePreset {
    let text = match style {
        Style::Modern => include_str!("styles/modern.md"),
        Style::Corporate => include_str!("styles/corporate.md"),
        Style::Creative => include_str!("styles/creative.md"),
        Style::Minimalist => include_str!("styles/minimalist.md"),
        Style::Vibrant => include_str!("styles/vibrant.md"),
        Style::Elegant => include_str!("styles/elegant.md"),
    };
    let mut paragraphs = paragraphs(text);
    let mut next = || paragraphs.next().unwrap_or_default();
    StylePreset { look: next(), colours: next(), lettering: next() }
}

pub(super) fn design(design_type: DesignType) -> DesignPreset {
    let (name, text) = match design_type {
        DesignType::Logo => ("logo", include_str!("designs/logo.md")),
        DesignType::Banner => ("banner", include_str!("designs/banner.md")),
        DesignType::Poster => ("poster", include_str!("designs/poster.md")),
        DesignType::SocialCard => ("social card", include_str!("designs/social_card.md")),
    };
    let mut paragraphs = paragraphs(text);
    let what = paragraphs.next().unwrap_or_default();
    let directions = paragraphs.next().unwrap_or_default().lines().map(|line| line.trim_start_matches("- ")).collect();
    DesignPreset { name, what, directions }
}

pub(super) fn scene(scene: Scene) -> &'static str {
    let text = match scene {
        Scene::Studio => include_str!("scenes/studio.md"),
        Scene::Lifestyle => include_str!("scenes/lifestyle.md"),
        Scene::Outdoor => include_str!("scenes/outdoor.md"),
        Scene::Seasonal => include_str!("scenes/seasonal.md"),
        Scene::FlatLay => include_str!("scenes/flat_lay.md"),
        Scene::Hero => include_str!("scenes/hero.md"),
        Scene::InUse => include_str!("scenes/in_use.md"),
        Scene::CloseUp => include_str!("scenes/close_up.md"),
    };
    text.trim()
}

fn paragraphs(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split("\n\n").map(str::trim)
}

/// What a brand asks of a picture. Its banned words rule our own sentences; those that the author wrote stay the author's.
#[derive(Debug, Default)]
pub(super) struct BrandRules<'a> {
    brand: Option<&'a BrandKit>,
    /// What the author wrote.
    written: &'a str,
}

impl<'a> BrandRules<'a> {
    pub(super) fn of(context: &'a Context, written: &'a str) -> Self {
        Self { brand: context.brand.as_ref(), written }
    }

    /// `#RRGGBB, …`; empty where the brand has none.
    pub(super) fn colours(&self) -> String {
        self.brand.map(|brand| brand.colours.join(", ")).unwrap_or_default()
    }

    /// The words that are not to be written on the picture.
    pub(super) fn banned(&self) -> String {
        let written = Words::of(self.written);
        let banned = self.banned_words().iter().filter(|word| !written.has(word));
        banned.map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// A text of ours without the sentences that hold a banned word.
    pub(super) fn allowed(&self, text: &str) -> String {
        let clean = |sentence: &&str| {
            let words = Words::of(sentence);
            !self.banned_words().iter().any(|word| words.has(word))
        };
        text.unicode_sentences().filter(clean).collect::<String>().trim().to_owned()
    }

    fn banned_words(&self) -> &'a [String] {
        self.brand.map_or(&[], |brand| &brand.banned_words)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use shared::domain::{BrandKit, Context};
    use shared::kinds::{DesignType, MOST_VARIATIONS, Scene, Style};

    use super::{BrandRules, design, scene, style};

    #[test]
    fn every_preset_is_whole_and_none_is_another_s() {
        let mut seen = BTreeSet::new();
        for preset in Style::ALL.iter().map(|name| style(*name)) {
            for text in [preset.look, preset.colours, preset.lettering] {
                assert!(text.ends_with('.') && !text.contains('\n') && seen.insert(text), "{text:?}");
            }
        }
        for preset in DesignType::ALL.iter().map(|name| design(*name)) {
            assert!(preset.what.ends_with('.') && !preset.what.contains('\n') && seen.insert(preset.what));
            assert!(preset.directions.len() > usize::from(MOST_VARIATIONS), "enough to be asked again with another");
            for direction in preset.directions {
                assert!(!direction.is_empty() && !direction.ends_with('.') && seen.insert(direction), "{direction:?}");
            }
        }
        for text in Scene::ALL.iter().map(|name| scene(*name)) {
            assert!(text.ends_with('.') && !text.contains('\n') && seen.insert(text), "{text:?}");
        }
    }

    #[test]
    fn our_own_sentences_hold_no_banned_word_and_the_author_s_words_stay() {
        let banned_words = ["cheap".to_owned(), "Hand Made".to_owned(), "paper".to_owned()];
        let brand = BrandKit { banned_words: banned_words.to_vec(), ..BrandKit::default() };
        let context = Context { brand: Some(brand), ..Context::default() };
        let rules = BrandRules::of(&context, "A cheap and cheerful kite");
        assert_eq!(rules.banned(), "Hand Made, paper");
        assert_eq!(rules.allowed("Cut from Paper. Drawn by hand. It is hand-made. Papery."), "Drawn by hand. Papery.");
    }
}
