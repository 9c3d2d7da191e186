//! Answers as JSON: how they are asked for, and how they are read.
//!
//! The schema is sent in the strict form (every object closed, every property required), and what comes back is held to the
//! same by the type that it is read into; what a schema cannot say, each kind's room checks.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use shared::domain::{Context, Step};

use super::brief::Brief;
use super::review::{Fault, Reviewed, Scores};
use crate::gateway::{AnswerSchema, ChatAsk, Message, Role};
use crate::prompts::{clean, object_in, one_line};

/// The request for an answer of a schema. The brief gets what `context` says, behind its own lines.
pub(super) fn ask(rules: String, brief: Brief, context: &Context, schema: AnswerSchema) -> ChatAsk<String> {
    ChatAsk {
        step: Step::Text,
        route: context.route.clone(),
        messages: vec![
            Message { role: Role::System, content: rules },
            Message { role: Role::User, content: brief.context(context).end() },
        ],
        schema: Some(schema),
        max_tokens: None,
        read: Arc::new(|answer| Ok(answer.to_owned())),
    }
}

/// An answer as `T`, every text of it clean, or why it is none.
pub(super) fn read<T: DeserializeOwned>(answer: &str) -> Result<T, Fault> {
    let read = serde_json::from_str(object_in(answer)).and_then(|mut answer: Value| {
        clean_texts(&mut answer);
        serde_json::from_value(answer)
    });
    read.map_err(|error| Fault::grave(format!("the answer is not the JSON object that was asked for: {error}")))
}

fn clean_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = clean(text),
        Value::Array(items) => items.iter_mut().for_each(clean_texts),
        Value::Object(fields) => fields.values_mut().for_each(clean_texts),
        _ => {}
    }
}

/// A draft of which nothing can be made.
pub(super) fn unreadable<T>(fault: Fault) -> Reviewed<T> {
    Reviewed { value: None, faults: vec![fault], scores: Scores::default() }
}

/// The schema of a closed object that has all of these properties.
pub(super) fn object<const N: usize>(properties: [(&str, Value); N]) -> Value {
    let required: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let required = json!(required);
    let properties: Map<String, Value> =
        properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

pub(super) fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

/// How rules name the language to write in; `otherwise` where none was asked for.
pub(super) fn language(tag: Option<&str>, otherwise: &str) -> String {
    match tag.map(one_line).filter(|tag| !tag.is_empty()) {
        Some(tag) => format!("the language with the tag \"{tag}\""),
        None => otherwise.to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::read;
    use crate::gateway::ChatAsk;

    /// Asserts that an ask is sent just as a golden file says: every message under its role, then the schema.
    #[track_caller]
    pub(in crate::generate) fn assert_sent(ask: &ChatAsk<String>, golden: &str) {
        let mut sent: Vec<String> = ask
            .messages
            .iter()
            .map(|message| format!("# {:?}\n\n{}\n", message.role, message.content.trim_end()))
            .collect();
        if let Some(schema) = &ask.schema {
            let lines = serde_json::to_string_pretty(&schema.schema).expect("JSON");
            sent.push(format!("# Schema {}\n\n{lines}\n", schema.name));
            assert_strict(&schema.schema);
        }
        let sent = sent.join("\n");
        assert!(!ask.messages[0].content.contains('{'), "a place is not filled:\n{sent}");
        assert_eq!(sent, golden);
    }

    #[test]
    fn what_no_text_in_the_books_may_hold_is_left_out() {
        let answer = r#"Here: {"a": [" b\u0000ad ", {"c": "\\u0000"}], "d": 1.5}"#;
        let read: Value = read(answer).expect("read");
        assert_eq!(read, json!({ "a": ["bad", { "c": "\\u0000" }], "d": 1.5 }));
    }

    /// Asserts the strict form: every object closed, every property required.
    #[track_caller]
    fn assert_strict(schema: &Value) {
        match schema["type"].as_str() {
            Some("object") => {
                let properties = schema["properties"].as_object().expect("properties");
                let mut required: Vec<&str> =
                    schema["required"].as_array().expect("required").iter().filter_map(Value::as_str).collect();
                required.sort_unstable();
                assert_eq!(required, properties.keys().collect::<Vec<_>>(), "every property is required");
                assert_eq!(schema["additionalProperties"], false, "closed");
                properties.values().for_each(assert_strict);
            }
            Some("array") => assert_strict(&schema["items"]),
            Some("string" | "integer" | "number" | "boolean") => {}
            other => panic!("{other:?} is no type that is used here"),
        }
    }
}
