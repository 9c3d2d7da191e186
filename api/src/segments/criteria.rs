//! The criteria of a segment: any JSON object that fits a prompt.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::parse::Fields;
use crate::problem::FieldError;

/// In bytes, without the blanks between values.
const LONGEST: usize = 16_384;
/// How many objects and lists may stand in each other, the outermost counted.
const DEEPEST: usize = 6;

/// Reads the object `name`, as it is kept: without blanks between values, in its author's order. `None` when it is absent, null
/// or wrong.
pub(crate) fn read(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<String> {
    let raw = fields.given(name)?;
    checked(fields, name, raw.get())
}

/// The same, where the object may also be given as the text that it is shown as.
pub(crate) fn read_object_or_text(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<String> {
    let raw: &RawValue = fields.given(name)?;
    match serde_json::from_str::<String>(raw.get()) {
        Ok(text) if serde_json::from_str::<&RawValue>(&text).is_ok() => checked(fields, name, text.trim()),
        _ => checked(fields, name, raw.get()),
    }
}

fn checked(fields: &mut Fields<'_, '_>, name: &'static str, raw: &str) -> Option<String> {
    if !raw.starts_with('{') {
        return fields.wrong(name, "wrong_type", "must be an object");
    }
    if depth(raw) > DEEPEST {
        return fields.wrong(
            name,
            "too_deep",
            format!("must not hold more than {DEEPEST} objects or lists in each other"),
        );
    }
    let compact = spaced(raw, ",", ":");
    if compact.len() > LONGEST {
        let detail = format!("must have {LONGEST} bytes at most; it has {}", compact.len());
        return fields.wrong(name, "too_long", detail);
    }
    let value: Value = match serde_json::from_str(&compact) {
        Ok(value) => value,
        Err(error) if error.to_string().contains("number out of range") => {
            return fields.wrong(name, "out_of_range", "holds a number that is too large");
        }
        Err(_) => {
            let detail = "contains half of a surrogate pair (\\uD800 to \\uDFFF)";
            return fields.wrong(name, "lone_surrogate", detail);
        }
    };
    let before = fields.errors().len();
    let pointer = fields.pointer_to(name);
    find_nul(&value, &pointer, fields.errors());
    (fields.errors().len() == before).then_some(compact)
}

/// Postgres takes NUL in no text.
fn find_nul(value: &Value, pointer: &str, errors: &mut Vec<FieldError>) {
    let mut wrong = |pointer: &str| errors.push(FieldError::new(pointer, "nul", "must not contain NUL characters"));
    match value {
        Value::String(text) if text.contains('\0') => wrong(pointer),
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                find_nul(value, &format!("{pointer}/{index}"), errors);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                if name.contains('\0') {
                    errors.push(FieldError::new(pointer, "nul", "must not contain NUL characters in names"));
                }
                let name = name.replace('~', "~0").replace('/', "~1");
                find_nul(value, &format!("{pointer}/{name}"), errors);
            }
        }
        _ => {}
    }
}

/// How many objects and lists stand in each other at most.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for c in outside_of_texts(json) {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn outside_of_texts(json: &str) -> impl Iterator<Item = char> {
    let (mut inside, mut escaped) = (false, false);
    json.chars().filter(move |c| {
        let outside = !inside;
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ => {}
        }
        outside
    })
}

/// JSON with these signs between values, and no other blanks.
fn spaced(json: &str, comma: &str, colon: &str) -> String {
    let mut written = String::with_capacity(json.len());
    let (mut inside, mut escaped) = (false, false);
    for c in json.chars() {
        if inside {
            written.push(c);
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => inside = false,
                _ => {}
            }
            continue;
        }
        match c {
            ' ' | '\t' | '\n' | '\r' => {}
            ',' => written.push_str(comma),
            ':' => written.push_str(colon),
            _ => {
                inside = c == '"';
                written.push(c);
            }
        }
    }
    written
}

/// As Python's `json.dumps` spaces it.
pub(crate) fn as_python_writes(criteria: &str) -> String {
    spaced(criteria, ", ", ": ")
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{as_python_writes, depth, read, read_object_or_text};
    use crate::parse::{Errors, Fields};

    fn given(
        json: &str,
        work: fn(&mut Fields<'_, '_>, &'static str) -> Option<String>,
    ) -> Result<Option<String>, String> {
        let raw: &RawValue = serde_json::from_str(json).expect("JSON");
        let mut errors = Errors::new();
        let read = work(&mut Fields::of(raw, "", &mut errors).expect("an object"), "criteria");
        match errors.first() {
            Some(error) => Err(format!("{} {}", error.pointer, error.code)),
            None => Ok(read),
        }
    }

    #[test]
    fn criteria_keep_their_order_and_lose_their_blanks() {
        let kept = given(r#"{"criteria": { "size" : [1, 2.50],"a": "b, c: \"d\"" }}"#, read);
        let expected = r#"{"size":[1,2.50],"a":"b, c: \"d\""}"#;
        assert_eq!(kept, Ok(Some(expected.to_owned())));
        assert_eq!(as_python_writes(expected), r#"{"size": [1, 2.50], "a": "b, c: \"d\""}"#);
        assert_eq!(given(r#"{"criteria": null}"#, read), Ok(None));
    }

    #[test]
    fn a_text_that_holds_an_object_is_taken_where_it_may_be() {
        let body = r#"{"criteria": "{\"age_range\": \"20-30\"}"}"#;
        assert_eq!(given(body, read_object_or_text), Ok(Some(r#"{"age_range":"20-30"}"#.to_owned())));
        assert_eq!(given(body, read), Err("/criteria wrong_type".to_owned()));
        assert_eq!(given(r#"{"criteria": "young"}"#, read_object_or_text), Err("/criteria wrong_type".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_found_at_its_pointer() {
        let long = format!(r#"{{"criteria": {{"a": "{}"}}}}"#, "x".repeat(16_384));
        for (body, error) in [
            (r#"{"criteria": [1]}"#, "/criteria wrong_type"),
            (r#"{"criteria": {"a": {"b/c": ["x", "\u0000"]}}}"#, "/criteria/a/b~1c/1 nul"),
            (r#"{"criteria": {"a\u0000": 1}}"#, "/criteria nul"),
            (r#"{"criteria": {"a": "\ud800"}}"#, "/criteria lone_surrogate"),
            (r#"{"criteria": {"a": 1e999}}"#, "/criteria out_of_range"),
            (r#"{"criteria": {"a": [[[[[[1]]]]]]}}"#, "/criteria too_deep"),
            (&long, "/criteria too_long"),
        ] {
            assert_eq!(given(body, read), Err(error.to_owned()), "{body}");
        }
    }

    #[test]
    fn brackets_in_texts_are_no_depth() {
        assert_eq!(depth(r#"{"a": "[[[{\"[[", "b": [{}]}"#), 3);
        assert_eq!(depth(&"[".repeat(100_000)), 100_000);
    }
}
