//! A content plan: entries over a period and several channels, no two alike.
//!
//! Where the message numbers the places to fill (`Slot 3: 2027-01-05 | instagram | a checklist`), each gets its entry;
//! otherwise dates and channels are spread over the period. Which angle and which aspect an entry has depends on its number,
//! so that the parts of a long plan, each written for itself, do not meet.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use super::task::{Task, raised};
use crate::{copywriter::Labels, seed::Seed, shorten::shorten};

/// More entries are not written at once.
const MOST: u64 = 400;
/// The longest title, in characters.
const TITLE: usize = 88;

/// What two entries share of their words to be like each other.
const LIKE: f64 = 0.65;

/// A place to fill.
struct Slot {
    number: u64,
    date: NaiveDate,
    channel: String,
    /// From which side the entry is to look at its topic, where that was said.
    angle: String,
}

pub(super) fn write(task: &Task, seed: &mut Seed) -> Value {
    let plan = &task.words.plan;
    let mut slots = stated(&task.labels);
    if slots.is_empty() {
        slots = spread(task);
    }
    let mut written = Seen::planned(&task.labels);
    let mut entries: Vec<Value> = slots.iter().map(|slot| unlike(&mut written, task, slot, seed)).collect();
    let all = Value::from(entries.clone()).to_string();
    if let (Some(sentence), Some(first)) = (task.still_to_say(&all, seed).first(), entries.first_mut()) {
        first["idea"] = Value::from(format!("{} {sentence}", first["idea"].as_str().unwrap_or_default()));
    }
    json!({
        "title": task.fill(&plan.title, seed),
        "summary": task.fill(&plan.summary, seed),
        "start_date": slots.first().map(|slot| slot.date.to_string()),
        "entries": entries,
    })
}

/// The first entry for a place that is like none before it.
fn unlike(written: &mut Seen, task: &Task, slot: &Slot, seed: &mut Seed) -> Value {
    let turns = task.words.plan.aspects.len();
    let mut entry = entry(task, slot, 0, seed);
    for turn in 1..turns {
        if !written.has_like(&entry) {
            break;
        }
        entry = self::entry(task, slot, turn, seed);
    }
    written.take(&entry);
    entry
}

/// An entry, of an aspect so many turns from its own.
fn entry(task: &Task, slot: &Slot, turn: usize, seed: &mut Seed) -> Value {
    let plan = &task.words.plan;
    let number = slot.number.saturating_sub(1) as usize;
    let (angles, aspects) = (plan.angles.len(), plan.aspects.len());
    // Entries whose angles are the same have other aspects.
    let round = number / aspects;
    let first = (number + round * 7 + turn) % aspects;
    let [own, idea] = &plan.angles[number % angles];
    let [aspect, detail] = &plan.aspects[first];
    // Once all have come, they come again in pairs.
    // The same two in another order are the same pair, so only half of the steps are taken.
    let steps = (aspects - 1) / 2;
    let [other, more] = &plan.aspects[(first + 1 + round.saturating_sub(1) % steps) % aspects];
    let again = round > 0;
    // What tells entries apart stands at the end, so the beginning gives way.
    let end = if again { format!("{aspect}, {other}") } else { aspect.clone() };
    let room = TITLE.saturating_sub(end.chars().count() + 2);
    let begin = match slot.angle.as_str() {
        "" => own.replace("{topic}", &shorten(&task.topic, 40)),
        _ if task.language != "en" => own.replace("{topic}", &shorten(&task.topic, 40)),
        // A reader knows after a while what a plan is about.
        angle if !number.is_multiple_of(3) => angle.to_owned(),
        angle => format!("{angle}: {}", shorten(&task.topic, 28)),
    };
    let title = format!("{}, {end}", shorten(&begin, room));
    let idea = format!("{idea} {detail}{}", if again { format!(" {more}") } else { String::new() });
    json!({
        "slot": slot.number,
        "number": slot.number,
        "date": slot.date.to_string(),
        "channel": slot.channel,
        "title": raised(&shorten(&title, TITLE)),
        "idea": task.fill(&idea, seed),
        "format": plan.formats[number % plan.formats.len()],
        "call_to_action": task.call(seed),
        "hashtags": [tag(&task.topic), tag(&slot.channel)],
        "keywords": task.keywords,
        "time": format!("{:02}:{:02}", 8 + (number * 3) % 11, (number % 4) * 15),
    })
}

/// Titles, and titles with ideas, that were written before.
struct Seen {
    titles: Vec<Vec<String>>,
    wholes: Vec<Vec<String>>,
}

impl Seen {
    /// What the message says is planned already.
    fn planned(labels: &Labels) -> Self {
        let planned = labels.iter().filter(|(label, _)| *label == "alreadyplanned");
        Self { titles: planned.map(|(_, title)| words(title)).collect(), wholes: Vec::new() }
    }

    fn has_like(&self, entry: &Value) -> bool {
        let like = |all: &[Vec<String>], text: &str| {
            let one = words(text);
            all.iter().any(|other| common(&one, other) >= LIKE)
        };
        like(&self.titles, title(entry)) || like(&self.wholes, &whole(entry))
    }

    fn take(&mut self, entry: &Value) {
        self.titles.push(words(title(entry)));
        self.wholes.push(words(&whole(entry)));
    }
}

fn title(entry: &Value) -> &str {
    entry["title"].as_str().unwrap_or_default()
}

fn whole(entry: &Value) -> String {
    format!("{} {}", title(entry), entry["idea"].as_str().unwrap_or_default())
}

/// The words of a text, each once.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// How much of their words two texts share.
fn common(one: &[String], other: &[String]) -> f64 {
    let both = one.iter().filter(|word| other.binary_search(word).is_ok()).count();
    both as f64 / (one.len() + other.len() - both).max(1) as f64
}

/// The places that the message numbers.
fn stated(labels: &Labels) -> Vec<Slot> {
    let slots = labels.iter().filter_map(|(label, value)| {
        let number = label.strip_prefix("slot").or_else(|| label.strip_prefix("entry"))?.parse().ok()?;
        let mut parts = value.split('|').map(str::trim);
        let date = parts.next()?.parse().ok()?;
        let channel = parts.next().unwrap_or_default().to_owned();
        Some(Slot { number, date, channel, angle: parts.next().unwrap_or_default().to_owned() })
    });
    slots.collect()
}

/// As many as asked for, evenly over the period; else one a day, or so many a week.
fn spread(task: &Task) -> Vec<Slot> {
    let labels = &task.labels;
    let mut channels = labels.list(&["channels", "channel", "platforms", "platform", "networks"]);
    if channels.is_empty() {
        channels = ["instagram", "linkedin", "facebook"].map(str::to_owned).into();
    }
    let days = labels.number(&["days", "duration", "length", "numberofdays"]).unwrap_or(14).clamp(1, 400);
    let stated = labels.number(&["entries", "numberofentries", "posts", "count", "items"]);
    let weekly = labels.number(&["perweek", "postsperweek", "entriesperweek", "frequency"]);
    let counted = weekly.map(|weekly| (weekly * days).div_ceil(7));
    let count = stated.or(counted).unwrap_or(days.max(channels.len() as u64)).clamp(1, MOST);
    let slot = |at: u64| {
        let date = task.start().checked_add_days(Days::new(at * days / count))?;
        let channel = channels[at as usize % channels.len()].clone();
        Some(Slot { number: at + 1, date, channel, angle: String::new() })
    };
    (0..count).filter_map(slot).collect()
}

fn tag(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    format!("#{}", words.take(3).map(raised).collect::<String>())
}
