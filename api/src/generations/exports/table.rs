//! A content plan as CSV, for spreadsheets and planning tools.

use shared::kinds::ContentPlanResult;

use crate::problem::Problem;
use crate::results::record;

const COLUMNS: [&str; 8] = ["id", "date", "channel", "title", "idea", "format", "call_to_action", "hashtags"];

/// A row an entry, under a header.
pub(super) fn csv(plan: &ContentPlanResult) -> Result<String, Problem> {
    let mut text = row(&COLUMNS.map(str::to_owned))?;
    for entry in &plan.entries {
        text.push_str(&row(&[
            entry.id.clone(),
            entry.date.to_string(),
            entry.channel.clone(),
            entry.title.clone(),
            entry.idea.clone(),
            entry.format.clone(),
            entry.call_to_action.clone(),
            entry.hashtags.join(" "),
        ])?);
    }
    Ok(text)
}

fn row(cells: &[String]) -> Result<String, Problem> {
    let bytes = record(cells).map_err(|error| Problem::internal(&error))?;
    String::from_utf8(bytes).map_err(|error| Problem::internal(&error))
}
