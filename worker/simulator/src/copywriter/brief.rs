//! Finding the brief in a message.
//!
//! A brief is written as labelled lines (`Brand: North Bakery`). Labels are read leniently: any case, list marks,
//! Markdown emphasis, JSON quotes. A message without labels is itself the topic.

use crate::{seed::Seed, shorten::shorten};

/// What a post is about. Fields that were not given are empty, but there is always a brand and a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Brief {
    pub(crate) brand: String,
    pub(crate) topic: String,
    pub(crate) tone: String,
    pub(crate) audience: String,
    pub(crate) platform: String,
    pub(crate) language: String,
    /// The author's own words.
    pub(crate) words: String,
}

impl Brief {
    pub(crate) fn find(user: &str, instructions: &str) -> Self {
        let mut brief = Self::default();
        for line in user.lines() {
            brief.take(line);
        }
        let first_line = user.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        for line in instructions.lines() {
            brief.take(line);
        }
        if brief.topic.is_empty() {
            // Where there are labels, lines without one only frame them.
            let source = [brief.words.as_str(), brief.brand.as_str(), first_line];
            let source = source.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
            brief.topic = shorten(source.split(['.', '!', '?']).next().unwrap_or_default().trim(), 60);
        }
        if brief.topic.is_empty() {
            brief.topic = "something new".into();
        }
        if brief.brand.is_empty() {
            brief.brand = "our team".into();
        }
        brief
    }

    /// For an image prompt: `Brand: X; Topic: Y` somewhere in it, on one line or several.
    pub(crate) fn find_in_prompt(prompt: &str) -> Self {
        let lines = prompt.replace("; ", "\n").replace("Brand:", "\nBrand:").replace("Topic:", "\nTopic:");
        let mut brief = Self::default();
        for line in lines.lines() {
            brief.take(line);
        }
        if brief.topic.is_empty() {
            brief.topic = shorten(prompt.lines().next().unwrap_or_default().trim(), 60);
        }
        brief
    }

    /// Whether the line was a labelled one. The first line of a label counts.
    fn take(&mut self, line: &str) -> bool {
        let Some((label, value)) = line.split_once([':', '=']) else { return false };
        if label.len() > 40 {
            return false;
        }
        let label: String =
            label.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect();
        let field = match label.as_str() {
            "brand" | "brandname" | "company" => &mut self.brand,
            "topic" | "product" | "producttitle" | "productname" | "theme" => &mut self.topic,
            "tone" | "toneofvoice" | "voice" => &mut self.tone,
            "audience" | "targetaudience" => &mut self.audience,
            "platform" | "channel" | "network" | "socialnetwork" => &mut self.platform,
            "language" | "lang" | "locale" | "outputlanguage" | "writein" => &mut self.language,
            "brief" | "description" | "details" | "notes" | "about" => &mut self.words,
            _ => return false,
        };
        if field.is_empty() {
            *field = without_markup(value);
        }
        true
    }

    /// A phrase with its places filled.
    pub(crate) fn fill(&self, phrase: &str) -> String {
        let mut text = phrase.to_owned();
        for (place, value) in [("{brand}", &self.brand), ("{topic}", &self.topic), ("{audience}", &self.audience)] {
            if text.contains(place) {
                text = text.replace(place, value);
            }
        }
        text
    }

    /// One of the phrases whose places can all be filled; empty if there is none.
    pub(crate) fn choose(&self, phrases: &[String], seed: &mut Seed) -> String {
        let usable: Vec<&String> =
            phrases.iter().filter(|phrase| !self.audience.is_empty() || !phrase.contains("{audience}")).collect();
        seed.pick(&usable).map_or_else(String::new, |phrase| self.fill(phrase))
    }

    /// The beginning of the brief's own text, at most `most` characters, ended as a sentence.
    pub(crate) fn detail(&self, most: usize) -> String {
        let text = self.words.trim();
        if text.is_empty() {
            return String::new();
        }
        let mut detail = shorten(text, most);
        if let Some(end) = detail.rfind(['.', '!', '?']).filter(|end| *end * 2 > detail.len()) {
            detail.truncate(end + 1);
        } else if !detail.ends_with(['.', '!', '?']) {
            detail.push('.');
        }
        detail
    }
}

/// Tags, quotes, emphasis and double blanks taken away.
fn without_markup(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut in_tag = false;
    for letter in value.chars() {
        match letter {
            '<' => {
                in_tag = true;
                text.push(' ');
            }
            '>' if in_tag => in_tag = false,
            _ if in_tag => {}
            '*' | '"' => {}
            _ => text.push(letter),
        }
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches(',').to_owned()
}
