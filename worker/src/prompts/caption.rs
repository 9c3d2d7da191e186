//! The request for a caption, and the check of what comes back.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};
use shared::domain::Step;
use shared::store::advance::Caption;

use super::brand::{self, quoted};
use super::{CaptionBrief, fill, one_line};
use crate::checks::Fault;
use crate::gateway::{AnswerSchema, ChatAsk, Message, Role, Unusable};

const SYSTEM: &str = include_str!("caption.md");
const TOO_LONG: &str = include_str!("too_long.md");
const BANNED_WORDS: &str = include_str!("banned_words.md");
const MISSING_WORDS: &str = include_str!("missing_words.md");
const ONCE_MORE: &str = include_str!("once_more.md");
/// What is kept of an answer: a platform's limit is the author's affair, but no post is a book.
const LONGEST_TEXT: usize = 10_000;
const MOST_HASHTAGS: usize = 30;
const LONGEST_HASHTAG: usize = 100;

pub(super) fn ask(brief: &CaptionBrief) -> ChatAsk<Caption> {
    ChatAsk {
        step: Step::Caption,
        route: None,
        messages: vec![
            Message { role: Role::System, content: system(brief) },
            Message { role: Role::User, content: user(brief) },
        ],
        schema: Some(AnswerSchema { name: "post", schema: schema() }),
        max_tokens: None,
        read: Arc::new(read),
    }
}

/// The same request once more, with the draft and what is wrong with it.
pub(super) fn once_more(brief: &CaptionBrief, draft: &Caption, faults: &[Fault]) -> ChatAsk<Caption> {
    let mut ask = ask(brief);
    let draft = json!({
        "caption": draft.caption,
        "hashtags": draft.hashtags,
        "image_prompt": draft.image_prompt,
        "alt_text": draft.alt_text,
    });
    let mut complaint: Vec<String> = faults.iter().map(|fault| told(brief, fault)).collect();
    complaint.push(ONCE_MORE.trim_end().to_owned());
    ask.messages.push(Message { role: Role::Assistant, content: draft.to_string() });
    ask.messages.push(Message { role: Role::User, content: complaint.join(" ") });
    ask
}

/// What is wrong with a draft, and what to do about it.
fn told(brief: &CaptionBrief, fault: &Fault) -> String {
    let text = match fault {
        Fault::TooLong(over) => {
            // Models count badly: they are asked for a tenth less than there is room for.
            let aim = format!("{} {}", over.limit.max - over.limit.max / 10, over.limit.count.unit());
            let platform = brief.platform.rules.title.as_str();
            fill(TOO_LONG, &[("platform", platform), ("length", &over.to_string()), ("aim", &aim)])
        }
        Fault::BannedWords(words) => fill(BANNED_WORDS, &[("words", &quoted(words))]),
        Fault::MissingWords(words) => fill(MISSING_WORDS, &[("words", &quoted(words))]),
    };
    text.trim_end().to_owned()
}

fn system(brief: &CaptionBrief) -> String {
    let platform = &brief.platform.rules;
    let language = match brief.language.as_deref().map(one_line).filter(|tag| !tag.is_empty()) {
        Some(tag) => format!("the language with the tag \"{tag}\""),
        None => "the language that the brief is written in".to_owned(),
    };
    let aim = platform.prompt.aim.to_string();
    let rules = fill(
        SYSTEM,
        &[
            ("language", &language),
            ("platform", &platform.title),
            ("style", &platform.prompt.style),
            ("aim", &aim),
            ("hashtags", &platform.prompt.hashtags),
        ],
    );
    match brand::of_texts(&brief.kit) {
        Some(brand) => format!("{}\n\n{brand}", rules.trim_end()),
        None => rules,
    }
}

fn user(brief: &CaptionBrief) -> String {
    let lines = [
        ("Brand", Some(&brief.brand)),
        ("Topic", brief.topic.as_ref()),
        ("Tone", Some(&brief.tone)),
        ("Brief", brief.brief.as_ref()),
        ("Audience", brief.audience.as_ref()),
        ("Platform", brief.platform.asked.as_ref()),
        ("Language", brief.language.as_ref()),
    ];
    let mut text = "BRIEF BEGINS\n".to_owned();
    for (label, value) in lines {
        let value = value.map(|value| one_line(value)).unwrap_or_default();
        if !value.is_empty() {
            text.extend([label, ": ", &value, "\n"]);
        }
    }
    text.push_str("BRIEF ENDS");
    text
}

