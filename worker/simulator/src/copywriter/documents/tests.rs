use serde_json::Value;

use super::{task::count, *};

const LANGUAGES: [&str; 7] = ["en", "de", "fr", "es", "it", "pt", "nl"];

fn document(schema: &str, message: &str) -> Value {
    write(schema, &Task::read(message, "", None), &mut Seed::of(&[message])).expect("a document")
}

fn text<'a>(document: &'a Value, field: &str) -> &'a str {
    document[field].as_str().unwrap_or_else(|| panic!("{field} in {document}"))
}

fn page(more: &str) -> Value {
    let message = format!(
        "BRIEF BEGINS\nTopic: Sourdough at home\nKeywords: sourdough starter, rye flour, baking\n{more}\nBRIEF ENDS"
    );
    document("seo_content", &message)
}

#[test]
fn a_page_has_the_asked_words_and_its_keywords_at_natural_densities() {
    for language in LANGUAGES {
        for asked in [120, 300, 600, 1500, 3000] {
            let page = page(&format!("Words: {asked}\nLanguage: {language}"));
            let words = page["word_count"].as_u64().expect("a number");
            assert!(words * 100 >= asked * 85 && words * 100 <= asked * 115, "{language} {asked}: {words}");
            for keyword in page["keywords"].as_array().expect("a list") {
                let density = keyword["density"].as_f64().expect("a number");
                assert!((0.3..=2.5).contains(&density), "{language} {asked}: {keyword}");
            }
            let first = text(&page, "body").split("\n\n").next().unwrap_or_default();
            assert!(count(first, "sourdough starter") > 0, "{language}: {first}");
        }
    }
}

#[test]
fn the_parts_of_a_page_have_their_lengths_and_belong_together() {
    for language in LANGUAGES {
        let page = page(&format!("Words: 700\nLanguage: {language}\nAudience: beginners"));
        let (title, meta) = (text(&page, "title").chars().count(), text(&page, "meta_description").chars().count());
        assert!((50..=60).contains(&title) && (120..=158).contains(&meta), "{language}: {title} {meta} {page}");
        for part in ["title", "meta_description"] {
            assert!(count(text(&page, part), "sourdough starter") > 0, "{language}: {}", text(&page, part));
        }
        assert!(
            !text(&page, "slug").is_empty()
                && text(&page, "slug").bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric())
        );
        let body = text(&page, "body");
        let headings: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let outline: Vec<&str> = page["outline"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        assert_eq!(headings, outline);
        assert!(headings.len() >= 3 && !body.starts_with('#') && !body.contains('{'), "{language}: {body}");
    }
}

#[test]
fn words_of_the_brand_are_kept_to() {
    let page = page("Words: 600\nWords to use: stone oven, family\nWords never to use: routine, quality, mistakes");
    let all = page.to_string();
    assert!(count(&all, "stone oven") > 0 && count(&all, "family") > 0, "{all}");
    for banned in ["routine", "quality", "mistakes"] {
        assert_eq!(count(&all, banned), 0, "{banned}: {all}");
    }
}

#[test]
fn a_content_plan_covers_its_period_and_no_two_entries_are_alike() {
    for language in LANGUAGES {
        let plan = document(
            "content_plan",
            &format!(
                "Topic: rye bread\nBrand: North\nDays: 60\nChannels: instagram, linkedin, x\nStart date: 2027-03-01\nLanguage: {language}"
            ),
        );
        let entries = plan["entries"].as_array().expect("a list");
        assert_eq!(entries.len(), 60);
        let titles: std::collections::HashSet<&str> = entries.iter().map(|entry| text(entry, "title")).collect();
        assert_eq!(titles.len(), 60, "{language}");
        assert_eq!((text(&entries[0], "date"), text(&entries[59], "date")), ("2027-03-01", "2027-04-29"));
        assert_eq!([0, 1, 2, 3].map(|at| text(&entries[at], "channel")), ["instagram", "linkedin", "x", "instagram"]);
        assert!(
            entries
                .iter()
                .all(|entry| !text(entry, "idea").contains('{') && text(entry, "title").chars().count() <= 90)
        );
    }
    let weekly = document("content_plan", "Topic: bread\nDays: 28\nPer week: 3\nChannels: instagram");
    assert_eq!(weekly["entries"].as_array().expect("a list").len(), 12);
}

