//! Texts of a batch: borrowed where they are written without escapes, trimmed, measured in characters.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::findings::{Findings, Place};
use super::value::Value;

/// A text of at most `longest` characters without the blanks around it; `None` when it is blank or an error was noted.
pub(super) fn text<'a>(
    value: Value<'a>,
    longest: usize,
    place: Place<'_>,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    let text = match value {
        Value::Json(raw) => trim(string(raw, place, findings)?),
        Value::Text(text) => Cow::Borrowed(plain(text, place, findings)?.trim()),
    };
    if text.is_empty() {
        return None;
    }
    // No text has more characters than bytes, so most are never counted.
    if text.len() > longest {
        let length = text.chars().count();
        if length > longest {
            findings.add(place, "too_long", format_args!("must have {longest} characters at most; it has {length}"));
            return None;
        }
    }
    Some(text)
}

/// A text that must be there.
pub(super) fn required_text<'a>(
    value: Option<Value<'a>>,
    longest: usize,
    place: Place<'_>,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    let Some(value) = value else {
        findings.add(place, "required", format_args!("is required"));
        return None;
    };
    let before = findings.total();
    let text = text(value, longest, place, findings);
    if text.is_none() && findings.total() == before {
        findings.add(place, "blank", format_args!("must not be blank"));
    }
    text
}

/// What a JSON string says.
pub(crate) fn string<'a>(raw: &'a RawValue, place: Place<'_>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let json = raw.get();
    let Some(inside) = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        findings.add(place, "wrong_type", format_args!("must be text, not {}", Value::Json(raw).kind()));
        return None;
    };
    // A raw value is valid JSON, so without a backslash there is nothing to decode, and no NUL either.
    if !inside.as_bytes().contains(&b'\\') {
        return Some(Cow::Borrowed(inside));
    }
    if let Ok(text) = serde_json::from_str::<String>(json) {
        plain(&text, place, findings)?;
        return Some(Cow::Owned(text));
    }
    findings.add(place, "lone_surrogate", format_args!("contains half of a surrogate pair (\\uD800 to \\uDFFF)"));
    None
}

/// The same text, unless no table could hold it.
fn plain<'a>(text: &'a str, place: Place<'_>, findings: &mut Findings) -> Option<&'a str> {
    if text.contains('\0') {
        findings.add(place, "nul", format_args!("must not contain NUL characters"));
        return None;
    }
    Some(text)
}

fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}
