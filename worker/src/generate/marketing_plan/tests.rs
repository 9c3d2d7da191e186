//! What is sent for a marketing plan, and what is made of an answer.

use serde_json::{Value, json};
use shared::domain::{BrandKit, Context};
use shared::kinds::marketing_plan::MarketingPlanParameters;

use super::{ask, look};
use crate::generate::structured::tests::assert_sent;

fn parameters() -> MarketingPlanParameters {
    MarketingPlanParameters {
        product: "A bread subscription".to_owned(),
        budget: 1_000.01,
        budget_minor: 100_001,
        currency: "EUR".parse().expect("a currency"),
        audience: Some("families nearby".to_owned()),
        weeks: 4,
        language: Some("en".to_owned()),
    }
}

fn answer() -> Value {
    let kpi = |channel: &str| {
        json!({"name": "Subscribers", "channel": channel, "target": 40, "unit": "people", "by_week": 4,
                                     "how_measured": "Sign-ups in the shop system."})
    };
    json!({
        "summary": "Win the first forty families for a weekly loaf with neighbours' words and a tasting.",
        "objectives": [{"specific": "Forty subscribers.", "measurable": "Counted in the shop system.",
                        "achievable": "One in ten who taste.", "relevant": "Steady income.", "time_bound": "By week 4."}],
        "audience": [{"name": "Families", "description": "Two children, little time.", "message": "Bread is one thing less."}],
        "channels": [{"name": "Instagram", "role": "Show the bread."}, {"name": "Flyers", "role": "Reach neighbours."},
                     {"name": "Tasting", "role": "Convince."}],
        "budget": [{"channel": "Instagram", "activity": "Advertisements", "share_percent": 33.3},
                   {"channel": "flyers", "activity": "Print", "share_percent": 33.3},
                   {"channel": "Tasting", "activity": "Bread and tables", "share_percent": 33.3}],
        "timeline": [{"from_week": 3, "to_week": 4, "name": "Taste", "activities": ["A table before the shop"]},
                     {"from_week": 1, "to_week": 2, "name": "Tell", "activities": ["Flyers", "Posts"]}],
        "kpis": [kpi("Instagram"), kpi("Flyers"), kpi("Tasting")],
    })
}

fn faults(change: impl FnOnce(&mut Value)) -> Vec<(bool, String)> {
    let mut answer = answer();
    change(&mut answer);
    let reviewed = look(&answer.to_string(), &parameters(), &Context::default());
    reviewed.faults.into_iter().map(|fault| (fault.grave, fault.what)).collect()
}

#[test]
fn what_is_sent_names_budget_currency_and_weeks() {
    let ask = ask(&parameters(), &Context::default());
    assert_sent(&ask, include_str!("../golden/marketing_plan.txt"));
}

#[test]
fn amounts_sum_to_the_budget_to_the_cent() {
    let reviewed = look(&answer().to_string(), &parameters(), &Context::default());
    assert_eq!(reviewed.faults, []);
    let plan = reviewed.value.expect("a plan");
    let amounts: Vec<i64> = plan.budget.lines.iter().map(|line| line.amount_minor).collect();
    assert_eq!(amounts, [33_334, 33_334, 33_333]);
    assert_eq!((plan.budget.lines[0].amount, plan.budget.total), (333.34, 1_000.01));
    assert_eq!(plan.timeline[0].name, "Tell", "in order");
}

#[test]
fn what_does_not_fit_together_is_told() {
    let has = |faults: Vec<(bool, String)>, grave: bool, what: &str| {
        assert!(faults.iter().any(|(heavy, fault)| *heavy == grave && fault.contains(what)), "{what} in {faults:?}");
    };
    has(
        faults(|it| it["budget"][0]["share_percent"] = json!(0)),
        true,
        "the share of \"Advertisements\" is not more than 0",
    );
    has(faults(|it| it["budget"][0]["share_percent"] = json!(60)), true, "sum to 126.6, not to 100");
    has(faults(|it| it["budget"][0]["channel"] = json!("Radio")), true, "names the channel \"radio\"");
    has(
        faults(|it| it["budget"][0]["channel"] = json!("Radio")),
        true,
        "the channel \"instagram\" has no line of the budget",
    );
    has(faults(|it| it["kpis"][1]["channel"] = json!("Tasting")), true, "the channel \"flyers\" has no KPI");
    has(faults(|it| it["kpis"][1]["by_week"] = json!(5)), true, "is due in week 5");
    has(faults(|it| it["timeline"][0]["to_week"] = json!(9)), true, "from week 3 to 9");
    has(faults(|it| it["timeline"][0]["from_week"] = json!(4)), false, "has week 3");
    // Neither the weeks before the first one nor those of a phase that ends before it begins are counted through.
    has(faults(|it| it["timeline"][1]["from_week"] = json!(0)), true, "from week 0 to 2; there are weeks 1 to 4");
    has(faults(|it| it["timeline"][0]["from_week"] = json!(i64::MIN)), true, "to 4; there are weeks 1 to 4");
    has(faults(|it| it["timeline"][0]["to_week"] = json!(2)), true, "from week 3 to 2");
    has(faults(|it| it["kpis"][1]["by_week"] = json!(0)), true, "is due in week 0");
    has(faults(|it| it["budget"][0]["share_percent"] = json!(-1)), true, "is not more than 0");
    has(faults(|it| it["objectives"] = json!([])), true, "\"objectives\" is empty");
    has(faults(|it| it["budget"] = json!("all")), true, "not the JSON object");
    has(faults(|it| it["kpis"][0]["target"] = json!("many")), true, "not the JSON object");
}

#[test]
fn shares_that_are_off_by_rounding_are_taken_and_others_are_not() {
    let with = |share: f64| faults(|it| it["budget"][0]["share_percent"] = json!(share));
    for rounded in [31.5, 33.3, 35.3] {
        assert_eq!(with(rounded), [], "{rounded}");
    }
    for off in [31.3, 35.5] {
        let faults = with(off);
        assert!(faults.len() == 1 && faults[0].0 && faults[0].1.contains("not to 100"), "{off}: {faults:?}");
    }
}

#[test]
fn a_banned_word_in_any_chapter_is_grave() {
    let brand = BrandKit { banned_words: vec!["Cheap".to_owned()], ..BrandKit::default() };
    let context = Context { brand: Some(brand), ..Context::default() };
    assert_eq!(look(&answer().to_string(), &parameters(), &context).faults, []);
    for place in [
        "/summary",
        "/objectives/0/specific",
        "/objectives/0/measurable",
        "/objectives/0/achievable",
        "/objectives/0/relevant",
        "/objectives/0/time_bound",
        "/audience/0/name",
        "/audience/0/description",
        "/audience/0/message",
        "/channels/0/role",
        "/budget/0/activity",
        "/timeline/0/name",
        "/timeline/0/activities/0",
        "/kpis/0/name",
        "/kpis/0/unit",
        "/kpis/0/how_measured",
    ] {
        let mut answer = answer();
        *answer.pointer_mut(place).expect("it is there") = json!("As cheap as it gets");
        let faults = look(&answer.to_string(), &parameters(), &context).faults;
        assert!(faults.iter().any(|fault| fault.grave && fault.what.contains("\"Cheap\"")), "{place}: {faults:?}");
    }
}
