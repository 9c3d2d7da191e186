//! What is sent for a part of a plan, and what is made of an answer.

use serde_json::{Value, json};
use shared::domain::{BrandKit, Context};
use shared::kinds::{ContentPlanParameters, PlanEntry};

use super::{Plan, ask};
use crate::generate::review::Reviewed;
use crate::generate::structured::tests::assert_sent;

fn parameters() -> ContentPlanParameters {
    ContentPlanParameters {
        topic: "Slow bread".to_owned(),
        brand_name: Some("Crust & Co".to_owned()),
        audience: None,
        start_date: "2026-12-01".parse().expect("a date"),
        days: 7,
        channels: vec!["instagram".to_owned(), "newsletter".to_owned()],
        per_week: 2,
        language: Some("en".to_owned()),
    }
}

fn looked(answer: &Value, taken: &[PlanEntry]) -> Reviewed<Vec<PlanEntry>> {
    looked_for(&Context::default(), answer, taken)
}

fn looked_for(context: &Context, answer: &Value, taken: &[PlanEntry]) -> Reviewed<Vec<PlanEntry>> {
    let parameters = parameters();
    let slots = parameters.part(0);
    let plan = Plan { parameters: &parameters, context, slots: slots.clone() };
    plan.look(&answer.to_string(), &slots, taken)
}

fn answer() -> Value {
    let entry = |slot: i64, title: &str, idea: &str| {
        json!({"slot": slot, "title": title, "idea": idea, "format": "photo", "call_to_action": "Come by.",
               "hashtags": ["slow bread", "#rye"]})
    };
    json!({"entries": [
        entry(2, "A letter about patience", "Tell in three paragraphs what waiting does to flour and water."),
        entry(1, "The first bubble", "A close-up of the starter an hour after it was fed."),
        entry(3, "Rye at seven in the morning", "The queue before the door, and one question to whoever is first."),
        entry(4, "What is left on Sunday", "Three dishes that want old bread, with amounts."),
    ]})
}

#[test]
fn what_is_sent_are_numbered_slots_with_dates_channels_and_angles() {
    let taken = looked(&answer(), &[]).value.expect("entries");
    let ask = ask::ask(&parameters(), &parameters().part(0)[..2], &taken[..1], &Context::default());
    assert_sent(&ask, include_str!("../golden/content_plan.txt"));
}

#[test]
fn dates_and_channels_are_ours_whatever_the_order_of_the_answer() {
    let reviewed = looked(&answer(), &[]);
    assert_eq!(reviewed.faults, []);
    let entries = reviewed.value.expect("entries");
    let told: Vec<String> = entries.iter().map(|e| format!("{} {} {} {}", e.id, e.date, e.channel, e.title)).collect();
    assert_eq!(
        told,
        [
            "entry-1 2026-12-01 instagram The first bubble",
            "entry-2 2026-12-03 newsletter A letter about patience",
            "entry-3 2026-12-05 instagram Rye at seven in the morning",
            "entry-4 2026-12-07 newsletter What is left on Sunday",
        ]
    );
    assert_eq!(entries[0].hashtags, ["#slowbread", "#rye"]);
}

#[test]
fn a_missing_entry_is_grave_and_a_copy_is_told_of() {
    let mut missing = answer();
    missing["entries"][0]["slot"] = json!(9);
    let faults = looked(&missing, &[]).faults;
    assert!(faults.len() == 1 && faults[0].grave && faults[0].what.contains("slot 2"), "{faults:?}");
    let mut copy = answer();
    copy["entries"][2]["title"] = json!("The first bubble!");
    let reviewed = looked(&copy, &[]);
    assert!(
        !reviewed.faults[0].grave && reviewed.faults[0].what.contains("slot 3 is too much like \"The first bubble\"")
    );
    let taken = looked(&answer(), &[]).value.expect("entries");
    assert_eq!(looked(&answer(), &taken[3..]).faults.len(), 1, "like one of another part");
    let faults = looked(&json!({"entries": "none"}), &[]).faults;
    assert!(faults[0].grave, "{faults:?}");
}

#[test]
fn a_banned_word_anywhere_in_an_entry_is_grave() {
    let brand = BrandKit { banned_words: vec!["Cheap".to_owned()], ..BrandKit::default() };
    let context = Context { brand: Some(brand), ..Context::default() };
    assert_eq!(looked_for(&context, &answer(), &[]).faults, []);
    for (part, value) in [
        ("title", json!("A cheap letter")),
        ("idea", json!("Tell how cheap flour and water are.")),
        ("format", json!("cheap photo")),
        ("call_to_action", json!("Buy cheap.")),
        ("hashtags", json!(["#rye", "#cheap"])),
    ] {
        let mut answer = answer();
        answer["entries"][0][part] = value;
        let faults = looked_for(&context, &answer, &[]).faults;
        assert!(faults.iter().any(|fault| fault.grave && fault.what.contains("\"Cheap\"")), "{part}: {faults:?}");
    }
}
