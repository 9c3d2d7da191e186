//! `GET /v1/models`.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::prices::{Model, Prices};

pub(crate) fn list(prices: &Prices) -> Bytes {
    let models: Vec<Value> = prices.models().map(|model| describe(model)).collect();
    Bytes::from(json!({ "object": "list", "data": models }).to_string())
}

pub(crate) fn one(model: &Model) -> Bytes {
    Bytes::from(describe(model).to_string())
}

fn describe(model: &Model) -> Value {
    let mut described = json!({
        "id": &*model.id,
        "object": "model",
        "created": 1_767_225_600,
        "owned_by": "simulator",
    });
    if let Some(date) = &model.shutdown_date {
        described["shutdown_date"] = Value::from(date.as_str());
    }
    described
}
