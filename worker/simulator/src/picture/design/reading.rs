//! Reading a design out of a prompt.

use super::{Kind, Style};

const KINDS: [(Kind, &[&str]); 4] = [
    (Kind::SocialCard, &["social card", "social-card", "social_card", "social media card", "social media post design"]),
    (Kind::Logo, &["logo", "logotype", "emblem", "brand mark"]),
    (Kind::Banner, &["banner"]),
    (Kind::Poster, &["poster", "flyer"]),
];

const STYLES: [(Style, &[&str]); 6] = [
    (Style::Minimalist, &["minimalist", "minimal", "minimalism"]),
    (Style::Corporate, &["corporate", "professional", "business"]),
    (Style::Creative, &["creative", "playful", "artistic", "expressive"]),
    (Style::Vibrant, &["vibrant", "energetic", "saturated", "bold"]),
    (Style::Elegant, &["elegant", "refined", "luxurious", "luxury", "sophisticated"]),
    (Style::Modern, &["modern", "contemporary", "geometric"]),
];

/// What a prompt is about. Where it begins with labels of a design, the subject is the part after them.
pub(super) fn subject(prompt: &str) -> &str {
    let mut parts = prompt.split("\n\n");
    let first = parts.next().unwrap_or_default();
    match parts.next() {
        Some(second) if labelled(first, &["design type", "style"]).is_some() => second,
        _ => first,
    }
}

/// What kind of design the beginning of a prompt asks for. A picture in one of the styles that is no photograph and belongs
/// to no post is drawn as a poster.
pub(super) fn kind(prompt: &str) -> Option<Kind> {
    named_kind(prompt).or_else(|| {
        let free = labelled(prompt, &["brand", "topic", "product", "scene"]).is_none();
        (free && labelled(prompt, &["style"]).and_then(style_of).is_some()).then_some(Kind::Poster)
    })
}

fn named_kind(prompt: &str) -> Option<Kind> {
    if let Some(label) = labelled(prompt, &["design type", "design", "type"]) {
        let label = label.to_lowercase();
        if let Some((kind, _)) = KINDS.iter().find(|(_, names)| names.iter().any(|name| label.contains(name))) {
            return Some(*kind);
        }
    }
    // What comes first is what is asked for; later sentences say what it is for, or what it must not have.
    let end = prompt.char_indices().nth(160).map_or(prompt.len(), |(at, _)| at);
    let head = prompt[..end].to_lowercase();
    let head = head.split(['.', '\n']).find(|sentence| !sentence.trim().is_empty())?;
    let names = KINDS.iter().flat_map(|(kind, names)| names.iter().map(move |name| (*kind, *name)));
    let places = names.filter_map(|(kind, name)| word_at(head, name).map(|at| (at, kind)));
    places.min_by_key(|(at, _)| *at).map(|(_, kind)| kind)
}

/// The style that is named by a label, or that most words speak for.
pub(super) fn style(prompt: &str) -> Style {
    labelled(prompt, &["style"]).and_then(style_of).or_else(|| style_of(prompt)).unwrap_or(Style::Modern)
}

fn style_of(text: &str) -> Option<Style> {
    let lower = text.to_lowercase();
    let votes = STYLES.iter().map(|(style, names)| {
        // The name of the style says more than words that go with it.
        let weights = std::iter::once(3).chain(std::iter::repeat(1));
        (names.iter().zip(weights).map(|(name, weight)| count(&lower, name) * weight).sum::<usize>(), *style)
    });
    // Of equals the first one.
    votes.rev().max_by_key(|(said, _)| *said).filter(|(said, _)| *said > 0).map(|(_, style)| style)
}

/// The words to write: after a label, or in quotation marks after a word like `text`. Nothing where text is ruled out.
pub(super) fn words(prompt: &str) -> Option<String> {
    let lower = prompt.to_lowercase();
    let wanted = labelled(prompt, &["text", "wording", "lettering", "headline", "text to show", "write"])
        .filter(|text| !["none", "no", "no text", "-"].contains(&text.to_lowercase().trim_end_matches('.')))
        .map(|text| text.trim_matches(|mark: char| "\"'“”‘’«»".contains(mark)).to_owned())
        .or_else(|| quoted(prompt));
    let ruled_out = ["no text", "without text", "no letters", "no words", "no lettering", "without any text"];
    wanted.filter(|text| !text.is_empty() && !ruled_out.iter().any(|words| lower.contains(words)))
}

/// Which variation a prompt is, from 0: by a line that begins with it, or else wherever it is said.
pub(super) fn variation(prompt: &str) -> usize {
    let lower = prompt.to_lowercase();
    let line = lower.lines().find(|line| is_variation(line)).unwrap_or(&lower);
    let after = ["variation", "version", "option", "alternative"].into_iter().find_map(|word| {
        let rest = line.split(word).nth(1)?;
        let digits: String =
            rest.trim_start_matches([' ', ':', '#', '(']).chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().ok()
    });
    after.map_or(0, |number| number.saturating_sub(1) % 1000)
}

/// What variations of one prompt have in common: without the line that tells them apart, and without digits, colours
/// excepted.
pub(super) fn in_common(prompt: &str) -> String {
    let lines = prompt.lines().filter(|line| !is_variation(&line.to_lowercase()));
    let words = lines.flat_map(|line| line.split_inclusive(char::is_whitespace)).map(|word| {
        if word.contains('#') { word.to_owned() } else { word.chars().filter(|letter| !letter.is_numeric()).collect() }
    });
    words.collect()
}

fn is_variation(line: &str) -> bool {
    let rest = line.trim_start().strip_prefix("variation").unwrap_or_default();
    rest.trim_start_matches([' ', ':', '#']).starts_with(|first: char| first.is_ascii_digit())
}

/// The value of the first line `Label: value`.
fn labelled<'a>(prompt: &'a str, labels: &[&str]) -> Option<&'a str> {
    prompt.lines().flat_map(|line| line.split("; ")).find_map(|line| {
        let (label, value) = line.split_once(':')?;
        let label = label.trim_matches(|mark: char| !mark.is_alphanumeric()).to_lowercase();
        let value = value.trim().trim_start_matches('*').trim();
        (labels.contains(&label.as_str()) && !value.is_empty()).then_some(value)
    })
}

/// What stands in quotation marks after a word that asks for it to be written.
fn quoted(prompt: &str) -> Option<String> {
    let asks =
        ["text", "words", "word", "reads", "reading", "saying", "says", "lettering", "headline", "name", "wordmark"];
    let mut rest = prompt;
    while let Some(open) = rest.find(['"', '“', '«']) {
        let mark = rest[open..].chars().next()?;
        let inside = &rest[open + mark.len_utf8()..];
        let close = match mark {
            '“' => '”',
            '«' => '»',
            other => other,
        };
        let end = inside.find(close)?;
        let before = rest[..open].trim_end_matches([' ', ':']).rsplit(' ').next().unwrap_or_default();
        let before: String = before.chars().filter(|letter| letter.is_alphabetic()).collect::<String>().to_lowercase();
        if asks.contains(&before.as_str()) {
            return Some(inside[..end].trim().to_owned());
        }
        rest = &inside[end + close.len_utf8()..];
    }
    None
}

fn count(text: &str, word: &str) -> usize {
    let mut rest = text;
    let mut count = 0;
    while let Some(at) = word_at(rest, word) {
        count += 1;
        rest = &rest[at + word.len()..];
    }
    count
}

/// Where a word stands, not as a part of another.
fn word_at(text: &str, word: &str) -> Option<usize> {
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
