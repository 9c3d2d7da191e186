//! The subject line of an email and the preview text beside it.

use serde_json::{Value, json};

use super::task::Task;
use crate::{seed::Seed, shorten::shorten};

pub(super) fn write(task: &Task, seed: &mut Seed) -> Value {
    let email = &task.words.email;
    let mut subject = task.choose(&email.subjects, seed);
    if subject.chars().count() > 60 {
        subject = shorten(&subject, 60);
    }
    let mut preview = task.choose(&email.previews, seed);
    let said = format!("{subject} {preview}");
    for sentence in task.still_to_say(&said, seed) {
        preview = format!("{sentence} {preview}");
    }
    for keyword in &task.keywords {
        if !said.to_lowercase().contains(&keyword.to_lowercase()) {
            preview = format!("{}: {preview}", super::task::raised(keyword));
        }
    }
    let preview = shorten(&preview, 140);
    let count = task.labels.number(&["count", "number", "variations"]).unwrap_or(3).clamp(1, 20) as usize;
    let others = (1..count).map(|at| {
        let line = &email.subjects[at % email.subjects.len()];
        let moment = &task.words.moments[at % task.words.moments.len()];
        let other = if at < email.subjects.len() { task.fill(line, seed) } else { format!("{}, {moment}", task.topic) };
        json!({ "subject": shorten(&other, 60), "preview": shorten(&preview, 110) })
    });
    let first = json!({ "subject": subject, "preview": shorten(&preview, 110) });
    let subjects: Vec<Value> =
        std::iter::once(first).chain(others.filter(|other| other["subject"] != *subject)).collect();
    json!({
        "subjects": subjects,
        "subject": subject,
        "subject_line": subject,
        "preview_text": preview,
        "preview": preview,
        "preheader": preview,
    })
}
