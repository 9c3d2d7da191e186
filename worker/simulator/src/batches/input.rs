//! The strict reading of a batch's input file. What is wrong with it fails the batch as a whole, with a list of errors.

use std::collections::HashSet;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::prices::Prices;

/// The most requests that a file holds.
const MOST_LINES: usize = 50_000;
/// The most errors that are listed.
const MOST_ERRORS: usize = 50;

/// One request of a file.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) custom_id: String,
    pub(super) body: Bytes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<'a> {
    custom_id: Option<String>,
    method: Option<String>,
    url: Option<String>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// Reads a file: its lines and their model, or everything that is wrong with it.
pub(super) fn read(input: &[u8], prices: &Prices) -> Result<(Vec<Line>, String), Vec<Value>> {
    let mut reader = Reader { prices, lines: Vec::new(), model: None, seen: HashSet::new(), errors: Vec::new() };
    for (number, line) in (1..).zip(input.split(|byte| *byte == b'\n')) {
        if !line.trim_ascii().is_empty() {
            reader.line(number, line);
        }
    }
    if reader.lines.is_empty() && reader.errors.is_empty() {
        reader.errors.push(error("empty_file", "The input file holds no request.", None, None));
    }
    if reader.lines.len() > MOST_LINES {
        let message = format!("The input file holds more than {MOST_LINES} requests.");
        reader.errors.push(error("too_many_tasks", &message, None, None));
    }
    if reader.errors.is_empty() { Ok((reader.lines, reader.model.unwrap_or_default())) } else { Err(reader.errors) }
}

struct Reader<'a> {
    prices: &'a Prices,
    lines: Vec<Line>,
    model: Option<String>,
    seen: HashSet<String>,
    errors: Vec<Value>,
}

impl Reader<'_> {
    fn line(&mut self, number: usize, line: &[u8]) {
        match self.read(line) {
            Ok(line) => self.lines.push(line),
            Err((code, param, message)) if self.errors.len() < MOST_ERRORS => {
                self.errors.push(error(code, &message, param, Some(number)));
            }
            Err(_) => {}
        }
    }

    fn read(&mut self, line: &[u8]) -> Result<Line, (&'static str, Option<&'static str>, String)> {
        let entry: Entry<'_> = serde_json::from_slice(line)
            .map_err(|_| ("invalid_json_line", None, "This line is not parseable as valid JSON.".to_owned()))?;
        let missing = |name: &'static str| {
            ("missing_required_parameter", Some(name), format!("Missing required parameter: '{name}'."))
        };
        let custom_id = entry.custom_id.filter(|id| !id.is_empty()).ok_or_else(|| missing("custom_id"))?;
        if entry.method.as_deref() != Some("POST") {
            return Err(("invalid_method", Some("method"), "The method of a request must be 'POST'.".to_owned()));
        }
        if entry.url.as_deref() != Some("/v1/chat/completions") {
            let message = "The URL of a request must be the endpoint of the batch.".to_owned();
            return Err(("invalid_url", Some("url"), message));
        }
        let body = entry.body.ok_or_else(|| missing("body"))?;
        let model = self.model_of(body)?;
        if *self.model.get_or_insert_with(|| model.clone()) != model {
            let message = "All requests of a batch must be for the same model.".to_owned();
            return Err(("mismatched_model", Some("body.model"), message));
        }
        if !self.seen.insert(custom_id.clone()) {
            let message = format!("The custom_id '{custom_id}' appears more than once in this file.");
            return Err(("duplicate_custom_id", Some("custom_id"), message));
        }
        Ok(Line { custom_id, body: Bytes::copy_from_slice(body.get().as_bytes()) })
    }

    fn model_of(&self, body: &RawValue) -> Result<String, (&'static str, Option<&'static str>, String)> {
        #[derive(Deserialize)]
        struct Named {
            model: String,
        }
        let Ok(Named { model }) = serde_json::from_str(body.get()) else {
            let message = "Missing required parameter: 'body.model'.".to_owned();
            return Err(("missing_required_parameter", Some("body.model"), message));
        };
        let known = self.prices.model(&model);
        if known.is_none_or(|known| known.batch_percent.is_none()) {
            let message = format!("The model '{model}' is not supported by the Batch API.");
            return Err(("model_not_found", Some("body.model"), message));
        }
        Ok(model)
    }
}

/// An error of a batch as the protocol writes it.
pub(super) fn error(code: &str, message: &str, param: Option<&str>, line: Option<usize>) -> Value {
    json!({ "code": code, "message": message, "param": param, "line": line })
}
