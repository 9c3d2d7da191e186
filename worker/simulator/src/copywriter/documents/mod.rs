//! Longer writing: pages, plans, emails and free text.
//!
//! Which document is written is told by the name of the schema it has to follow. A document is written as JSON with more
//! fields than any schema asks for, under the names that such schemas use; the schema then takes from it what it wants
//! ([`crate::chat`]).

mod content_plan;
mod email;
mod marketing_plan;
mod page;
mod prose;
mod task;
mod words;

use serde_json::Value;

pub(super) use task::Task;

use crate::seed::Seed;

/// The document for a schema of this name; `None` where the name says nothing.
pub(super) fn write(schema: &str, task: &Task, seed: &mut Seed) -> Option<Value> {
    let name = super::plain(schema);
    let mut document = match () {
        () if name.contains("seo") || name.contains("page") || name.contains("article") => page::write(task, seed),
        () if name.contains("contentplan") || name.contains("calendar") => content_plan::write(task, seed),
        () if name.contains("marketingplan") || name == "plan" => marketing_plan::write(task, seed),
        () if name.contains("email") || name.contains("subject") => email::write(task, seed),
        () => return None,
    };
    without_banned(&mut document, task);
    Some(document)
}

/// Takes away what the sentences could not avoid.
fn without_banned(value: &mut Value, task: &Task) {
    match value {
        Value::String(text) if !task.is_clean(text) => *text = task.cleaned(text),
        Value::Array(items) => items.iter_mut().for_each(|item| without_banned(item, task)),
        Value::Object(fields) => fields.values_mut().for_each(|field| without_banned(field, task)),
        _ => {}
    }
}

pub(super) use prose::write as prose;

#[cfg(test)]
mod tests;
