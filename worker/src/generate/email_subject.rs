//! Subject lines of a mailing, with their preview texts.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use shared::domain::Context;
use shared::kinds::email_subject::{EmailSubjectParameters, EmailSubjectResult, PREVIEW, SUBJECT, SubjectLine};
use shared::store::advance::Made;

use super::Job;
use super::brief::Brief;
use super::review::{Fault, Reviewed, Scores, written};
use super::structured::{self, list, object, text};
use super::voice::heard;
use crate::checks::Words;
use crate::gateway::{AnswerSchema, ChatAsk, Stop};
use crate::prompts::fill;

/// Phrases that filters take for spam, one a line.
const SPAM: &str = include_str!("email_subject/spam.txt");
/// Shorter words in capitals are abbreviations.
const SHOUTED: usize = 4;

pub(super) async fn make(job: &mut Job<'_>) -> Result<Made, Stop> {
    let parameters: EmailSubjectParameters = job.parameters()?;
    let context = job.context;
    let ask = ask(&parameters, context);
    let kept = written(job, ask, |draft| look(draft, &parameters, context)).await?;
    Ok(kept.made(|subjects, remarks| EmailSubjectResult { subjects, remarks }))
}

fn ask(parameters: &EmailSubjectParameters, context: &Context) -> ChatAsk<String> {
    let rules = fill(
        include_str!("email_subject.md"),
        &[
            (
                "language",
                &structured::language(parameters.language.as_deref(), "the language that the topic is written in"),
            ),
            ("count", &parameters.count.to_string()),
            ("subject", &SUBJECT.to_string()),
            ("least", &PREVIEW.start().to_string()),
            ("most", &PREVIEW.end().to_string()),
        ],
    );
    let brief = Brief::default()
        .line("Topic", Some(&parameters.topic))
        .line("Audience", parameters.audience.as_deref())
        .line("Tone", parameters.tone.as_deref())
        .line("Count", Some(&parameters.count.to_string()))
        .line("Language", parameters.language.as_deref());
    structured::ask(rules, brief, context, AnswerSchema { name: "email_subject", schema: schema() })
}

fn schema() -> Value {
    object([("subjects", list(&object([("subject", text()), ("preview", text())])))])
}

/// What a model writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    subjects: Vec<SubjectLine>,
}

fn look(answer: &str, parameters: &EmailSubjectParameters, context: &Context) -> Reviewed<Vec<SubjectLine>> {
    let draft: Draft = match structured::read(answer) {
        Ok(draft) => draft,
        Err(fault) => return structured::unreadable(fault),
    };
    let asked = usize::from(parameters.count);
    let (mut faults, mut seen) = (Vec::new(), BTreeSet::new());
    let mut lines: Vec<SubjectLine> = Vec::with_capacity(asked);
    for line in draft.subjects {
        if line.subject.is_empty() || line.preview.is_empty() {
            faults.push(Fault::slight("a subject or a preview is empty"));
        } else if !seen.insert(Words::of(&line.subject).iter().collect::<Vec<_>>().join(" ")) {
            faults.push(Fault::slight(format!("the subject \"{}\" is there twice", line.subject)));
        } else {
            lines.push(line);
        }
    }
    lines.truncate(asked);
    if lines.len() < asked {
        faults.push(Fault::grave(format!("there are {} different subjects, and {asked} were asked for", lines.len())));
    }
    let complete = lines.len() as f64 / asked.max(1) as f64;
    let (mut fitting, mut quiet) = (0, 0);
    for line in &lines {
        let before = faults.len();
        lengths(line, &mut faults);
        fitting += usize::from(faults.len() == before);
        let before = faults.len();
        manners(line, &mut faults);
        quiet += usize::from(faults.len() == before);
    }
    let part = |good: usize| good as f64 / lines.len().max(1) as f64;
    let scores =
        Scores::default().with("complete", complete).with("lengths", part(fitting)).with("manners", part(quiet));
    let everything: Vec<String> = lines.iter().map(|line| format!("{}\n{}", line.subject, line.preview)).collect();
    let scores = heard(&everything.join("\n"), parameters.language.as_deref(), context, &mut faults, scores);
    Reviewed { value: Some(lines), faults, scores }
}

fn lengths(line: &SubjectLine, faults: &mut Vec<Fault>) {
    let (subject, preview) = (line.subject.chars().count(), line.preview.chars().count());
    if subject > SUBJECT {
        faults.push(Fault::slight(format!(
            "the subject \"{}\" has {subject} characters, {SUBJECT} at most",
            line.subject
        )));
    }
    if !PREVIEW.contains(&preview) {
        let (least, most) = (PREVIEW.start(), PREVIEW.end());
        let fault = format!("the preview of \"{}\" has {preview} characters; it needs {least} to {most}", line.subject);
        faults.push(Fault::slight(fault));
    }
}

