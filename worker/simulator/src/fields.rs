//! The top level of a request body, read strictly: every field is known, and has the right type.
//!
//! Fields are kept as raw JSON until asked for, so that an error can name the field it is about, as providers do.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::refusal::Refusal;

#[derive(Debug)]
pub(crate) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(body).map(Self).map_err(|error| {
            let message = format!(
                "We could not parse the JSON body of your request. The API expects a JSON payload, but what was sent \
                 was not valid JSON. ({error})"
            );
            Refusal::bad_request(Value::Null, message)
        })
    }

    /// A field that may be absent or null.
    pub(crate) fn optional<T: Deserialize<'a>>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let Some(raw) = self.0.get(name) else { return Ok(None) };
        serde_json::from_str(raw.get()).map_err(|error| {
            let why = error.to_string();
            let why = why.split(" at line ").next().unwrap_or_default();
            Refusal::bad_request("invalid_type", format!("Invalid type for '{name}': {why}.")).about(name)
        })
    }

    pub(crate) fn required<T: Deserialize<'a>>(&self, name: &str) -> Result<T, Refusal> {
        self.optional(name)?.ok_or_else(|| {
            let message = format!("Missing required parameter: '{name}'.");
            Refusal::bad_request("missing_required_parameter", message).about(name)
        })
    }

    /// A number within bounds.
    pub(crate) fn bounded(&self, name: &str, low: f64, high: f64) -> Result<Option<f64>, Refusal> {
        let value: Option<f64> = self.optional(name)?;
        match value {
            Some(number) if number < low => {
                let message = format!(
                    "Invalid '{name}': decimal below minimum value. Expected a value >= {low}, but got {number}."
                );
                Err(Refusal::bad_request("decimal_below_min_value", message).about(name))
            }
            Some(number) if number > high => {
                let message = format!(
                    "Invalid '{name}': decimal above maximum value. Expected a value <= {high}, but got {number}."
                );
                Err(Refusal::bad_request("decimal_above_max_value", message).about(name))
            }
            checked => Ok(checked),
        }
    }

    /// A whole number within bounds.
    pub(crate) fn counted(&self, name: &str, low: u64, high: u64) -> Result<Option<u64>, Refusal> {
        let value: Option<i64> = self.optional(name)?;
        let Some(number) = value else { return Ok(None) };
        match u64::try_from(number) {
            Ok(count) if (low..=high).contains(&count) => Ok(Some(count)),
            Ok(count) if count > high => {
                let message = format!(
                    "Invalid '{name}': integer above maximum value. Expected a value <= {high}, but got {number}."
                );
                Err(Refusal::bad_request("integer_above_max_value", message).about(name))
            }
            _ => {
                let message = format!(
                    "Invalid '{name}': integer below minimum value. Expected a value >= {low}, but got {number}."
                );
                Err(Refusal::bad_request("integer_below_min_value", message).about(name))
            }
        }
    }

    /// One of a list of words.
    pub(crate) fn word(&self, name: &str, allowed: &[&str]) -> Result<Option<String>, Refusal> {
        let value: Option<String> = self.optional(name)?;
        match value {
            Some(word) if !allowed.contains(&word.as_str()) => {
                let list = allowed.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
                let message = format!("Invalid value: '{word}'. Supported values are: {list}.");
                Err(Refusal::bad_value(name, message))
            }
            checked => Ok(checked),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|raw| raw.get() != "null")
    }

    pub(crate) fn only(&self, known: &[&[&str]]) -> Result<(), Refusal> {
        match self.0.keys().find(|name| !known.iter().any(|list| list.contains(&name.as_str()))) {
            Some(name) => {
                let message = format!("Unknown parameter: '{name}'.");
                Err(Refusal::bad_request("unknown_parameter", message).about(name))
            }
            None => Ok(()),
        }
    }
}

/// Tokens of a text: about four bytes each.
pub(crate) fn tokens_of_bytes(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(4).max(1)
}
