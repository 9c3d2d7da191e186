//! What is to be written, as the labelled lines of a message say it.

use chrono::NaiveDate;

use super::words::{Words, language_of, words};
use crate::{
    copywriter::{
        labels::Labels,
        phrases::{code_of, phrases},
    },
    seed::Seed,
    shorten::shorten,
};

/// A piece of writing that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// What it is about; never empty.
    pub(super) topic: String,
    pub(super) brand: String,
    pub(super) audience: String,
    pub(super) keywords: Vec<String>,
    /// Words that have to be in the text, and words that must not be.
    pub(super) required: Vec<String>,
    pub(super) banned: Vec<String>,
    pub(super) language: &'static str,
    pub(super) words: &'static Words,
    pub(super) labels: Labels,
}

const TOPIC: [&str; 6] = ["topic", "product", "productname", "subject", "theme", "campaign"];
const PROMPT: [&str; 5] = ["prompt", "request", "task", "goal", "brief"];

impl Task {
    /// Reads a message, and what the instructions beside it say about words. `language` is written in whatever the message
    /// says.
    pub(crate) fn read(message: &str, instructions: &str, language: Option<&str>) -> Self {
        let labels = Labels::read(message);
        let prompt = labels.get(&PROMPT).unwrap_or_default();
        let topic = labels.get(&TOPIC).map_or_else(
            || {
                let first = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
                subject(if prompt.is_empty() { first } else { prompt })
            },
            str::to_owned,
        );
        let named = language.or_else(|| labels.get(&["language", "lang", "locale", "outputlanguage", "writein"]));
        let code = named.map_or_else(|| language_of(&format!("{topic} {prompt}")), code_of);
        let text = |names: &[&str]| labels.get(names).unwrap_or_default().to_owned();
        Self {
            brand: text(&["brand", "brandname", "company"]),
            audience: text(&["audience", "targetaudience", "segment", "segmentname", "customers"]),
            keywords: labels.list(&["keywords", "keyword"]),
            required: [
                labels.list(&["wordstouse", "requiredwords", "mustuse", "mustinclude", "mustcontain", "required"]),
                ruled(instructions, "each of these words"),
            ]
            .concat(),
            banned: [
                labels.list(&[
                    "wordsnevertouse",
                    "bannedwords",
                    "neveruse",
                    "avoid",
                    "donotuse",
                    "forbiddenwords",
                    "banned",
                ]),
                ruled(instructions, "none of these words"),
            ]
            .concat(),
            language: code,
            words: words(code),
            topic,
            labels,
        }
    }

    /// Whether the message asks in its own words, and not by the brief of a post.
    pub(crate) fn is_free(&self) -> bool {
        let briefed = ["brand", "brandname", "topic", "product", "platform"];
        self.labels.get(&PROMPT).is_some() || self.labels.get(&briefed).is_none()
    }

    /// What a text is to be found by: the first keyword, or else the topic.
    pub(super) fn keyword(&self) -> &str {
        self.keywords.first().unwrap_or(&self.topic)
    }

    pub(super) fn start(&self) -> NaiveDate {
        let named = self.labels.date(&["startdate", "start", "starts", "from", "firstday", "begins", "period"]);
        named.or_else(|| NaiveDate::from_ymd_opt(2027, 1, 4)).unwrap_or_default()
    }

    /// A sentence with its places filled.
    pub(super) fn fill(&self, sentence: &str, seed: &mut Seed) -> String {
        let mut text = sentence.to_owned();
        let mut put = |place: &str, value: &str| {
            if text.contains(place) {
                text = text.replace(place, value);
            }
        };
        let mut clean = |words: &[String]| {
            let clean: Vec<&String> = words.iter().filter(|word| self.is_clean(word)).collect();
            seed.pick(&clean).map_or_else(String::new, |word| (*word).clone())
        };
        put("{quality}", &clean(&self.words.qualities));
        put("{moment}", &clean(&self.words.moments));
        put("{keyword}", self.keyword());
        put("{topic}", &self.topic);
        put("{brand}", &self.brand);
        put("{audience}", &self.audience);
        raised(&text)
    }

    /// What a reader is asked to do.
    pub(super) fn call(&self, seed: &mut Seed) -> String {
        let calls = &phrases(self.language).mood("").calls;
        let usable: Vec<String> =
            calls.iter().filter(|call| !self.brand.is_empty() || !call.contains("{brand}")).cloned().collect();
        self.choose(&usable, seed)
    }

