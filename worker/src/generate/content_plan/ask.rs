//! The request for some entries of a plan.

use serde_json::{Value, json};
use shared::domain::Context;
use shared::kinds::content_plan::Slot;
use shared::kinds::{ContentPlanParameters, PlanEntry};

use super::TITLE;
use crate::gateway::{AnswerSchema, ChatAsk};
use crate::generate::brief::Brief;
use crate::generate::structured::{self, list, object, text};
use crate::prompts::fill;

/// From which side an entry looks at its topic, one a line. Their number is prime: whatever the number of channels, each
/// meets all of them before one comes again.
const ANGLES: &str = include_str!("angles.txt");
/// The titles of other parts that a request names.
const MOST_TITLES: usize = 120;

pub(super) fn ask(
    parameters: &ContentPlanParameters,
    slots: &[Slot],
    taken: &[PlanEntry],
    context: &Context,
) -> ChatAsk<String> {
    let language = structured::language(parameters.language.as_deref(), "the language that the topic is written in");
    let rules = fill(include_str!("../content_plan.md"), &[("language", &language), ("title", &TITLE.to_string())]);
    let mut brief = Brief::default()
        .line("Topic", Some(&parameters.topic))
        .line("Brand", parameters.brand_name.as_deref())
        .line("Audience", parameters.audience.as_deref())
        .line("Start date", Some(&parameters.start_date.to_string()))
        .line("Days", Some(&parameters.days.to_string()))
        .list("Channels", &parameters.channels)
        .line("Language", parameters.language.as_deref());
    // The nearest ones are the likeliest to be met again.
    for entry in taken.iter().rev().take(MOST_TITLES) {
        brief = brief.line("Already planned", Some(&entry.title));
    }
    let angles: Vec<&str> = ANGLES.lines().collect();
    for slot in slots {
        let angle = angles[slot.number as usize % angles.len()];
        let date = slot.date.format("%Y-%m-%d");
        let line = format!("{date} | {} | {angle}", slot.channel);
        brief = brief.line(&format!("Slot {}", slot.number), Some(&line));
    }
    structured::ask(rules, brief, context, AnswerSchema { name: "content_plan", schema: schema() })
}

pub(super) fn schema() -> Value {
    let entry = object([
        ("slot", json!({ "type": "integer" })),
        ("title", text()),
        ("idea", text()),
        ("format", text()),
        ("call_to_action", text()),
        ("hashtags", list(&text())),
    ]);
    object([("entries", list(&entry))])
}
