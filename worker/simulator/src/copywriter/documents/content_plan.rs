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
    let mut entries: Vec<Value> = slots.iter().map(|slot| entry(task, slot, seed)).collect();
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

fn entry(task: &Task, slot: &Slot, seed: &mut Seed) -> Value {
    let plan = &task.words.plan;
    let number = slot.number.saturating_sub(1) as usize;
    let (angles, aspects) = (plan.angles.len(), plan.aspects.len());
    // Entries whose angles are the same have other aspects.
    let round = number / aspects;
    let first = (number + round * 7) % aspects;
    let [own, idea] = &plan.angles[number % angles];
    let [aspect, detail] = &plan.aspects[first];
    // Once all have come, they come again in pairs.
    // The same two in another order are the same pair, so only half of the steps are taken.
    let steps = (aspects - 1) / 2;
    let [other, more] = &plan.aspects[(first + 1 + round.saturating_sub(1) % steps) % aspects];
    let (again, ever_again) = (round > 0, round > steps);
    let short = shorten(&task.topic, 28);
    let title = if ever_again {
        format!("{}, {aspect}, {other}", own.replace("{topic}", &short))
    } else if again {
        format!("{aspect}, {other}: {short}")
    } else {
        let head = if slot.angle.is_empty() || task.language != "en" {
            own.replace("{topic}", &shorten(&task.topic, 40))
        } else {
            format!("{}: {short}", slot.angle)
        };
        // What tells entries apart stands at the end, so the beginning gives way.
        format!("{}, {aspect}", shorten(&head, TITLE.saturating_sub(aspect.chars().count() + 2)))
    };
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