/// Neither shouting nor what filters take for spam.
fn manners(line: &SubjectLine, faults: &mut Vec<Fault>) {
    let shouted = |word: &&str| {
        word.chars().filter(|c| c.is_alphabetic()).count() >= SHOUTED
            && !word.chars().any(char::is_lowercase)
            && word.chars().any(char::is_uppercase)
    };
    if let Some(word) = line.subject.split_whitespace().find(shouted) {
        faults.push(Fault::slight(format!("\"{word}\" in \"{}\" is in capitals", line.subject)));
    }
    let words = Words::of(&format!("{}\n{}", line.subject, line.preview));
    if let Some(phrase) = SPAM.lines().find(|phrase| words.has(phrase)) {
        faults.push(Fault::slight(format!("filters may take \"{phrase}\" in \"{}\" for spam", line.subject)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::domain::{BrandKit, Context};
    use shared::kinds::email_subject::EmailSubjectParameters;

    use super::{ask, look};
    use crate::generate::structured::tests::assert_sent;

    fn parameters() -> EmailSubjectParameters {
        EmailSubjectParameters {
            topic: "The winter bread box".to_owned(),
            audience: Some("regulars".to_owned()),
            tone: Some("warm".to_owned()),
            count: 2,
            language: None,
        }
    }

    fn looked(subjects: &Value) -> (usize, Vec<(bool, String)>) {
        let answer = json!({"subjects": subjects}).to_string();
        let reviewed = look(&answer, &parameters(), &Context::default());
        let faults = reviewed.faults.into_iter().map(|fault| (fault.grave, fault.what)).collect();
        (reviewed.value.map(|lines| lines.len()).unwrap_or_default(), faults)
    }

    const PREVIEW: &str = "Three loaves for the cold days, packed on Friday and at your door.";

    #[test]
    fn what_is_sent_says_how_many_and_how_long() {
        let ask = ask(&parameters(), &Context::default());
        assert_sent(&ask, include_str!("golden/email_subject.txt"));
    }

    #[test]
    fn good_lines_are_kept_and_more_than_asked_are_dropped() {
        let line = |subject: &str| json!({"subject": subject, "preview": PREVIEW});
        assert_eq!(
            looked(&json!([line("A box for winter"), line("Cold out? Warm in"), line("One more")])),
            (2, vec![])
        );
    }

    #[test]
    fn shouting_spam_copies_and_lengths_are_told() {
        let told = |subject: &str, preview: &str| {
            let good = json!({"subject": "A box for winter", "preview": PREVIEW});
            let (_, faults) = looked(&json!([good, {"subject": subject, "preview": preview}]));
            faults.into_iter().map(|(grave, what)| format!("{grave} {what}")).collect::<Vec<_>>().join("; ")
        };
        assert!(told("BREAD for you", PREVIEW).starts_with("false \"BREAD\" in"), "{}", told("BREAD for you", PREVIEW));
        assert!(told("DIY rye, step by step", PREVIEW).is_empty(), "abbreviations may stay");
        assert!(told("Act now for bread", PREVIEW).contains("filters may take \"act now\""));
        assert!(told("a box, for WINTER!", PREVIEW).contains("is there twice"));
        assert!(told("a box, for WINTER!", PREVIEW).contains("true there are 1 different subjects"));
        assert!(told(&"Long ".repeat(15), PREVIEW).contains("74 characters, 60 at most"));
        assert!(told("Short preview", "Hi.").contains("has 3 characters; it needs 40 to 110"));
    }

    #[test]
    fn a_banned_word_in_a_subject_or_a_preview_is_grave() {
        let brand = BrandKit { banned_words: vec!["winter".to_owned(), "cheap".to_owned()], ..BrandKit::default() };
        let context = Context { brand: Some(brand), ..Context::default() };
        let lines =
            [("A box for winter", PREVIEW), ("Cold out?", "Three cheap loaves, packed on Friday, at your door.")];
        let subjects = lines.map(|(subject, preview)| json!({"subject": subject, "preview": preview}));
        let reviewed = look(&json!({"subjects": subjects}).to_string(), &parameters(), &context);
        let grave: Vec<&str> =
            reviewed.faults.iter().filter(|fault| fault.grave).map(|fault| fault.what.as_str()).collect();
        assert_eq!(
            grave,
            ["the forbidden word \"winter\" stands in it", "the forbidden word \"cheap\" stands in it"],
            "{:?}",
            reviewed.faults
        );
    }
}
