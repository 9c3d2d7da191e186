//! A marketing plan.
//!
//! The model says what share of the budget each activity gets; what that is in money is computed here, so that the lines sum
//! to the budget to the last cent. Channels, weeks and KPIs have to fit together: that is checked, and told where they do not.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};
use shared::domain::Context;
use shared::kinds::Remarks;
use shared::kinds::marketing_plan::{
    AudienceSegment, Budget, BudgetLine, Channel, Kpi, MarketingPlanParameters, MarketingPlanResult, Objective, Phase,
    split,
};
use shared::store::advance::Made;

use super::Job;
use super::brief::Brief;
use super::review::{Fault, Reviewed, Scores, written};
use super::structured::{self, list, object, text};
use super::voice::heard;
use crate::gateway::{AnswerSchema, ChatAsk, Stop};
use crate::prompts::fill;

/// How far the shares may be from a hundred together and still be taken for shares of it.
const TOLERANCE: f64 = 2.0;

pub(super) async fn make(job: &mut Job<'_>) -> Result<Made, Stop> {
    let parameters: MarketingPlanParameters = job.parameters()?;
    let context = job.context;
    let ask = ask(&parameters, context);
    let kept = written(job, ask, |draft| look(draft, &parameters, context)).await?;
    Ok(kept.made(|plan, remarks| MarketingPlanResult { remarks, ..plan }))
}

fn ask(parameters: &MarketingPlanParameters, context: &Context) -> ChatAsk<String> {
    let language =
        structured::language(parameters.language.as_deref(), "the language that the product is described in");
    let weeks = parameters.weeks.to_string();
    let rules = fill(include_str!("marketing_plan.md"), &[("language", &language), ("weeks", &weeks)]);
    let brief = Brief::default()
        .line("Product", Some(&parameters.product))
        .line("Budget", Some(&parameters.currency.decimal(parameters.budget_minor)))
        .line("Currency", Some(&parameters.currency.to_string()))
        .line("Audience", parameters.audience.as_deref())
        .line("Weeks", Some(&weeks))
        .line("Language", parameters.language.as_deref());
    structured::ask(rules, brief, context, AnswerSchema { name: "marketing_plan", schema: schema() })
}

fn schema() -> Value {
    let (whole, number) = (json!({ "type": "integer" }), json!({ "type": "number" }));
    object([
        ("summary", text()),
        (
            "objectives",
            list(&object(
                ["specific", "measurable", "achievable", "relevant", "time_bound"].map(|part| (part, text())),
            )),
        ),
        ("audience", list(&object(["name", "description", "message"].map(|part| (part, text()))))),
        ("channels", list(&object(["name", "role"].map(|part| (part, text()))))),
        ("budget", list(&object([("channel", text()), ("activity", text()), ("share_percent", number.clone())]))),
        (
            "timeline",
            list(&object([
                ("from_week", whole.clone()),
                ("to_week", whole.clone()),
                ("name", text()),
                ("activities", list(&text())),
            ])),
        ),
        (
            "kpis",
            list(&object([
                ("name", text()),
                ("channel", text()),
                ("target", number),
                ("unit", text()),
                ("by_week", whole),
                ("how_measured", text()),
            ])),
        ),
    ])
}

/// What a model writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    summary: String,
    objectives: Vec<Objective>,
    audience: Vec<AudienceSegment>,
    channels: Vec<Channel>,
    budget: Vec<SplitLine>,
    timeline: Vec<Phase>,
    kpis: Vec<Kpi>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitLine {
    channel: String,
    activity: String,
    share_percent: f64,
}

fn look(answer: &str, parameters: &MarketingPlanParameters, context: &Context) -> Reviewed<MarketingPlanResult> {
    let draft: Draft = match structured::read(answer) {
        Ok(draft) => draft,
        Err(fault) => return structured::unreadable(fault),
    };
    let weeks = i64::from(parameters.weeks);
    let mut faults = Vec::new();
    let scores = Scores::default()
        .with("complete", complete(&draft, &mut faults))
        .with("budget", shares(&draft, &mut faults))
        .with("timeline", timeline(&draft, weeks, &mut faults))
        .with("kpis", kpis(&draft, weeks, &mut faults));
    let everything = [draft.summary.clone()]
        .into_iter()
        .chain(draft.objectives.iter().map(|it| {
            [&it.specific, &it.measurable, &it.achievable, &it.relevant, &it.time_bound].map(String::as_str).join(" ")
        }))
        .chain(draft.audience.iter().map(|it| format!("{}: {} {}", it.name, it.description, it.message)))
        .chain(draft.channels.iter().map(|it| format!("{}: {}", it.name, it.role)))
        .chain(draft.budget.iter().map(|it| it.activity.clone()))
        .chain(draft.timeline.iter().flat_map(|it| [vec![it.name.clone()], it.activities.clone()].concat()))
        .chain(draft.kpis.iter().map(|it| format!("{} {} {}", it.name, it.unit, it.how_measured)))
        .collect::<Vec<_>>()
        .join("\n");
    let scores = heard(&everything, parameters.language.as_deref(), context, &mut faults, scores);
    let result = MarketingPlanResult {
        budget: budget(&draft.budget, parameters),
        summary: draft.summary,
        objectives: draft.objectives,
        audience: draft.audience,
        channels: draft.channels,
        timeline: in_order(draft.timeline),
        kpis: draft.kpis,
        remarks: Remarks::default(),
    };
    Reviewed { value: Some(result), faults, scores }
}

