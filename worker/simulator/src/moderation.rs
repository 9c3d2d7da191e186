//! `POST /v1/moderations`.
//!
//! What is flagged is decided by a few phrases that no marketing text contains, and by faults.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    bill::RequestId,
    fields::{Fields, tokens_of_bytes},
    prices::{Model, Prices, Tariff},
    refusal::Refusal,
};

const CATEGORIES: [&str; 13] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

/// Phrases that flag a text, and the category they flag it as.
const PHRASES: [(&str, &str); 6] = [
    ("i will kill you", "harassment/threatening"),
    ("how to build a bomb", "illicit/violent"),
    ("subhuman vermin", "hate"),
    ("kill myself", "self-harm/intent"),
    ("explicit sex", "sexual"),
    ("blood and gore", "violence/graphic"),
];

/// A moderation request that a provider would accept.
#[derive(Debug)]
pub(crate) struct ModerationRequest {
    pub(crate) model: Arc<Model>,
    pub(crate) texts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Many(Vec<String>),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

impl ModerationRequest {
    pub(crate) fn read(body: &[u8], prices: &Prices) -> Result<Self, (String, Refusal)> {
        let fields = Fields::parse(body).map_err(|refusal| (String::new(), refusal))?;
        let name = fields.optional::<String>("model").map_err(|refusal| (String::new(), refusal))?;
        let name = name.unwrap_or_else(|| "omni-moderation-latest".into());
        Self::check(&fields, &name, prices).map_err(|refusal| (name, refusal))
    }

    fn check(fields: &Fields, name: &str, prices: &Prices) -> Result<Self, Refusal> {
        let model = prices.model(name).ok_or_else(|| Refusal::no_such_model(name))?.clone();
        if !matches!(model.tariff, Tariff::Moderation) {
            return Err(Refusal::bad_value("model", format!("Invalid value for 'model' = {name}.")));
        }
        fields.only(&[&["model", "input"]])?;
        let texts = match fields.required("input")? {
            Input::One(text) => vec![text],
            Input::Many(texts) => texts,
            Input::Parts(parts) => {
                // Parts are judged together, as one input. Pictures have no text.
                let texts = parts.into_iter().filter(|part| part.kind == "text").filter_map(|part| part.text);
                vec![texts.collect::<Vec<_>>().join("\n")]
            }
        };
        if texts.is_empty() {
            let message = "Invalid 'input': empty array. Expected an array with minimum length 1.";
            return Err(Refusal::bad_request("empty_array", message).about("input"));
        }
        Ok(Self { model, texts })
    }

    pub(crate) fn tokens(&self) -> u64 {
        tokens_of_bytes(self.texts.iter().map(String::len).sum())
    }

    /// The JSON of the answer; `flagged` is a category to flag whatever the text says.
    pub(crate) fn render(&self, id: RequestId, flagged: Option<&str>) -> Bytes {
        let results: Vec<Value> = self.texts.iter().map(|text| judge(text, flagged)).collect();
        Bytes::from(json!({ "id": format!("modr-{id}"), "model": &*self.model.id, "results": results }).to_string())
    }
}

fn judge(text: &str, forced: Option<&str>) -> Value {
    let lower = text.to_lowercase();
    let found = PHRASES.iter().filter(|(phrase, _)| lower.contains(phrase)).map(|(_, category)| *category);
    let flagged: Vec<&str> = found.chain(forced).collect();
    let mut categories = Map::new();
    let mut scores = Map::new();
    let mut applied = Map::new();
    for category in CATEGORIES.iter().copied().chain(forced.filter(|name| !CATEGORIES.contains(name))) {
        let hit = flagged.contains(&category);
        categories.insert(category.into(), hit.into());
        scores.insert(category.into(), (if hit { 0.97 } else { 0.0001 }).into());
        applied.insert(category.into(), json!(["text"]));
    }
    json!({
        "flagged": !flagged.is_empty(),
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": applied,
    })
}
