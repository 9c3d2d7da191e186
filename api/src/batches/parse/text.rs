//! Texts of a batch: borrowed where they are written without escapes, trimmed, measured in characters.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::findings::{Findings, Place};

/// A text of at most `longest` characters without the blanks around it; `None` when it is blank or an error was noted.
pub(super) fn text<'a>(
    raw: &'a RawValue,
    longest: usize,
    place: Place<'_>,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    let text = trim(string(raw, place, findings)?);
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
    raw: Option<&'a RawValue>,
    longest: usize,
    place: Place<'_>,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    let Some(raw) = raw else {
        findings.add(place, "required", format_args!("is required"));
        return None;
    };
    let before = findings.total();
    let text = text(raw, longest, place, findings);
    if text.is_none() && findings.total() == before {
        findings.add(place, "blank", format_args!("must not be blank"));
    }
    text
}

/// What a JSON string says.
fn string<'a>(raw: &'a RawValue, place: Place<'_>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let json = raw.get();
    let Some(inside) = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        findings.add(place, "wrong_type", format_args!("must be text, not {}", kind(raw)));
        return None;
    };
    // A raw value is valid JSON, so without a backslash there is nothing to decode, and no NUL either.
    if !inside.as_bytes().contains(&b'\\') {
        return Some(Cow::Borrowed(inside));
    }
    match serde_json::from_str::<String>(json) {
        Ok(text) if text.contains('\0') => {
            findings.add(place, "nul", format_args!("must not contain NUL characters"));
            None
        }
        Ok(text) => Some(Cow::Owned(text)),
        Err(_) => {
            findings.add(
                place,
                "lone_surrogate",
                format_args!("contains half of a surrogate pair (\\uD800 to \\uDFFF)"),
            );
            None
        }
    }
}

fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// What a JSON value is, for people.
pub(super) fn kind(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "text",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        _ => "a number",
    }
}
