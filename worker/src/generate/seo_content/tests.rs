//! What is sent for a page, and what is made of an answer.

use serde_json::json;
use shared::domain::{BrandKit, Context};
use shared::kinds::SeoContentParameters;

use super::{ask, look, slug, without_title};
use crate::generate::structured::tests::assert_sent;

fn parameters(words: u32) -> SeoContentParameters {
    SeoContentParameters {
        topic: "Sourdough at home".to_owned(),
        keywords: vec!["sourdough starter".to_owned(), "rye".to_owned()],
        audience: Some("beginners".to_owned()),
        words,
        language: Some("en".to_owned()),
    }
}

/// An answer with a body of 120 words.
fn answer() -> serde_json::Value {
    let filler =
        "Bread asks for patience more than for skill, and every loaf that you bake shows you how the dough behaves. ";
    json!({
        "title": "Sourdough starter: bake your first loaf at home",
        "meta_description": "Make a sourdough starter from flour and water, keep it alive, and bake your first rye loaf in a week.",
        "slug": "sourdough-starter-first-loaf",
        "outline": ["What you need", "Feed it daily"],
        "body": format!("A sourdough starter is flour and water.\n\n## What you need\n\nRye flour. {filler}{filler}\n\n\
                         ## Feed it daily\n\n- Keep the rye warm.\n- Feed the sourdough starter.\n\n{filler}{filler}{filler}"),
    })
}

#[test]
fn what_is_sent_says_how_long_and_how_often() {
    let brand = BrandKit {
        voice: Some("Plain and warm.".to_owned()),
        banned_words: vec!["cheap".to_owned()],
        ..BrandKit::default()
    };
    let ask = ask(&parameters(600), &Context { brand: Some(brand), ..Context::default() });
    assert_sent(&ask, include_str!("../golden/seo_content.txt"));
}

#[test]
fn a_good_page_has_no_faults_and_its_keywords_counted() {
    let reviewed = look(&answer().to_string(), &parameters(120), &Context::default());
    assert_eq!(reviewed.faults, []);
    let page = reviewed.value.expect("a page");
    assert_eq!(page.slug, "sourdough-starter-first-loaf");
    let outline: Vec<_> = page.outline.iter().map(|heading| (heading.level, heading.heading.as_str())).collect();
    assert_eq!(outline, [(2, "What you need"), (2, "Feed it daily")]);
    let counts: Vec<_> = page.keywords.iter().map(|used| (used.keyword.as_str(), used.count)).collect();
    assert_eq!(counts, [("sourdough starter", 2), ("rye", 2)]);
    let density = 2.0 / page.word_count as f64 * 100.0;
    assert!((page.keywords[0].density - density).abs() < 0.01, "{page:?}");
}

#[test]
fn every_rule_that_is_broken_is_named() {
    let with = |name: &str, value: serde_json::Value| {
        let mut answer = answer();
        answer[name] = value;
        let reviewed = look(&answer.to_string(), &parameters(120), &Context::default());
        reviewed.faults.into_iter().map(|fault| (fault.grave, fault.what)).collect::<Vec<_>>()
    };
    let has = |faults: &[(bool, String)], grave: bool, what: &str| {
        assert!(faults.iter().any(|(heavy, fault)| *heavy == grave && fault.contains(what)), "{what} in {faults:?}");
    };
    has(&with("title", json!("")), true, "the title is empty");
    has(&with("title", json!("Sourdough starter ".repeat(4))), false, "characters, 60 at most");
    has(&with("title", json!("Bread at home")), false, "the title does not have the keyword \"sourdough starter\"");
    has(&with("meta_description", json!("Too short.")), false, "it needs 50 to 160");
    has(
        &with("outline", json!(["What you need", "Bake it"])),
        false,
        "the heading \"Bake it\" of the outline is missing",
    );
    has(&with("body", json!("Rye.")), true, "the body has 1 words of the 120");
    has(&with("body", json!("Rye sourdough starter. ".repeat(40))), false, "at most");
    has(&with("body", json!("<b>bread</b> ".repeat(110))), false, "HTML");
    has(&with("body", json!("bread ".repeat(110))), false, "the keyword \"rye\" is missing");
    has(&with("body", json!("bread ".repeat(89))), false, "the body has 89 words, and 120 were asked for");
    has(&with("body", json!("bread ".repeat(151))), false, "the body has 151 words, and 120 were asked for");
    has(&with("body", json!("bread ".repeat(250))), false, "the body has no headings");
    has(&with("body", json!(format!("# Bread\n\n{}", "bread ".repeat(110)))), false, "a heading of the first level");
    has(&with("surprise", json!(1)), true, "unknown field `surprise`");
    has(
        &with("body", json!("Das Brot wird jeden Morgen frisch gebacken und schmeckt allen. ".repeat(12))),
        false,
        "\"en\"",
    );
    let nothing = look("I cannot do that.", &parameters(120), &Context::default());
    assert!(nothing.value.is_none() && nothing.faults[0].grave);
}

