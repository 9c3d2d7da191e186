//! A marketing plan, whose parts of the budget are the budget to the cent.

use chrono::Days;
use serde_json::{Value, json};

use super::task::{Task, one_of};
use crate::seed::Seed;

pub(super) fn write(task: &Task, seed: &mut Seed) -> Value {
    let words = &task.words.marketing;
    let cents = budget(task);
    let currency = task.labels.get(&["currency"]).unwrap_or("USD").to_owned();
    let weeks = task.labels.number(&["weeks", "duration", "numberofweeks"]).unwrap_or(8).clamp(1, 104);
    let mut channels = task.labels.list(&["channels", "channel", "platforms"]);
    if channels.is_empty() {
        channels = ["Social media", "Search ads", "Email", "Content", "Partners"].map(str::to_owned).into();
    }
    let parts = split(cents, channels.len(), seed);
    let percents = split(100, channels.len(), seed);
    let start = task.start();
    let shares: Vec<Value> = channels
        .iter()
        .zip(&parts)
        .enumerate()
        .map(|(at, (channel, part))| {
            json!({
                "channel": channel,
                "role": words.roles[at % words.roles.len()],
                "amount_cents": part,
                "amount": *part as f64 / 100.0,
                "share": percents[at],
                "activity": words.activities[at % words.activities.len()],
                "tactics": [one_of(&words.activities, seed), one_of(&words.activities, seed)],
                "kpi": words.kpis[at % words.kpis.len()][0],
            })
        })
        .collect();
    let phases = phases(task, weeks);
    let timeline: Vec<Value> = (0..weeks)
        .map(|week| {
            let phase = week as usize * words.phases.len() / weeks as usize;
            let at = week as usize % words.activities.len();
            json!({
                "week": week + 1,
                "start_date": start.checked_add_days(Days::new(week * 7)).unwrap_or(start).to_string(),
                "phase": words.phases[phase],
                "activities": [words.activities[at], words.activities[(at + 3) % words.activities.len()]],
                "milestone": words.activities[(at + 1) % words.activities.len()],
            })
        })
        .collect();
    let objectives: Vec<Value> = words
        .objectives
        .iter()
        .map(|objective| {
            json!({
                "objective": task.fill(objective, seed),
                "specific": task.fill(objective, seed),
                "measurable": words.kpis[seed.below(words.kpis.len())][0],
                "achievable": task.choose(&words.activities, seed),
                "relevant": task.choose(&words.needs, seed),
                "time_bound": start.checked_add_days(Days::new(weeks * 7)).unwrap_or(start).to_string(),
                "metric": words.kpis[seed.below(words.kpis.len())][0],
                "target": format!("+{} %", 5 * seed.between(2, 8)),
                "deadline": start.checked_add_days(Days::new(weeks * 7)).unwrap_or(start).to_string(),
            })
        })
        .collect();
    let who = if task.audience.is_empty() { words.anyone.as_str() } else { task.audience.as_str() };
    let audience = task.fill(&words.audience.replace("{audience}", who), seed);
    let mut summary = task.fill(&words.summary.replace("{weeks}", &weeks.to_string()), seed);
    let mut audience = audience;
    if let Some(sentence) = task.still_to_say(&format!("{summary} {audience}"), seed).first() {
        // Not every schema asks for both.
        summary = format!("{summary} {sentence}");
        audience = format!("{audience} {sentence}");
    }
    json!({
        "title": task.fill(&words.title, seed),
        "summary": summary,
        "objectives": objectives,
        "audiences": [{ "name": who, "description": &audience, "message": task.choose(&words.needs, seed) }],
        "audience": {
            "description": audience,
            "name": who,
            "needs": words.needs.iter().map(|need| task.fill(need, seed)).collect::<Vec<_>>(),
        },
        "channels": shares,
        "budget": { "total_cents": cents, "total": cents as f64 / 100.0, "currency": currency, "split": shares },
        "currency": currency,
        "budget_split": shares,
        "timeline": phases,
        "weeks": timeline,
        "kpis": kpis(task, &channels, weeks, &currency, cents, seed),
        "risks": words.risks,
    })
}

/// Stretches of weeks that follow on each other from the first to the last.
fn phases(task: &Task, weeks: u64) -> Vec<Value> {
    let words = &task.words.marketing;
    let count = (words.phases.len() as u64).min(weeks);
    let phase = |at: u64| {
        let number = at as usize;
        json!({
            "phase": at + 1,
            "name": words.phases[number],
            "week": at * weeks / count + 1,
            "from_week": at * weeks / count + 1,
            "to_week": (at + 1) * weeks / count,
            "activities": [
                words.activities[number % words.activities.len()],
                words.activities[(number + 3) % words.activities.len()],
            ],
        })
    };
    (0..count).map(phase).collect()
}

fn kpis(task: &Task, channels: &[String], weeks: u64, currency: &str, cents: u64, seed: &mut Seed) -> Vec<Value> {
    let customers = (cents / 4000).max(20);
    let numbers = [customers * 400, 3, customers, (cents / 100 / customers).max(1), 25];
    let words = task.words.marketing.kpis.iter().zip(numbers).enumerate();
    words
        .map(|(at, ([name, unit], number))| {
            let unit = if name == &task.words.marketing.kpis[3][0] { currency } else { unit };
            json!({
                "name": name,
                "target": format!("{number} {unit}"),
                "target_value": number,
                "unit": unit,
                "channel": channels[at % channels.len()],
                "by_week": weeks,
                "how_measured": task.fill(&task.words.marketing.activities[6], seed),
                "how": task.fill(one_of(&task.words.marketing.activities, seed), seed),
            })
        })
        .collect()
}

/// The budget in cents.
fn budget(task: &Task) -> u64 {
    if let Some(cents) = task.labels.number(&["budgetcents", "budgetincents", "totalcents"]) {
        return cents;
    }
    let value = task.labels.get(&["budget", "totalbudget"]).unwrap_or_default().to_lowercase();
    let amount = task.labels.amount(&["budget", "totalbudget"]).unwrap_or(10_000.0);
    let cents = if value.contains("cent") { amount } else { amount * 100.0 };
    cents.round().max(0.0) as u64
}

/// Parts that sum to the whole: by weight, what is left over to the first.
fn split(cents: u64, count: usize, seed: &mut Seed) -> Vec<u64> {
    let weights: Vec<u64> = (0..count).map(|at| 20 / (at as u64 + 1) + 6 + seed.below(5) as u64).collect();
    let all: u64 = weights.iter().sum();
    let mut parts: Vec<u64> = weights
        .iter()
        .map(|weight| (u128::from(cents) * u128::from(*weight) / u128::from(all.max(1))) as u64)
        .collect();
    let rest = cents - parts.iter().sum::<u64>();
    if let Some(first) = parts.first_mut() {
        *first += rest;
    }
    parts
}