/// Whether every chapter says something.
fn complete(draft: &Draft, faults: &mut Vec<Fault>) -> f64 {
    let chapters = [
        ("summary", draft.summary.trim().is_empty()),
        ("objectives", draft.objectives.is_empty()),
        ("audience", draft.audience.is_empty()),
        ("channels", draft.channels.is_empty()),
        ("budget", draft.budget.is_empty()),
        ("timeline", draft.timeline.is_empty()),
        ("kpis", draft.kpis.is_empty()),
    ];
    let empty: Vec<&str> = chapters.iter().filter(|(_, empty)| *empty).map(|(name, _)| *name).collect();
    faults.extend(empty.iter().map(|name| Fault::grave(format!("\"{name}\" is empty"))));
    1.0 - empty.len() as f64 / chapters.len() as f64
}

/// The shares are shares of a hundred, and every channel has one.
fn shares(draft: &Draft, faults: &mut Vec<Fault>) -> f64 {
    let before = faults.len();
    for line in &draft.budget {
        if !(line.share_percent.is_finite() && line.share_percent > 0.0) {
            faults.push(Fault::grave(format!("the share of \"{}\" is not more than 0", line.activity)));
        }
    }
    let sum: f64 = draft.budget.iter().map(|line| line.share_percent).sum();
    if !draft.budget.is_empty() && (sum - 100.0).abs() > TOLERANCE {
        faults.push(Fault::grave(format!("the shares of the budget sum to {sum:.1}, not to 100")));
    }
    let lines = names(draft.budget.iter().map(|line| &line.channel));
    belong(draft, &lines, "line of the budget", faults);
    1.0 - (faults.len() - before) as f64 / (1 + draft.budget.len() + draft.channels.len()) as f64
}

/// The phases lie in the plan's weeks and leave none out.
fn timeline(draft: &Draft, weeks: i64, faults: &mut Vec<Fault>) -> f64 {
    let before = faults.len();
    let mut covered = BTreeSet::new();
    for phase in &draft.timeline {
        if phase.from_week < 1 || phase.to_week > weeks || phase.from_week > phase.to_week {
            let (from, to) = (phase.from_week, phase.to_week);
            faults.push(Fault::grave(format!(
                "the phase \"{}\" is from week {from} to {to}; there are weeks 1 to {weeks}",
                phase.name
            )));
        } else {
            covered.extend(phase.from_week..=phase.to_week);
        }
    }
    let free: Vec<String> = (1..=weeks).filter(|week| !covered.contains(week)).map(|week| week.to_string()).collect();
    if !draft.timeline.is_empty() && !free.is_empty() {
        faults.push(Fault::slight(format!("no phase of the timeline has week {}", free.join(", "))));
    }
    1.0 - (faults.len() - before) as f64 / (1 + draft.timeline.len()) as f64
}

/// Every channel has a KPI, and each is due in the plan's weeks.
fn kpis(draft: &Draft, weeks: i64, faults: &mut Vec<Fault>) -> f64 {
    let before = faults.len();
    for kpi in &draft.kpis {
        if !(1..=weeks).contains(&kpi.by_week) {
            let week = kpi.by_week;
            faults.push(Fault::grave(format!(
                "the KPI \"{}\" is due in week {week}; there are weeks 1 to {weeks}",
                kpi.name
            )));
        }
        if !kpi.target.is_finite() {
            faults.push(Fault::grave(format!("the target of the KPI \"{}\" is no number", kpi.name)));
        }
    }
    let measured = names(draft.kpis.iter().map(|kpi| &kpi.channel));
    belong(draft, &measured, "KPI", faults);
    1.0 - (faults.len() - before) as f64 / (draft.kpis.len() + draft.channels.len()).max(1) as f64
}

/// Names as they are compared.
fn names<'a>(names: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    names.map(|name| name.trim().to_lowercase()).collect()
}

/// Every channel has one of these, and these have no other channels.
fn belong(draft: &Draft, of: &BTreeSet<String>, what: &str, faults: &mut Vec<Fault>) {
    let channels = names(draft.channels.iter().map(|channel| &channel.name));
    faults.extend(channels.difference(of).map(|name| Fault::grave(format!("the channel \"{name}\" has no {what}"))));
    faults.extend(
        of.difference(&channels).map(|name| {
            Fault::grave(format!("a {what} names the channel \"{name}\", which \"channels\" does not have"))
        }),
    );
}

fn budget(shares: &[SplitLine], parameters: &MarketingPlanParameters) -> Budget {
    let (currency, total) = (parameters.currency, parameters.budget_minor);
    let weights: Vec<f64> = shares.iter().map(|line| line.share_percent).collect();
    let sum: f64 = weights.iter().sum();
    let lines = shares.iter().zip(split(total, &weights)).map(|(line, amount)| BudgetLine {
        channel: line.channel.trim().to_owned(),
        activity: line.activity.trim().to_owned(),
        share_percent: (line.share_percent / sum * 10_000.0).round() / 100.0,
        amount: currency.number(amount),
        amount_minor: amount,
    });
    Budget { currency, total: currency.number(total), total_minor: total, lines: lines.collect() }
}

fn in_order(mut phases: Vec<Phase>) -> Vec<Phase> {
    phases.sort_by_key(|phase| (phase.from_week, phase.to_week));
    phases
}

#[cfg(test)]
mod tests;
