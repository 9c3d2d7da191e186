//! The subject line of an email and the preview text beside it.

use serde_json::{Value, json};

use super::task::{Task, raised};
use crate::{seed::Seed, shorten::shorten};

/// The longest subject and the longest preview beside others, in characters.
const SUBJECT: usize = 60;
const PREVIEW: usize = 110;

pub(super) fn write(task: &Task, seed: &mut Seed) -> Value {
    let (email, moments) = (&task.words.email, &task.words.moments);
    let count = task.labels.number(&["count", "number", "variations"]).unwrap_or(3).clamp(1, 20) as usize;
    let begin = seed.below(email.subjects.len());
    let mut written: Vec<(String, String)> = Vec::with_capacity(count);
    // The lines in their order from wherever it begins, then the topic at every moment.
    for at in 0..email.subjects.len() + moments.len() {
        let (moment, place) = (&moments[at % moments.len()], (begin + at) % email.subjects.len());
        let line =
            if at < email.subjects.len() { &email.subjects[place] } else { &format!("{}, {moment}", task.topic) };
        let subject = shorten(&task.fill(line, seed), SUBJECT);
        let text = format!("{} {}.", email.previews[(begin + at) % email.previews.len()], raised(moment));
        let text = task.fill(&text, seed);
        if written.len() < count && task.is_clean(&subject) && written.iter().all(|(other, _)| *other != subject) {
            let preview = with_words(task, &subject, text, seed);
            written.push((subject, preview));
        }
    }
    let (subject, preview) = written.first().cloned().unwrap_or_default();
    let subjects: Vec<Value> = written
        .iter()
        .map(|(subject, preview)| json!({ "subject": subject, "preview": shorten(preview, PREVIEW) }))
        .collect();
    json!({
        "subjects": subjects,
        "subject": subject,
        "subject_line": subject,
        "preview_text": preview,
        "preview": preview,
        "preheader": preview,
    })
}

/// A preview with the words that have to be read, unless its subject has them.
fn with_words(task: &Task, subject: &str, text: String, seed: &mut Seed) -> String {
    let said = format!("{subject} {text}");
    let mut preview = text;
    for sentence in task.still_to_say(&said, seed) {
        preview = format!("{sentence} {preview}");
    }
    for keyword in &task.keywords {
        if !said.to_lowercase().contains(&keyword.to_lowercase()) {
            preview = format!("{}: {preview}", raised(keyword));
        }
    }
    shorten(&preview, 140)
}
