//! What a field must be: `id: uuid`, `status = draft`, `variations[].success: bool`.

use chrono::DateTime;
use serde_json::Value;
use uuid::Uuid;

/// Checks one field of an answer; `Err` says what is wrong.
pub(crate) fn check(answer: &Value, field: &str) -> Result<(), String> {
    let (path, expected) = match (field.split_once(": "), field.split_once(" = ")) {
        (Some((path, kind)), _) => (path, Expected::Kind(kind)),
        (None, Some((path, value))) => (path, Expected::Value(value)),
        (None, None) => return Err(format!("{field:?} cannot be read")),
    };
    let found = find(answer, path);
    if found.is_empty() {
        return Err(format!("{path} is not there"));
    }
    for value in found {
        if !expected.fits(value) {
            return Err(format!("{field} is {value}"));
        }
    }
    Ok(())
}

/// The value at a path, where later calls need it.
pub(crate) fn text_at(answer: &Value, path: &str) -> Option<String> {
    match find(answer, path).first()? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Every value at a path; `[]` stands for each of a list, `[0]` for the first.
fn find<'v>(answer: &'v Value, path: &str) -> Vec<&'v Value> {
    path.split('.').fold(vec![answer], |values, part| {
        let (name, list) = part.split_once('[').map_or((part, None), |(name, rest)| (name, Some(rest)));
        let members =
            values.into_iter().filter_map(|value| if name.is_empty() { Some(value) } else { value.get(name) });
        match list {
            None => members.collect(),
            Some("0]") => members.filter_map(|value| value.get(0)).collect(),
            Some(_) => members.filter_map(Value::as_array).flatten().collect(),
        }
    })
}

enum Expected<'f> {
    Kind(&'f str),
    Value(&'f str),
}

impl Expected<'_> {
    fn fits(&self, value: &Value) -> bool {
        match self {
            Self::Value(expected) => match value {
                Value::String(text) => text == expected,
                other => serde_json::from_str(expected).is_ok_and(|expected: Value| expected == *other),
            },
            Self::Kind(kind) => match kind.strip_suffix('?') {
                Some(kind) => value.is_null() || is(value, kind),
                None => is(value, kind),
            },
        }
    }
}

fn is(value: &Value, kind: &str) -> bool {
    let text = value.as_str();
    match kind {
        "string" => text.is_some_and(|text| !text.is_empty()),
        "uuid" => text.is_some_and(|text| Uuid::parse_str(text).is_ok()),
        "time" => text.is_some_and(|text| DateTime::parse_from_rfc3339(text).is_ok()),
        "url" => text.is_some_and(|text| text.starts_with("http")),
        "int" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "bool" => value.is_boolean(),
        "object" => value.is_object(),
        "list" => value.is_array(),
        unknown => panic!("there is no kind {unknown:?}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;

    #[test]
    fn fields_are_found_and_held_against_what_they_must_be() {
        let answer = json!({"id": 3, "note": null, "list": [{"ok": true, "url": "http://x/"}, {"ok": false, "url": "http://y/"}]});
        for good in ["id: int", "id = 3", "note: string?", "list[].ok: bool", "list[0].ok = true", "list[].url: url"] {
            assert_eq!(check(&answer, good), Ok(()));
        }
        for bad in ["id: string", "id = 4", "note: string", "list[].ok = true", "list[].gone: bool", "gone: int", "id"]
        {
            assert!(check(&answer, bad).is_err(), "{bad}");
        }
    }
}
