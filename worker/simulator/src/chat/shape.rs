//! Writing a value of a shape.
//!
//! Where there is a document, each field takes what the document has under its name or under another name for the same;
//! what the document does not have, the copywriter fills in by the name of the field and by its form.

use serde_json::Value;

use super::schema::{Form, Shape};
use crate::{
    copywriter::{Copy, plain},
    seed::Seed,
    shorten::shorten,
};

/// Items of a list of which nothing is known.
const USUAL_ITEMS: usize = 3;

/// Names that stand for the same. A field takes the first that its document has.
const SYNONYMS: [&[&str]; 25] = [
    &["audience", "audiences", "segments", "targetaudience", "personas"],
    &["title", "headline", "name", "heading", "subject", "topic"],
    &["metadescription", "description", "metadesc", "summary"],
    &["idea", "description", "concept", "brief", "summary", "content", "text", "caption", "copy", "body"],
    &["calltoaction", "cta", "action", "call"],
    &["channel", "platform", "network", "name"],
    &["date", "day", "publishdate", "scheduleddate", "publishon", "on"],
    &["time", "publishtime", "at"],
    &["format", "contenttype", "contentformat", "type", "kind", "medium"],
    &["entries", "posts", "items", "plan", "calendar", "schedule", "days"],
    &["body", "content", "markdown", "text", "article", "bodymarkdown"],
    &["outline", "headings", "sections", "structure"],
    &["slug", "urlslug", "url", "path"],
    &["amountcents", "budgetcents", "cents", "costcents", "budgetincents", "amountincents", "totalcents"],
    &["amount", "budget", "cost", "spend", "total"],
    &["share", "percent", "percentage", "sharepercent", "budgetshare", "budgetpercent"],
    &[
        "budgetsplit",
        "split",
        "allocation",
        "budgetallocation",
        "budgetbreakdown",
        "budget",
        "channels",
        "items",
        "parts",
    ],
    &["objectives", "goals", "aims"],
    &["objective", "goal", "description", "name", "text", "title"],
    &["timeline", "weeks", "schedule", "phases", "milestones", "roadmap"],
    &["kpis", "metrics", "keyperformanceindicators", "indicators", "targets"],
    &["target", "targetvalue", "goal", "value"],
    &["role", "purpose", "description", "why", "rationale", "reason", "approach", "strategy"],
    &["activities", "tasks", "actions", "tactics", "steps", "whattodo", "activity", "task"],
    &["previewtext", "preview", "preheader", "teaser", "snippet"],
];

impl Shape {
    /// Writes a value of this shape for the field of a name; `known` is what the document has for it.
    pub(crate) fn write(&self, name: &str, known: Option<&Value>, copy: &Copy, seed: &mut Seed, out: &mut Vec<u8>) {
        match self {
            Self::Object(properties) => {
                out.push(b'{');
                for (at, (property, shape)) in properties.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    write_text(property, out);
                    out.push(b':');
                    let part = known.and_then(|known| part_of(known, property, shape));
                    shape.write(property, part, copy, seed, out);
                }
                out.push(b'}');
            }
            Self::Array { item, least, most } => list(item, (*least, *most), name, known, copy, seed, out),
            Self::Text { least, most, form } => {
                let text = match known.and_then(said) {
                    Some(text) if form.allows(&text) => shorten(&text, *most),
                    _ if *form == Form::Any => shorten(&copy.text(name, seed), *most),
                    _ => form.example(&copy.title, seed),
                };
                write_text(&lengthened(text, *least, *most, copy, seed), out);
            }
            Self::Integer { low, high, step } => {
                let high = high.unwrap_or(i64::MAX);
                let usual = || seed.between(*low, if high == i64::MAX { low.saturating_add(100) } else { high });
                let number = known.and_then(number).map_or_else(usual, |number| number.round() as i64);
                let number = number.clamp(*low, high.max(*low));
                let stepped = number - number.rem_euclid(*step);
                let number = if stepped < *low { stepped + step } else { stepped };
                out.extend(number.to_string().bytes());
            }
            Self::Number { low, high } => {
                let usual = || {
                    let number = low + (high.unwrap_or(low + 1.0) - low) * seed.unit();
                    (number * 1000.0).round() / 1000.0
                };
                let number =
                    known.and_then(number).unwrap_or_else(usual).clamp(*low, high.unwrap_or(f64::MAX).max(*low));
                out.extend(Value::from(number).to_string().bytes());
            }
            Self::Boolean => match known {
                Some(Value::Bool(known)) => out.extend(known.to_string().bytes()),
                _ => out.extend(if seed.below(2) == 0 { "false" } else { "true" }.bytes()),
            },
            Self::Null => out.extend(b"null"),
            Self::OneOf(values) => {
                let like = |word: &str| {
                    values.iter().find(|value| value.as_str().is_some_and(|value| plain(value) == plain(word)))
                };
                let meant = known.and_then(|known| values.iter().find(|value| *value == known));
                let meant = meant.or_else(|| known.and_then(Value::as_str).and_then(like));
                let meant = meant.or_else(|| copy.exact(name).and_then(like));
                let value = meant.or_else(|| seed.pick(values)).unwrap_or(&Value::Null);
                out.extend(value.to_string().bytes());
            }
        }
    }
}

