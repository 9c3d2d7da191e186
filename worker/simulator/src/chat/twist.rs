//! What a fault does to an answer that is otherwise as usual.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The answer with other values where pointers point. One that is no JSON stays as it is.
pub(super) fn changed(answer: &str, changes: &BTreeMap<String, Value>) -> String {
    let Ok(mut root) = serde_json::from_str::<Value>(answer) else { return answer.to_owned() };
    for (pointer, value) in changes {
        put(&mut root, pointer, value);
    }
    root.to_string()
}

/// The answer with words in the longest of its texts.
pub(super) fn with_words(answer: &str, words: &str) -> String {
    let Some(mut root) = object(answer) else { return spoken_in(answer, words) };
    let longest = texts(&mut root).into_iter().max_by_key(|text| text.len());
    if let Some(text) = longest {
        *text = spoken_in(text, words);
    }
    Value::Object(root).to_string()
}

/// The answer without words, whatever their case.
pub(super) fn without_words(answer: &str, words: &str) -> String {
    let Some(mut root) = object(answer) else { return left_out(answer, words) };
    for text in texts(&mut root) {
        *text = left_out(text, words);
    }
    Value::Object(root).to_string()
}

fn object(answer: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(answer).ok()
}

fn put(root: &mut Value, pointer: &str, value: &Value) {
    if let Some(place) = root.pointer_mut(pointer) {
        *place = value.clone();
        return;
    }
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    match root.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.insert(name.replace("~1", "/").replace("~0", "~"), value.clone());
        }
        Some(Value::Array(items)) if name == "-" => items.push(value.clone()),
        _ => {}
    }
}

/// Every text in an object.
fn texts(root: &mut Map<String, Value>) -> Vec<&mut String> {
    let mut found = Vec::new();
    let mut rest: Vec<&mut Value> = root.values_mut().collect();
    while let Some(value) = rest.pop() {
        match value {
            Value::String(text) => found.push(text),
            Value::Array(items) => rest.extend(items),
            Value::Object(fields) => rest.extend(fields.values_mut()),
            _ => {}
        }
    }
    found
}

/// Words after the first sentence, as one of their own.
fn spoken_in(text: &str, words: &str) -> String {
    match text.find(['.', '!', '?']) {
        Some(end) => format!("{} {words}.{}", &text[..=end], &text[end + 1..]),
        None => format!("{text} {words}"),
    }
}

fn left_out(text: &str, words: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let end = prefix_len(rest, words);
        if end > 0 {
            at += end;
        } else {
            let letter = rest.chars().next().unwrap_or_default();
            kept.push(letter);
            at += letter.len_utf8();
        }
    }
    kept
}

/// How many bytes of `text` are `words`, in any case; 0 where it begins otherwise.
fn prefix_len(text: &str, words: &str) -> usize {
    let mut letters = text.char_indices();
    for wanted in words.chars() {
        match letters.next() {
            Some((_, letter)) if letter.to_lowercase().eq(wanted.to_lowercase()) => {}
            _ => return 0,
        }
    }
    letters.next().map_or(text.len(), |(end, _)| end)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_replace_and_add() {
        let changes = BTreeMap::from([
            ("/title".to_owned(), json!("Short")),
            ("/entries/1/date".to_owned(), json!("never")),
            ("/entries/-".to_owned(), json!({ "date": "2027-01-03" })),
            ("/extra".to_owned(), json!(1)),
        ]);
        let answer = json!({ "title": "Long", "entries": [{ "date": "a" }, { "date": "b" }] }).to_string();
        let got: Value = serde_json::from_str(&changed(&answer, &changes)).expect("JSON");
        let entries = json!([{ "date": "a" }, { "date": "never" }, { "date": "2027-01-03" }]);
        assert_eq!(got, json!({ "title": "Short", "entries": entries, "extra": 1 }));
        assert_eq!(changed("no JSON", &changes), "no JSON");
    }

    #[test]
    fn words_come_and_go() {
        assert_eq!(with_words("One. Two.", "cheap"), "One. cheap. Two.");
        assert_eq!(with_words("One", "cheap"), "One cheap");
        let answer = json!({ "a": "short", "b": { "c": "Quite long. Yes." } }).to_string();
        let got: Value = serde_json::from_str(&with_words(&answer, "cheap")).expect("JSON");
        assert_eq!(got, json!({ "a": "short", "b": { "c": "Quite long. cheap. Yes." } }));
        assert_eq!(without_words("Große GRÖSSE, große Freude", "große"), " GRÖSSE,  Freude");
        let got = without_words(&json!(["x"]).to_string(), "x");
        assert_eq!(got, "[\"\"]", "only objects are looked into");
    }
}
