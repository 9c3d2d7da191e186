//! A followed batch at one moment, ready to be sent: its view, and what changed since the moment before. Made once a change,
//! however many follow.

use std::sync::Arc;

use poem_openapi::types::ToJSON;
use serde_json::{Map, Value};
use shared::store::batches::Batch;

use super::tag::Tag;
use super::view::BatchView;
use crate::media::Links;

/// Fields that every delta has, changed or not.
const ALWAYS: [&str; 2] = ["counts", "version"];

/// A batch at one moment.
pub struct Scene {
    pub batch: Arc<Batch>,
    pub tag: Tag,
    view: Map<String, Value>,
    /// The moment that `delta` starts from.
    before: Option<Tag>,
    delta: Arc<str>,
}

impl Scene {
    pub fn new(batch: Arc<Batch>, before: Option<&Self>, links: &Links) -> Self {
        let view = match BatchView::of(&batch, links).to_json() {
            Some(Value::Object(view)) => view,
            _ => Map::new(),
        };
        let delta = before.map_or_else(String::new, |before| delta(&before.view, &view));
        Self { tag: Tag::of(&batch), batch, view, before: before.map(|before| before.tag), delta: delta.into() }
    }

    /// The whole view, with a link to its events for one caller.
    pub fn snapshot(&self, events_url: String) -> Arc<str> {
        let mut view = self.view.clone();
        view.insert("events_url".to_owned(), Value::String(events_url));
        Value::Object(view).to_string().into()
    }

    /// What changed since another moment of the same batch.
    pub fn delta_since(&self, seen: &Self) -> Arc<str> {
        if self.before == Some(seen.tag) { Arc::clone(&self.delta) } else { delta(&seen.view, &self.view).into() }
    }
}

/// The fields that differ. One that is gone is null.
fn delta(before: &Map<String, Value>, now: &Map<String, Value>) -> String {
    let mut changed: Map<String, Value> = now
        .iter()
        .filter(|(name, value)| ALWAYS.contains(&name.as_str()) || before.get(*name) != Some(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for name in before.keys().filter(|name| !now.contains_key(*name)) {
        changed.insert(name.clone(), Value::Null);
    }
    Value::Object(changed).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::delta;

    #[test]
    fn a_delta_holds_what_changed_and_what_is_gone() {
        let (Value::Object(before), Value::Object(now)) = (
            json!({"a": 1, "b": 2, "notice": "x", "version": 1, "counts": {}}),
            json!({"a": 1, "b": 3, "version": 2, "counts": {}}),
        ) else {
            panic!("objects")
        };
        let delta: Value = serde_json::from_str(&delta(&before, &now)).expect("JSON");
        assert_eq!(delta, json!({"b": 3, "notice": null, "version": 2, "counts": {}}));
    }
}