fn list(
    item: &Shape,
    (least, most): (usize, usize),
    name: &str,
    known: Option<&Value>,
    copy: &Copy,
    seed: &mut Seed,
    out: &mut Vec<u8>,
) {
    let one;
    let known = match known {
        Some(Value::Array(items)) => items.as_slice(),
        Some(Value::String(text)) => {
            one = [Value::from(text.as_str())];
            &one
        }
        _ => &[],
    };
    let texts = if known.is_empty() { copy.list(name) } else { &[] };
    let usual = if known.len() + texts.len() == 0 { USUAL_ITEMS } else { known.len().max(texts.len()) };
    out.push(b'[');
    for at in 0..usual.clamp(least, most) {
        if at > 0 {
            out.push(b',');
        }
        match (item, texts.get(at)) {
            (Shape::Text { most, form: Form::Any, .. }, Some(text)) => write_text(&shorten(text, *most), out),
            _ => item.write(name, known.get(at), copy, seed, out),
        }
    }
    out.push(b']');
}

/// What a document has for a field: under its own name, or under another that stands for the same and fits its shape.
fn part_of<'a>(document: &'a Value, name: &str, shape: &Shape) -> Option<&'a Value> {
    let Value::Object(fields) = document else {
        // A document of one text is the text of whatever holds it.
        return document.is_string().then_some(document);
    };
    let name = plain(name);
    let under = |wanted: &str| fields.iter().find(|(field, _)| plain(field) == wanted).map(|(_, value)| value);
    if let Some(value) = under(&name).filter(|value| fits(value, shape)) {
        return Some(value);
    }
    let groups = SYNONYMS.iter().filter(|names| names.contains(&name.as_str()));
    groups.flat_map(|names| names.iter()).filter_map(|other| under(other)).find(|value| fits(value, shape))
}

fn fits(value: &Value, shape: &Shape) -> bool {
    match shape {
        Shape::Object(_) => value.is_object(),
        Shape::Array { .. } => value.is_array(),
        Shape::Text { .. } => value.is_string() || value.is_number(),
        Shape::Integer { .. } | Shape::Number { .. } => number(value).is_some(),
        Shape::OneOf(_) | Shape::Boolean | Shape::Null => true,
    }
}

/// A value as text; an object by the first of its texts.
fn said(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => Some(items.iter().filter_map(said).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            const FIRST: [&str; 6] = ["objective", "title", "name", "description", "phase", "channel"];
            FIRST.iter().filter_map(|name| fields.get(*name)).chain(fields.values()).find_map(said)
        }
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn lengthened(mut text: String, least: usize, most: usize, copy: &Copy, seed: &mut Seed) -> String {
    while text.chars().count() < least {
        let longer = format!("{text} {}", copy.filler(seed));
        if longer.chars().count() > most {
            text.extend(std::iter::repeat_n('.', least - text.chars().count()));
        } else {
            text = longer;
        }
    }
    text
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.extend(Value::from(text).to_string().bytes());
}

impl Form {
    fn allows(self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Date => text.parse::<chrono::NaiveDate>().is_ok(),
            Self::Time => text.len() >= 5 && text.as_bytes()[2] == b':',
            Self::DateTime => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
            Self::Email => text.contains('@'),
            Self::Address => text.starts_with("http"),
            Self::Uuid => text.len() == 36,
            Self::Colour => text.len() == 7 && text.starts_with('#'),
            Self::Slug => {
                !text.is_empty()
                    && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            }
        }
    }

    fn example(self, title: &str, seed: &mut Seed) -> String {
        let day = format!("2027-{:02}-{:02}", seed.between(1, 12), seed.between(1, 28));
        match self {
            Self::Any => title.to_owned(),
            Self::Date => day,
            Self::Time => format!("{:02}:30:00Z", seed.between(7, 19)),
            Self::DateTime => format!("{day}T{:02}:30:00Z", seed.between(7, 19)),
            Self::Email => "hello@example.com".into(),
            Self::Address => "https://example.com/".into(),
            Self::Uuid => {
                let digits = format!("{:016x}{:016x}", seed.next(), seed.next());
                let (head, rest) = (&digits[..8], &digits[20..]);
                format!("{head}-{}-4{}-8{}-{rest}", &digits[8..12], &digits[13..16], &digits[17..20])
            }
            Self::Colour => format!("#{:06x}", seed.next() & 0xff_ffff),
            Self::Slug => {
                let words: Vec<String> = title
                    .split(|letter: char| !letter.is_ascii_alphanumeric())
                    .filter(|word| !word.is_empty())
                    .map(str::to_ascii_lowercase)
                    .collect();
                if words.is_empty() { "page".into() } else { words.join("-") }
            }
        }
    }
}