fn schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["caption", "hashtags", "image_prompt", "alt_text"],
        "properties": {
            "caption": { "type": "string" },
            "hashtags": { "type": "array", "items": { "type": "string" } },
            "image_prompt": { "type": "string" },
            "alt_text": { "type": "string" },
        },
    })
}

/// Makes a caption of a model's answer, or says what is wrong with it.
fn read(answer: &str) -> Result<Caption, Unusable> {
    let wrong = |why: &str| Unusable(why.to_owned());
    let raw: Caption = serde_json::from_str(object_in(answer)).map_err(|_| wrong("the answer breaks the schema"))?;
    let caption = Caption {
        caption: clean(&raw.caption),
        hashtags: hashtags(&raw.hashtags),
        image_prompt: clean(&raw.image_prompt),
        alt_text: clean(&raw.alt_text),
    };
    if caption.caption.is_empty() {
        return Err(wrong("the caption is empty"));
    }
    if caption.image_prompt.is_empty() {
        return Err(wrong("the image prompt is empty"));
    }
    if [&caption.caption, &caption.image_prompt, &caption.alt_text].iter().any(|text| text.len() > LONGEST_TEXT) {
        return Err(wrong("the answer is longer than any post"));
    }
    Ok(caption)
}

/// The JSON object in an answer: models without schemas put words or a code fence around it.
pub(crate) fn object_in(answer: &str) -> &str {
    match (answer.find('{'), answer.rfind('}')) {
        (Some(start), Some(end)) if start < end => &answer[start..=end],
        _ => answer,
    }
}

/// Without NUL, which Postgres does not take, and without space around.
pub(crate) fn clean(text: &str) -> String {
    text.replace('\0', "").trim().to_owned()
}

/// Each `#word` once, of letters, digits and underscores; what is no hashtag is left out.
pub(crate) fn hashtags(raw: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    raw.iter()
        .map(|tag| tag.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
        .filter(|word| word.chars().any(char::is_alphabetic) && word.chars().count() <= LONGEST_HASHTAG)
        .filter(|word| seen.insert(word.to_lowercase()))
        .take(MOST_HASHTAGS)
        .map(|word| format!("#{word}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Caption, hashtags, read};

    #[test]
    fn a_good_answer_is_read_and_tidied() {
        let answer = r##"Here you are: ```json
            {"caption": " Fresh bread!\u0000 ", "hashtags": ["Fresh Bread", "#bakery", "#Bakery", "#!", "2026"],
             "image_prompt": "A loaf", "alt_text": "A loaf on a table."} ```"##;
        let expected = Caption {
            caption: "Fresh bread!".to_owned(),
            hashtags: vec!["#FreshBread".to_owned(), "#bakery".to_owned()],
            image_prompt: "A loaf".to_owned(),
            alt_text: "A loaf on a table.".to_owned(),
        };
        assert_eq!(read(answer), Ok(expected));
    }

    #[test]
    fn a_bad_answer_is_refused_with_a_reason() {
        let why = |answer: &str| read(answer).expect_err("refused").0;
        assert!(why("Sure! Fresh bread for you.").contains("schema"));
        assert!(why(r#"{"caption": "x", "hashtags": "none", "image_prompt": "y", "alt_text": ""}"#).contains("schema"));
        assert!(why(r#"{"caption": " ", "hashtags": [], "image_prompt": "y", "alt_text": ""}"#).contains("caption"));
        assert!(
            why(r#"{"caption": "x", "hashtags": [], "image_prompt": "", "alt_text": ""}"#).contains("image prompt")
        );
    }

    #[test]
    fn hashtags_of_every_script_are_kept() {
        let raw = ["#größe", "パン屋", "a-b c"].map(str::to_owned);
        assert_eq!(hashtags(&raw), ["#größe", "#パン屋", "#abc"]);
        let many: Vec<String> = (0..50).map(|number| format!("tag{number}")).collect();
        assert_eq!(hashtags(&many).len(), 30);
    }
}
