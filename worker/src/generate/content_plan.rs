//! A content plan, a part of it at a time: at most 16 dated places on their channels, which the model fills.
//!
//! No two entries of a plan may be alike. Within a part the review sees to that. Parts are made side by side, so each writes
//! its entries down *before* it looks at those of the others: of two parts that end at once, one sees the other at least, and
//! whoever sees its like has its own entry written anew. What stays alike is left out, and the plan says so. A part that is
//! taken up again after a crash finds what it wrote, and buys only what is missing.

mod alike;
mod ask;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use shared::domain::Context;
use shared::kinds::content_plan::Slot;
use shared::kinds::{ContentPlanParameters, ContentPlanPart, PlanEntry, Remarks};
use shared::store::advance::{Checkpoint, Made, Reason, Refusal};
use shared::store::{StoreError, generations};
use tracing::warn;

use self::alike::Seen;
use super::Job;
use super::review::{Fault, Kept, Reviewed, Scores, written};
use super::structured;
use super::voice::heard;
use crate::gateway::Stop;
use crate::prompts::hashtags;

/// The longest title, in characters.
const TITLE: usize = 90;
/// How often a part has what is like another's written anew.
const ROUNDS: usize = 2;
const MOST_HASHTAGS: usize = 5;

pub(super) async fn make(job: &mut Job<'_>) -> Result<Made, Stop> {
    let parameters: ContentPlanParameters = job.parameters()?;
    let plan =
        Plan { parameters: &parameters, context: job.context, slots: parameters.part(job.claim.position as usize) };
    let (mine, others) = written_before(job).await?;
    let mut part = match mine {
        Some(part) => part,
        None => plan.write(job, &plan.slots, &others).await?,
    };
    if parameters.parts() > 1 {
        plan.keep_apart(job, &mut part).await?;
    }
    Ok(part.made())
}

/// A part in hand.
struct Plan<'a> {
    parameters: &'a ContentPlanParameters,
    context: &'a Context,
    slots: Vec<Slot>,
}

/// What is written of a part.
struct Part {
    entries: Vec<PlanEntry>,
    remarks: Remarks,
    scores: serde_json::Value,
    model: String,
}

impl Part {
    /// Notes that so many entries are not there.
    fn left_out(&mut self, entries: usize) {
        if entries > 0 {
            let what = if entries == 1 { "entry was".to_owned() } else { "entries were".to_owned() };
            self.remarks.0.push(format!("{entries} {what} left out: too much like another"));
        }
    }

    fn made(&self) -> Made {
        let result = ContentPlanPart { entries: self.entries.clone(), remarks: self.remarks.clone() };
        Made { result: json!(result), scores: self.scores.clone(), model: self.model.clone(), image: None, print: None }
    }
}

/// What a model writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    entries: Vec<DraftEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftEntry {
    slot: i64,
    title: String,
    idea: String,
    format: String,
    call_to_action: String,
    hashtags: Vec<String>,
}

impl DraftEntry {
    fn entry(&self, slot: &Slot) -> PlanEntry {
        let mut tags = hashtags(&self.hashtags);
        tags.truncate(MOST_HASHTAGS);
        PlanEntry {
            id: id(slot),
            date: slot.date,
            channel: slot.channel.clone(),
            title: self.title.clone(),
            idea: self.idea.clone(),
            format: self.format.clone(),
            call_to_action: self.call_to_action.clone(),
            hashtags: tags,
        }
    }
}

fn id(slot: &Slot) -> String {
    format!("entry-{}", slot.number)
}

fn is_whole(entry: &PlanEntry) -> bool {
    !entry.title.is_empty() && !entry.idea.is_empty()
}

/// Everything that is read of an entry.
fn text(entry: &PlanEntry) -> String {
    let PlanEntry { title, idea, format, call_to_action, hashtags, .. } = entry;
    format!("{title}\n{idea}\n{format}\n{call_to_action}\n{}", hashtags.join(" "))
}

fn all_alike() -> Reason {
    let message = "Every entry that the models wrote is like another. Ask for fewer entries, or for a wider topic.";
    Reason { class: "quality", message: message.to_owned() }
}

fn unread(error: &StoreError) -> Stop {
    warn!(%error, "the other parts of a plan cannot be read");
    let message = "The other parts of the plan could not be read. This part goes on shortly.".to_owned();
    Stop::Wait { after: Duration::from_secs(2), reason: Reason { class: "storage", message } }
}

