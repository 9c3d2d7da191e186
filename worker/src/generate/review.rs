//! The review of what a model wrote: asked, looked at, and asked again with what was wrong, within the tries that there are.
//!
//! What breaks the form (no JSON, a missing part, a forbidden word) is *grave*: without it being mended there is no result.
//! What only falls short (too long, a keyword missing) costs score: after the last try the best draft is kept, with remarks.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use shared::kinds::Remarks;
use shared::store::advance::{Made, Reason};

use super::Job;
use crate::gateway::{ChatAsk, Message, Role, Stop};

/// Drafts that one result may take.
const TRIES: usize = 3;
/// What was wrong that a model is told of at once.
const MOST_FAULTS: usize = 12;

/// What a draft was found to be.
#[derive(Debug)]
pub(super) struct Reviewed<T> {
    /// `None` when it cannot be read at all.
    pub(super) value: Option<T>,
    pub(super) faults: Vec<Fault>,
    pub(super) scores: Scores,
}

/// Something wrong with a draft, told to the model and, if it stays, to whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) grave: bool,
    pub(super) what: String,
}

impl Fault {
    pub(super) fn grave(what: impl Into<String>) -> Self {
        Self { grave: true, what: what.into() }
    }

    pub(super) fn slight(what: impl Into<String>) -> Self {
        Self { grave: false, what: what.into() }
    }
}

/// How good a draft is, from 0 to 1, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scores(BTreeMap<&'static str, f64>);

impl Scores {
    pub(super) fn with(mut self, name: &'static str, score: f64) -> Self {
        self.0.insert(name, (score.clamp(0.0, 1.0) * 1_000.0).round() / 1_000.0);
        self
    }

    fn overall(&self) -> f64 {
        if self.0.is_empty() { 1.0 } else { self.0.values().sum::<f64>() / self.0.len() as f64 }
    }

    pub(super) fn to_json(&self) -> Value {
        let mut scores = json!(self.0);
        scores["overall"] = json!((self.overall() * 1_000.0).round() / 1_000.0);
        scores
    }
}

/// The draft that was kept.
#[derive(Debug)]
pub(super) struct Kept<T> {
    pub(super) value: T,
    pub(super) scores: Scores,
    pub(super) remarks: Remarks,
    pub(super) model: String,
}

impl<T> Kept<T> {
    /// The part with its result, as it is stored.
    pub(super) fn made<R: Serialize>(self, result: impl FnOnce(T, Remarks) -> R) -> Made {
        let result = json!(result(self.value, self.remarks));
        Made { result, scores: self.scores.to_json(), model: self.model, image: None, print: None }
    }
}

impl<T> Reviewed<T> {
    fn rank(&self) -> (bool, f64) {
        (self.value.is_some() && !self.faults.iter().any(|fault| fault.grave), self.scores.overall())
    }
}

/// Has `ask` written until `review` finds nothing wrong, and keeps the best draft. `again` begins the message that tells what
/// was wrong.
pub(super) async fn written<T>(
    job: &mut Job<'_>,
    mut ask: ChatAsk<String>,
    review: impl Fn(&str) -> Reviewed<T>,
) -> Result<Kept<T>, Stop> {
    let gateway = &job.worker.generations.gateway;
    let mut best: Option<(Reviewed<T>, String)> = None;
    for tries_left in (0..TRIES).rev() {
        let reply = match gateway.chat(job.line, ask.clone()).await {
            Ok(reply) => reply,
            // What is good enough is paid for: whatever keeps a better one from being made, it is kept.
            Err(stop) => return best.and_then(|(draft, model)| kept(draft, model).ok()).ok_or(stop),
        };
        let draft = review(&reply.value);
        let (faults, told) = (draft.faults.clone(), complaint(&draft.faults));
        if best.as_ref().is_none_or(|(known, _)| draft.rank() > known.rank()) {
            best = Some((draft, reply.model));
        }
        if faults.is_empty() || tries_left == 0 {
            break;
        }
        job.line.reject(format!("review: {}", faults.first().map_or("", |fault| &fault.what)));
        // Only the last draft and what is wrong with it: the way there teaches nothing.
        ask.messages.truncate(2);
        ask.messages.push(Message { role: Role::Assistant, content: reply.value });
        ask.messages.push(Message { role: Role::User, content: told });
    }
    match best {
        Some((draft, model)) => kept(draft, model).map_err(|faults| Stop::Failed(not_good_enough(&faults))),
        None => Err(Stop::Failed(not_good_enough(&[]))),
    }
}

/// The draft as a result, or what is gravely wrong with it.
fn kept<T>(draft: Reviewed<T>, model: String) -> Result<Kept<T>, Vec<Fault>> {
    match draft.value {
        Some(value) if !draft.faults.iter().any(|fault| fault.grave) => {
            let remarks = Remarks(draft.faults.into_iter().map(|fault| fault.what).collect());
            Ok(Kept { value, scores: draft.scores, remarks, model })
        }
        _ => Err(draft.faults),
    }
}

fn complaint(faults: &[Fault]) -> String {
    let mut text = include_str!("again.md").trim_end().to_owned();
    for fault in faults.iter().take(MOST_FAULTS) {
        text.extend(["\n- ", &fault.what]);
    }
    text
}

fn not_good_enough(faults: &[Fault]) -> Reason {
    let what = faults.iter().find(|fault| fault.grave).map_or(String::new(), |fault| format!(": {}", fault.what));
    Reason {
        class: "quality",
        message: format!("What the models wrote did not pass the checks{what}. Ask again, or ask for less."),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Reviewed, Scores, complaint, kept};

    fn draft(faults: Vec<Fault>, score: f64) -> Reviewed<&'static str> {
        Reviewed { value: Some("draft"), faults, scores: Scores::default().with("length", score) }
    }

    #[test]
    fn a_draft_without_grave_faults_goes_before_a_better_scored_one_that_has_some() {
        let (grave, slight) = (draft(vec![Fault::grave("no title")], 1.0), draft(vec![Fault::slight("long")], 0.2));
        assert!(slight.rank() > grave.rank());
        assert!(draft(vec![], 0.9).rank() > draft(vec![], 0.8).rank());
    }

    #[test]
    fn what_falls_short_is_kept_with_remarks_and_what_breaks_the_form_is_not() {
        let good = kept(draft(vec![Fault::slight("long")], 0.5), "m".to_owned()).expect("kept");
        assert_eq!((good.value, &good.remarks.0[..]), ("draft", &["long".to_owned()][..]));
        assert_eq!(kept(draft(vec![Fault::grave("no title")], 1.0), "m".to_owned()).expect_err("not kept").len(), 1);
    }

    #[test]
    fn the_model_is_told_what_was_wrong() {
        let told = complaint(&[Fault::grave("the title is missing"), Fault::slight("12 words too many")]);
        assert!(told.ends_with("\n- the title is missing\n- 12 words too many"), "{told}");
    }

    #[test]
    fn the_model_is_told_of_the_first_faults_only_however_many_there_are() {
        let faults: Vec<Fault> = (1..=400).map(|slot| Fault::grave(format!("slot {slot} has no entry"))).collect();
        let told = complaint(&faults);
        assert_eq!(told.lines().filter(|line| line.starts_with("- ")).count(), 12);
        assert!(told.ends_with("\n- slot 12 has no entry"), "{told}");
    }
}
