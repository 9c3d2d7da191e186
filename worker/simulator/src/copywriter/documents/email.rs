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
    json!({
        "subject": subject,
        "subject_line": subject,
        "preview_text": preview,
        "preview": preview,
        "preheader": preview,
    })
}