#[test]
fn the_bounds_of_words_and_keywords_belong_to_what_is_good() {
    let faults = |body: String, asked: u32| {
        let mut answer = answer();
        answer["body"] = json!(body);
        answer["outline"] = json!([]);
        let parameters = SeoContentParameters { keywords: vec!["sourdough starter".to_owned()], ..parameters(asked) };
        let faults = look(&answer.to_string(), &parameters, &Context::default()).faults;
        faults.into_iter().map(|fault| fault.what).filter(|what| what.contains("the body")).collect::<Vec<_>>()
    };
    let body = |keywords: usize, words: usize| {
        format!("## Bread\n\n{}{}", "Sourdough starter. ".repeat(keywords), "bread ".repeat(words - 1 - 2 * keywords))
    };
    for good in [body(2, 450), body(3, 600), body(18, 600), body(3, 750)] {
        assert_eq!(faults(good, 600), Vec::<String>::new());
    }
    assert_eq!(faults(body(2, 449), 600), ["the body has 449 words, and 600 were asked for"]);
    assert_eq!(faults(body(3, 751), 600), ["the body has 751 words, and 600 were asked for"]);
    let few = "the keyword \"sourdough starter\" stands 1 times in the body; it needs 2 at least";
    assert_eq!(faults(body(1, 600), 600), [few]);
    let many = "the keyword \"sourdough starter\" stands 19 times in the body; 18 at most";
    assert_eq!(faults(body(19, 600), 600), [many]);
}

#[test]
fn a_banned_word_anywhere_is_grave() {
    let banned = |word: &str, answer: &serde_json::Value| {
        let brand = BrandKit { banned_words: vec![word.to_owned()], ..BrandKit::default() };
        let context = Context { brand: Some(brand), ..Context::default() };
        let faults = look(&answer.to_string(), &parameters(120), &context).faults;
        assert!(faults.iter().any(|fault| fault.grave && fault.what.contains(word)), "{faults:?}");
    };
    banned("Patience", &answer());
    for (part, value) in [
        ("title", "Sourdough starter: cheap bread"),
        ("meta_description", "Make a cheap sourdough starter from flour and water, and bake your first rye loaf."),
        ("slug", "cheap-bread"),
    ] {
        let mut answer = answer();
        answer[part] = json!(value);
        banned("Cheap", &answer);
    }
}

#[test]
fn addresses_are_plain_words() {
    for (text, expected) in [
        ("Größe & Käse: Crème Brûlée!", Some("grosse-kase-creme-brulee")),
        ("The bakery's   rye—bread", Some("the-bakerys-rye-bread")),
        ("already-a-slug-2026", Some("already-a-slug-2026")),
        ("パン屋", None),
        ("  ", None),
    ] {
        assert_eq!(slug(text).as_deref(), expected, "{text}");
    }
    assert!(slug(&"word ".repeat(100)).expect("a slug").len() <= 80);
}

#[test]
fn a_title_that_is_repeated_is_dropped() {
    assert_eq!(without_title("# My Title!\n\nText", "My title"), "Text");
    assert_eq!(without_title("# Another\n\nText", "My title"), "# Another\n\nText");
    assert_eq!(without_title("Text", "My title"), "Text");
}