    /// One of the sentences, without a banned word where there is one.
    pub(super) fn choose(&self, sentences: &[String], seed: &mut Seed) -> String {
        let start = seed.below(sentences.len());
        let turned = sentences[start..].iter().chain(&sentences[..start]);
        let mut filled = turned.map(|sentence| self.fill(sentence, seed)).collect::<Vec<_>>().into_iter();
        let first = filled.next().unwrap_or_default();
        if self.is_clean(&first) { first } else { filled.find(|text| self.is_clean(text)).unwrap_or(first) }
    }

    /// Whether a text holds no banned word.
    pub(super) fn is_clean(&self, text: &str) -> bool {
        self.banned.iter().all(|word| count(text, word) == 0)
    }

    /// A text that holds the words it has to, and none that it must not.
    pub(crate) fn ruled(&self, text: &str, seed: &mut Seed) -> String {
        let cleaned = if self.is_clean(text) { text.to_owned() } else { self.cleaned(text) };
        match self.still_to_say(&cleaned, seed).first() {
            Some(sentence) => format!("{cleaned} {sentence}"),
            None => cleaned,
        }
    }

    /// A text without its banned words.
    pub(super) fn cleaned(&self, text: &str) -> String {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for line in &mut lines {
            for banned in &self.banned {
                while let Some(at) = find(line, banned) {
                    line.replace_range(at..at + banned.len(), "");
                    *line = line.replace("  ", " ").replace(" .", ".").replace(" ,", ",");
                }
            }
        }
        lines.join("\n")
    }

    /// A sentence for each word that has to be said and is not in the text.
    pub(super) fn still_to_say(&self, text: &str, seed: &mut Seed) -> Vec<String> {
        let missing: Vec<&String> = self.required.iter().filter(|word| count(text, word) == 0).collect();
        if missing.is_empty() {
            return Vec::new();
        }
        let all = missing.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", ");
        vec![one_of(&self.words.page.required, seed).replace("{word}", &all)]
    }
}

/// The words in quotation marks on the line of a rule.
fn ruled(instructions: &str, rule: &str) -> Vec<String> {
    let line = instructions.lines().find(|line| line.to_lowercase().contains(rule)).unwrap_or_default();
    line.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// One of a few texts, by lot.
pub(super) fn one_of<'a>(texts: &'a [String], seed: &mut Seed) -> &'a str {
    seed.pick(texts).map_or("", String::as_str)
}

/// How often a phrase stands in a text by whole words, in any case.
pub(super) fn count(text: &str, phrase: &str) -> usize {
    let plain = |text: &str| -> Vec<String> {
        let words =
            text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'').filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let (text, phrase) = (plain(text), plain(phrase));
    if phrase.is_empty() {
        return 0;
    }
    text.windows(phrase.len()).filter(|words| *words == phrase).count()
}

/// Where a phrase stands in a text by whole words, in any case that does not change its length.
fn find(text: &str, phrase: &str) -> Option<usize> {
    if phrase.is_empty() {
        return None;
    }
    let wanted = phrase.to_lowercase();
    text.char_indices().map(|(at, _)| at).find(|at| {
        let Some(here) = text.get(*at..at + phrase.len()) else { return false };
        let apart = |letter: Option<char>| !letter.is_some_and(char::is_alphanumeric);
        here.to_lowercase() == wanted
            && apart(text[..*at].chars().next_back())
            && apart(text[at + phrase.len()..].chars().next())
    })
}

/// With a capital at its beginning.
pub(super) fn raised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What a request is about: without what it asks to do (`Write a product description for …`).
fn subject(request: &str) -> String {
    let sentence = request.split(['.', '!', '?']).next().unwrap_or_default().trim();
    let lower = sentence.to_lowercase();
    let asks = ["write", "create", "generate", "draft", "compose", "make", "give", "schreibe", "écris", "escribe"];
    let says = [
        " for ",
        " about ",
        " on ",
        " of ",
        " announcing ",
        " describing ",
        " für ",
        " über ",
        " pour ",
        " sur ",
        " para ",
        " sobre ",
    ];
    let about = if asks.iter().any(|word| lower.starts_with(word)) || lower.contains("slogan") {
        says.iter()
            .filter_map(|word| lower.find(word).map(|at| at + word.len()))
            .min()
            .and_then(|at| sentence.get(at..))
    } else {
        None
    };
    let about = about.unwrap_or(sentence).trim();
    let bare = ["a ", "an ", "the ", "our ", "my "].iter().find_map(|article| {
        about.get(..article.len()).filter(|start| start.eq_ignore_ascii_case(article)).map(|_| &about[article.len()..])
    });
    let bare = shorten(bare.unwrap_or(about), 60);
    if bare.is_empty() { "something new".to_owned() } else { bare }
}