/// How much of their words two texts share.
fn shared(one: &str, other: &str) -> f64 {
    let words = |text: &str| -> std::collections::BTreeSet<String> {
        text.split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let (one, other) = (words(one), words(other));
    one.intersection(&other).count() as f64 / one.union(&other).count().max(1) as f64
}

#[test]
fn the_places_of_a_plan_are_filled_as_they_are_numbered_and_parts_hardly_meet() {
    let angles = [
        "a practical how-to",
        "behind the scenes",
        "a question that customers ask",
        "a common mistake",
        "a story about one person",
        "a myth, and what is true",
        "the choice between two options",
        "how it was and how it is now",
        "the season and what it asks for",
        "a small detail that few notice",
        "numbers of one's own, explained",
        "what to do with what is left over",
        "the neighbourhood",
    ];
    for (language, parts) in [("en", 6), ("de", 4)] {
        let mut entries = Vec::new();
        for part in 0..parts {
            let slot = |number: usize| {
                format!("Slot {number}: 2027-01-{:02} | x | {}\n", number % 28 + 1, angles[number % angles.len()])
            };
            let slots = (part * 16 + 1..=part * 16 + 16).map(slot).collect::<Vec<_>>().concat();
            let message = format!("BRIEF BEGINS\nTopic: Slow bread of rye\nLanguage: {language}\n{slots}BRIEF ENDS");
            let plan = document("content_plan", &message);
            entries.extend(plan["entries"].as_array().expect("a list").clone());
        }
        assert_eq!(entries.len(), parts * 16);
        assert_eq!((entries[20]["slot"].as_u64(), text(&entries[20], "channel")), (Some(21), "x"));
        let whole = |entry: &Value| format!("{} {}", text(entry, "title"), text(entry, "idea"));
        let alike = |one: &Value, other: &Value| {
            shared(text(one, "title"), text(other, "title")) >= 0.75 || shared(&whole(one), &whole(other)) >= 0.7
        };
        let pairs =
            entries.iter().enumerate().flat_map(|(at, one)| entries[at + 1..].iter().map(move |other| (one, other)));
        let count = pairs.filter(|(one, other)| alike(one, other)).count();
        assert!(count <= 6, "{language}: {count}");
    }
}

#[test]
fn what_is_planned_already_is_not_written_again() {
    let message = |planned: &str| {
        let slots = "Slot 3: 2027-01-03 | x | a checklist\nSlot 4: 2027-01-04 | x | a look back";
        format!("BRIEF BEGINS\nTopic: rye bread\n{planned}{slots}\nBRIEF ENDS")
    };
    let titles = |planned: &str| -> Vec<String> {
        let plan = document("content_plan", &message(planned));
        plan["entries"].as_array().expect("a list").iter().map(|entry| text(entry, "title").to_owned()).collect()
    };
    let before = titles("");
    let after = titles(&format!("Already planned: {}\n", before[0]));
    assert_ne!(before[0], after[0]);
    assert_eq!(before[1], after[1], "the other place has what it had");
}

#[test]
fn subjects_and_their_previews_differ() {
    let mail = document("email_subject", "Topic: rye bread\nCount: 10\nKeywords: sourdough");
    let lines = mail["subjects"].as_array().expect("a list");
    for part in ["subject", "preview"] {
        let distinct: std::collections::HashSet<&str> = lines.iter().map(|line| text(line, part)).collect();
        assert_eq!(distinct.len(), 10, "{part}: {distinct:?}");
    }
    assert!(lines.iter().all(|line| line.to_string().to_lowercase().contains("sourdough")));
}

#[test]
fn a_budget_is_split_to_the_cent() {
    for (line, cents) in [("Budget: 10000.01", 1_000_001), ("Budget: 12,345 EUR", 1_234_500), ("Budget cents: 7", 7)] {
        let plan = document("marketing_plan", &format!("Product: rye bread\n{line}\nWeeks: 6\nCurrency: EUR"));
        let sum: u64 =
            plan["channels"].as_array().expect("a list").iter().filter_map(|part| part["amount_cents"].as_u64()).sum();
        assert_eq!((sum, plan["budget"]["total_cents"].as_u64()), (cents, Some(cents)), "{line}");
        let phases = plan["timeline"].as_array().expect("a list");
        let mut ends = phases.iter().map(|phase| (phase["from_week"].as_u64(), phase["to_week"].as_u64()));
        assert_eq!(ends.next().and_then(|first| first.0), Some(1));
        assert_eq!(ends.next_back().and_then(|last| last.1), Some(6));
        let shares: u64 =
            plan["channels"].as_array().into_iter().flatten().filter_map(|part| part["share"].as_u64()).sum();
        assert_eq!(shares, 100);
        assert!(plan["kpis"].as_array().is_some_and(|kpis| kpis.iter().all(|kpi| !text(kpi, "target").is_empty())));
    }
}

#[test]
fn free_text_uses_its_keywords_and_keeps_to_its_words() {
    for language in LANGUAGES {
        for most in [4, 30, 60, 200] {
            let message = format!(
                "BRIEF BEGINS\nPrompt: A slogan for a coffee shop\nKeywords: coffee, morning\nLanguage: {language}\n\
                 Words: {most}\nWords to use: North\nBRIEF ENDS"
            );
            let written = prose(&Task::read(&message, "", None), &mut Seed::of(&[&message]));
            assert!(written.split_whitespace().count() <= most, "{language} {most}: {written}");
            for word in ["coffee", "morning", "North"] {
                assert!(written.to_lowercase().contains(&word.to_lowercase()), "{language} {most}: {written}");
            }
        }
    }
    let topic = |request: &str| Task::read(request, "", None).topic;
    assert_eq!(topic("Write a product description for a smart water bottle. Short."), "smart water bottle");
    assert_eq!(topic("Prompt: A slogan for our bakery"), "bakery");
    assert_eq!(topic("Rye bread"), "Rye bread");
}
