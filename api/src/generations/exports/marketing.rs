//! A marketing plan as Markdown, to be read and passed on.

use shared::kinds::MarketingPlanResult;

/// The whole plan. `product` is what it is for.
pub(super) fn markdown(plan: &MarketingPlanResult, product: &str) -> String {
    let currency = plan.budget.currency;
    let mut parts =
        vec![format!("# Marketing plan: {}", line(product)), line(&plan.summary), "## Objectives".to_owned()];
    parts.extend(plan.objectives.iter().enumerate().map(|(at, it)| {
        format!(
            "{}. **{}**\n   - Measurable: {}\n   - Achievable: {}\n   - Relevant: {}\n   - Time-bound: {}",
            at + 1,
            line(&it.specific),
            line(&it.measurable),
            line(&it.achievable),
            line(&it.relevant),
            line(&it.time_bound)
        )
    }));
    parts.push("## Audience".to_owned());
    parts.extend(
        plan.audience
            .iter()
            .map(|it| format!("**{}**: {} *{}*", line(&it.name), line(&it.description), line(&it.message))),
    );
    parts.push("## Channels".to_owned());
    parts.push(list(plan.channels.iter().map(|it| format!("**{}**: {}", line(&it.name), line(&it.role)))));
    parts.push("## Budget".to_owned());
    let total =
        vec!["**Total**".to_owned(), String::new(), "100".to_owned(), currency.decimal(plan.budget.total_minor)];
    let rows = plan.budget.lines.iter().map(|it| {
        vec![it.channel.clone(), it.activity.clone(), it.share_percent.to_string(), currency.decimal(it.amount_minor)]
    });
    parts.push(table(&["Channel", "Activity", "Share (%)", &format!("Amount ({currency})")], rows.chain([total])));
    parts.push("## Timeline".to_owned());
    let phases = plan.timeline.iter().map(|it| {
        let weeks = if it.from_week == it.to_week {
            it.from_week.to_string()
        } else {
            format!("{}–{}", it.from_week, it.to_week)
        };
        vec![weeks, it.name.clone(), it.activities.join("; ")]
    });
    parts.push(table(&["Weeks", "Phase", "Activities"], phases));
    parts.push("## KPIs".to_owned());
    let kpis = plan.kpis.iter().map(|it| {
        vec![
            it.name.clone(),
            it.channel.clone(),
            format!("{} {}", it.target, it.unit),
            it.by_week.to_string(),
            it.how_measured.clone(),
        ]
    });
    parts.push(table(&["KPI", "Channel", "Target", "By week", "How it is measured"], kpis));
    parts.join("\n\n") + "\n"
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.map(|item| format!("- {item}")).collect::<Vec<_>>().join("\n")
}

fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let row =
        |cells: Vec<String>| format!("| {} |", cells.iter().map(|cell| cell_of(cell)).collect::<Vec<_>>().join(" | "));
    let rule = format!("|{}", " --- |".repeat(columns.len()));
    let header = row(columns.iter().map(ToString::to_string).collect());
    [header, rule].into_iter().chain(rows.map(row)).collect::<Vec<_>>().join("\n")
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text in a cell: a bar would end it.
fn cell_of(text: &str) -> String {
    line(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::markdown;

    #[test]
    fn a_plan_is_read_with_its_amounts() {
        let plan = serde_json::from_value(json!({
            "summary": "Win\nforty families.",
            "objectives": [{"specific": "Forty.", "measurable": "Counted.", "achievable": "Yes.", "relevant": "Income.",
                            "time_bound": "Week 4."}],
            "audience": [{"name": "Families", "description": "Two children.", "message": "One thing less."}],
            "channels": [{"name": "Flyers", "role": "Reach."}],
            "budget": {"currency": "EUR", "total": 10.01, "total_minor": 1001, "lines": [
                {"channel": "Flyers", "activity": "Print | fold", "share_percent": 100.0, "amount": 10.01, "amount_minor": 1001}]},
            "timeline": [{"from_week": 1, "to_week": 4, "name": "Tell", "activities": ["Flyers", "Talks"]}],
            "kpis": [{"name": "Calls", "channel": "Flyers", "target": 40, "unit": "calls", "by_week": 4, "how_measured": "Count."}],
        }))
        .expect("a plan");
        let text = markdown(&plan, "Bread");
        assert!(
            text.starts_with("# Marketing plan: Bread\n\nWin forty families.\n\n## Objectives\n\n1. **Forty.**\n"),
            "{text}"
        );
        assert!(text.contains("| Flyers | Print \\| fold | 100 | 10.01 |\n| **Total** |  | 100 | 10.01 |"), "{text}");
        assert!(text.contains("| 1–4 | Tell | Flyers; Talks |"), "{text}");
        assert!(text.contains("| Calls | Flyers | 40 calls | 4 | Count. |"), "{text}");
    }
}
