use std::collections::HashSet;

use super::*;

fn copy_for(user: &str) -> Copy {
    write_copy(user, "You write social media posts.", &mut Seed::of(&[user]))
}

#[test]
fn the_brief_is_used() {
    let copy = copy_for(
        "Brand: North Bakery\nTopic: rye bread with walnuts\nTone: warm\nAudience: early risers\n\
         Platform: linkedin\nBrief: Baked at five. Sold out by nine.\nLanguage: en",
    );
    assert!(copy.caption.contains("North Bakery"), "{}", copy.caption);
    assert!(copy.caption.contains("rye bread with walnuts"), "{}", copy.caption);
    assert!(copy.caption.contains("Baked at five."), "{}", copy.caption);
    assert!(copy.caption.contains("early risers"), "{}", copy.caption);
    assert_eq!(copy.hashtags[..2], ["#NorthBakery", "#RyeBreadWithWalnuts"]);
    assert!(copy.image_prompt.ends_with("Brand: North Bakery; Topic: rye bread with walnuts"));
    assert!(copy.alt_text.contains("rye bread with walnuts"));
}

#[test]
fn labels_are_read_leniently() {
    let plain = Brief::find("Brand: A\nTopic: B\nTarget audience: C", "");
    assert_eq!(Brief::find("- **Brand name:** A\n* topic : B\ntarget_audience = C", ""), plain);
    assert_eq!(Brief::find("{\n  \"brand\": \"A\",\n  \"topic\": \"B\",\n  \"audience\": \"C\"\n}", ""), plain);
    let html = Brief::find("Topic: B\nBrief: <p>Soft <b>wool</b></p>", "Language: fr");
    assert_eq!((html.words.as_str(), html.language.as_str()), ("Soft wool", "fr"));
}

#[test]
fn a_message_without_labels_is_the_topic() {
    assert_eq!(Brief::find("Write about our summer sale. Make it fun.", "").topic, "Write about our summer sale");
    assert_eq!(Brief::find("", "").topic, "something new");
}

#[test]
fn without_a_topic_the_brief_or_the_brand_is_one() {
    let framed = |lines: &str| Brief::find(&format!("BRIEF BEGINS\n{lines}\nBRIEF ENDS"), "").topic;
    assert_eq!(framed("Brand: Acme\nBrief: We open on Sunday. Come by."), "We open on Sunday");
    assert_eq!(framed("Brand: Acme\nTone: warm"), "Acme");
}

#[test]
fn an_image_prompt_names_brand_and_topic_anywhere() {
    for prompt in ["A loaf. Brand: Acme; Topic: bread", "A loaf.\nBrand: Acme\nTopic: bread\nMood: warm"] {
        let brief = Brief::find_in_prompt(prompt);
        assert_eq!((brief.brand.as_str(), brief.topic.as_str()), ("Acme", "bread"), "{prompt}");
    }
    assert_eq!(Brief::find_in_prompt("A loaf of bread").topic, "A loaf of bread");
}

#[test]
fn forty_posts_do_not_read_alike() {
    let captions: HashSet<String> = (0..40)
        .map(|number| {
            let copy = copy_for(&format!("Brand: Acme\nTopic: anvils\nPlatform: instagram\nBrief: number {number}"));
            copy.caption.replace(&number.to_string(), "")
        })
        .collect();
    assert!(captions.len() >= 36, "{} of 40 differ", captions.len());
}

#[test]
fn languages_differ_and_unknown_ones_are_english() {
    let about = |language: &str| copy_for(&format!("Brand: Acme\nTopic: Kaffee\nLanguage: {language}")).alt_text;
    let texts: HashSet<String> = ["en", "de", "fr", "es", "it", "pt", "nl"].map(about).into();
    assert_eq!(texts.len(), 7);
    assert_eq!(about("xx"), about("en"));
}

#[test]
fn platforms_shape_the_text() {
    let about = |platform: &str| {
        let brief = "A very long brief. ".repeat(40);
        copy_for(&format!("Brand: Acme\nTopic: anvils\nPlatform: {platform}\nBrief: {brief}"))
    };
    let (x, linkedin, instagram) = (about("x"), about("LinkedIn"), about("Instagram"));
    assert!(x.caption.chars().count() <= 240, "{}", x.caption);
    assert!(linkedin.caption.len() > x.caption.len());
    assert!(!instagram.caption.is_ascii(), "emoji: {}", instagram.caption);
    assert_eq!((x.hashtags.len(), linkedin.hashtags.len(), instagram.hashtags.len()), (2, 3, 5));
}

#[test]
fn the_same_messages_give_the_same_text() {
    let user = "Brand: Acme\nTopic: anvils";
    assert_eq!(copy_for(user).prose(&mut Seed::new(1)), copy_for(user).prose(&mut Seed::new(1)));
}

#[test]
fn every_post_names_its_brand_and_its_topic() {
    for number in 0..200 {
        let platform = ["x", "linkedin", "instagram", "facebook"][number % 4];
        let tone = ["", "warm", "playful", "bold"][number / 4 % 4];
        let language = ["en", "de", "fr", "es", "it", "pt", "nl"][number % 7];
        let copy = copy_for(&format!(
            "Brand: Acme\nTopic: anvil {number}\nTone: {tone}\nPlatform: {platform}\nLanguage: {language}"
        ));
        assert!(copy.caption.contains("Acme"), "{platform} {tone} {language}: {}", copy.caption);
        assert!(copy.caption.contains(&format!("anvil {number}")), "{platform} {tone} {language}: {}", copy.caption);
    }
}

#[test]
fn a_caption_keeps_to_the_words_of_its_brand() {
    let rules = "You write posts.\n- The caption holds each of these words or phrases, as they are written: \"Slow bread\", \
                 \"levain\".\n- None of these words or phrases stands anywhere in your answer: \"careful\", \"day\".";
    for number in 0..20 {
        let user = format!("Brand: Acme\nTopic: anvil {number}\nPlatform: facebook");
        let caption = write_copy(&user, rules, &mut Seed::of(&[&user])).caption;
        assert!(caption.contains("Slow bread") && caption.contains("levain"), "{caption}");
        let words: Vec<&str> = caption.split(|letter: char| !letter.is_alphanumeric()).collect();
        assert!(!words.contains(&"careful") && !words.contains(&"day"), "{caption}");
    }
}
