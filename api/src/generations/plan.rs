//! A content plan as one, whatever the parts it was made in.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::domain::PostStatus;
use shared::kinds::{ContentPlanParameters, ContentPlanPart, ContentPlanResult};
use shared::store::generations::{Generation, Part};

fn completed(generation: &Generation) -> impl Iterator<Item = &Part> {
    generation.parts.iter().filter(|part| part.status == PostStatus::Completed)
}

/// The parts that are made, in their order; `None` for what is no plan.
pub(super) fn merged(generation: &Generation) -> Option<ContentPlanResult> {
    let parameters: ContentPlanParameters = serde_json::from_value(generation.parameters.clone()).ok()?;
    let parts: Vec<ContentPlanPart> =
        completed(generation).filter_map(|part| serde_json::from_value(part.result.clone()?).ok()).collect();
    let missing = if generation.status.is_final() { generation.parts.len() - parts.len() } else { 0 };
    Some(parameters.merged(parts, missing))
}

/// The scores of the parts, in the middle.
pub(super) fn scores(generation: &Generation) -> Option<Value> {
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for scores in completed(generation).filter_map(|part| part.scores.as_ref()?.as_object()) {
        for (name, score) in scores {
            let (sum, parts) = sums.entry(name).or_default();
            *sum += score.as_f64().unwrap_or_default();
            *parts += 1.0;
        }
    }
    let middle = |(sum, parts): (f64, f64)| (sum / parts * 1_000.0).round() / 1_000.0;
    let scores: BTreeMap<&str, f64> = sums.into_iter().map(|(name, sums)| (name, middle(sums))).collect();
    (!scores.is_empty()).then(|| json!(scores))
}