/// What this part has written in an earlier run, and the entries of the others.
async fn written_before(job: &Job<'_>) -> Result<(Option<Part>, Vec<PlanEntry>), Stop> {
    let (mut mine, mut others) = (None, Vec::new());
    for made in generations::made(job.worker.store.pool(), job.claim.batch).await.map_err(|error| unread(&error))? {
        let Ok(part) = serde_json::from_value::<ContentPlanPart>(made.result) else { continue };
        if made.position == job.claim.position {
            let scores = made.scores.unwrap_or_default();
            mine = Some(Part {
                entries: part.entries,
                remarks: part.remarks,
                scores,
                model: made.model.unwrap_or_default(),
            });
        } else {
            others.extend(part.entries);
        }
    }
    Ok((mine, others))
}

impl Plan<'_> {
    /// Has some places filled, unlike anything in `taken`.
    async fn write(&self, job: &mut Job<'_>, slots: &[Slot], taken: &[PlanEntry]) -> Result<Part, Stop> {
        let ask = ask::ask(self.parameters, slots, taken, self.context);
        let Kept { value, scores, remarks, model } = written(job, ask, |draft| self.look(draft, slots, taken)).await?;
        let mut part = Part { entries: value, remarks, scores: scores.to_json(), model };
        // What was told of and is still alike goes out.
        let mut seen = Seen::of(taken);
        part.entries.retain(|entry| seen.take(entry).is_none());
        part.left_out(slots.len() - part.entries.len());
        if part.entries.is_empty() {
            return Err(Stop::Failed(all_alike()));
        }
        Ok(part)
    }

    /// Has those entries written anew that are like an entry of another part; what stays alike is left out.
    async fn keep_apart(&self, job: &mut Job<'_>, part: &mut Part) -> Result<(), Stop> {
        for round in 0..=ROUNDS {
            // Written down before the others are looked at.
            job.line.keep(Checkpoint::Made(part.made())).await.map_err(Stop::Refused)?;
            let (_, mut others) = written_before(job).await?;
            let mut seen = Seen::of(&others);
            let culprits: BTreeSet<String> =
                part.entries.iter().filter(|entry| seen.take(entry).is_some()).map(|entry| entry.id.clone()).collect();
            if culprits.is_empty() {
                return Ok(());
            }
            part.entries.retain(|entry| !culprits.contains(&entry.id));
            let slots: Vec<Slot> = self.slots.iter().filter(|slot| culprits.contains(&id(slot))).cloned().collect();
            if round < ROUNDS {
                others.extend(part.entries.iter().cloned());
                match self.write(job, &slots, &others).await {
                    Ok(anew) => {
                        part.entries.extend(anew.entries);
                        part.remarks.0.extend(anew.remarks.0);
                    }
                    // The entries that are good are kept, whatever keeps better ones from being made.
                    Err(Stop::Failed(_) | Stop::Refused(Refusal::Budget)) => part.left_out(slots.len()),
                    Err(stop) => return Err(stop),
                }
                part.entries.sort_by_key(|entry| self.slots.iter().position(|slot| id(slot) == entry.id));
            } else {
                part.left_out(slots.len());
            }
        }
        Ok(())
    }

    fn look(&self, answer: &str, slots: &[Slot], taken: &[PlanEntry]) -> Reviewed<Vec<PlanEntry>> {
        let draft: Draft = match structured::read(answer) {
            Ok(draft) => draft,
            Err(fault) => return structured::unreadable(fault),
        };
        let (mut faults, mut entries) = (Vec::new(), Vec::new());
        let (mut seen, mut alike) = (Seen::of(taken), 0);
        for slot in slots {
            let of_slot = draft.entries.iter().find(|entry| entry.slot == i64::from(slot.number));
            let Some(entry) = of_slot.map(|draft| draft.entry(slot)).filter(is_whole) else {
                faults.push(Fault::grave(format!("slot {} has no entry with a title and an idea", slot.number)));
                continue;
            };
            if entry.title.chars().count() > TITLE {
                let long = entry.title.chars().count();
                faults.push(Fault::slight(format!(
                    "the title of slot {} has {long} characters, {TITLE} at most",
                    slot.number
                )));
            }
            if let Some(other) = seen.take(&entry) {
                alike += 1;
                let told = format!("slot {} is too much like \"{other}\": write another idea", slot.number);
                faults.push(Fault::slight(told));
            }
            entries.push(entry);
        }
        let asked = slots.len().max(1) as f64;
        let scores = Scores::default()
            .with("complete", entries.len() as f64 / asked)
            .with("distinct", 1.0 - f64::from(alike) / asked);
        let text: Vec<String> = entries.iter().map(text).collect();
        let language = self.parameters.language.as_deref();
        let scores = heard(&text.join("\n"), language, self.context, &mut faults, scores);
        Reviewed { value: Some(entries), faults, scores }
    }
}

#[cfg(test)]
mod tests;
