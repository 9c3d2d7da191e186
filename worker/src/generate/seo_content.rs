//! A page that search engines find.
//!
//! The model writes; what can be counted is counted here: words, keywords and their densities, the lengths of title and
//! description. The outline of the result is the body's own, so the two cannot differ.

use serde::Deserialize;
use serde_json::Value;
use shared::domain::Context;
use shared::kinds::seo_content::{Heading, KeywordUse, META_DESCRIPTION, TITLE};
use shared::kinds::{Remarks, SeoContentParameters, SeoContentResult};
use shared::store::advance::Made;
use unicode_normalization::UnicodeNormalization;

use super::Job;
use super::brief::Brief;
use super::review::{Fault, Reviewed, Scores, written};
use super::structured::{self, list, object, text};
use super::voice::heard;
use crate::checks::{Page, Words};
use crate::gateway::{AnswerSchema, ChatAsk, Stop};
use crate::prompts::fill;

/// How far the body may be from the asked number of words, as a part of it.
const TOLERANCE: f64 = 0.25;
/// A body of less than this part of the asked words is no page.
const FRAGMENT: f64 = 0.3;
/// How often a keyword may stand in a hundred words.
const DENSITY: std::ops::RangeInclusive<f64> = 0.3..=3.0;
/// A body of so many words needs headings.
const NEEDS_HEADINGS: usize = 250;
const LONGEST_SLUG: usize = 80;

pub(super) async fn make(job: &mut Job<'_>) -> Result<Made, Stop> {
    let parameters: SeoContentParameters = job.parameters()?;
    let context = job.context;
    let ask = ask(&parameters, context);
    let kept = written(job, ask, |draft| look(draft, &parameters, context)).await?;
    Ok(kept.made(|page, remarks| SeoContentResult { remarks, ..page }))
}

fn ask(parameters: &SeoContentParameters, context: &Context) -> ChatAsk<String> {
    let asked = f64::from(parameters.words);
    let rules = fill(
        include_str!("seo_content.md"),
        &[
            (
                "language",
                &structured::language(parameters.language.as_deref(), "the language that the topic is written in"),
            ),
            ("words", &parameters.words.to_string()),
            ("least", &format!("{:.0}", asked * (1.0 - TOLERANCE))),
            ("most", &format!("{:.0}", asked * (1.0 + TOLERANCE))),
            ("often", &fewest(asked * (1.0 + TOLERANCE)).to_string()),
            ("title", &TITLE.to_string()),
            ("meta_least", &META_DESCRIPTION.start().to_string()),
            ("meta_most", &META_DESCRIPTION.end().to_string()),
        ],
    );
    let brief = Brief::default()
        .line("Topic", Some(&parameters.topic))
        .list("Keywords", &parameters.keywords)
        .line("Audience", parameters.audience.as_deref())
        .line("Words", Some(&parameters.words.to_string()))
        .line("Language", parameters.language.as_deref());
    structured::ask(rules, brief, context, AnswerSchema { name: "seo_content", schema: schema() })
}

/// How often a keyword has to stand in so many words.
fn fewest(words: f64) -> usize {
    ((words * DENSITY.start() / 100.0).ceil() as usize).max(1)
}

/// How often it may.
fn most(words: f64) -> usize {
    ((words * DENSITY.end() / 100.0).floor() as usize).max(2)
}

fn schema() -> Value {
    object([
        ("title", text()),
        ("meta_description", text()),
        ("slug", text()),
        ("outline", list(&text())),
        ("body", text()),
    ])
}

/// What a model writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    title: String,
    meta_description: String,
    slug: String,
    outline: Vec<String>,
    body: String,
}

fn look(answer: &str, parameters: &SeoContentParameters, context: &Context) -> Reviewed<SeoContentResult> {
    let draft: Draft = match structured::read(answer) {
        Ok(draft) => draft,
        Err(fault) => return structured::unreadable(fault),
    };
    let (title, description) = (draft.title, draft.meta_description);
    let body = without_title(&draft.body, &title);
    let page = Page::read(&body);
    let words = Words::of(&page.text);
    let mut faults = Vec::new();
    for (name, empty) in [("title", title.is_empty()), ("meta description", description.is_empty())] {
        if empty {
            faults.push(Fault::grave(format!("the {name} is empty")));
        }
    }
    let scores = Scores::default()
        .with("lengths", lengths(&title, &description, &mut faults))
        .with("words", length(words.count(), parameters.words, &mut faults))
        .with("structure", structure(&page, &draft.outline, words.count(), &mut faults));
    let (keywords, score) = keywords(&parameters.keywords, &words, &mut faults);
    let mut scores = scores.with("keywords", score);
    if let Some(first) = parameters.keywords.first()
        && !Words::of(&title).has(first)
    {
        faults.push(Fault::slight(format!("the title does not have the keyword \"{first}\"")));
    }
    let slug = slug(&draft.slug).or_else(|| slug(&title)).unwrap_or_else(|| "page".to_owned());
    let everything = format!("{title}\n{description}\n{slug}\n{}", page.text);
    scores = heard(&everything, parameters.language.as_deref(), context, &mut faults, scores);
    let result = SeoContentResult {
        slug,
        title,
        meta_description: description,
        outline: page.headings.into_iter().map(|(level, heading)| Heading { level, heading }).collect(),
        body,
        keywords,
        word_count: words.count(),
        remarks: Remarks::default(),
    };
    Reviewed { value: Some(result), faults, scores }
}

/// Models like to begin with the title once more.
fn without_title(body: &str, title: &str) -> String {
    let Some((first, rest)) = body.split_once('\n') else { return body.to_owned() };
    match first.trim_start().strip_prefix("# ") {
        Some(heading) if Words::of(heading) == Words::of(title) => rest.trim_start().to_owned(),
        _ => body.to_owned(),
    }
}

fn lengths(title: &str, description: &str, faults: &mut Vec<Fault>) -> f64 {
    let (title, description) = (title.chars().count(), description.chars().count());
    let mut good = 2.0;
    if title > TITLE {
        good -= 1.0;
        faults.push(Fault::slight(format!("the title has {title} characters, {TITLE} at most")));
    }
    if description > 0 && !META_DESCRIPTION.contains(&description) {
        good -= 1.0;
        let (least, most) = (META_DESCRIPTION.start(), META_DESCRIPTION.end());
        let fault = format!("the meta description has {description} characters; it needs {least} to {most}");
        faults.push(Fault::slight(fault));
    }
    good / 2.0
}

fn length(words: usize, asked: u32, faults: &mut Vec<Fault>) -> f64 {
    let part = words as f64 / f64::from(asked.max(1));
    if part < FRAGMENT {
        faults.push(Fault::grave(format!("the body has {words} words of the {asked} that were asked for")));
    } else if (part - 1.0).abs() > TOLERANCE {
        faults.push(Fault::slight(format!("the body has {words} words, and {asked} were asked for")));
    }
    1.0 - ((part - 1.0).abs() - TOLERANCE).max(0.0)
}

/// The headings of the outline stand in the body, which is Markdown and nothing else.
fn structure(page: &Page, outline: &[String], words: usize, faults: &mut Vec<Fault>) -> f64 {
    let before = faults.len();
    if page.has_html {
        faults.push(Fault::slight("there is HTML in the body"));
    }
    if words >= NEEDS_HEADINGS && page.headings.is_empty() {
        faults.push(Fault::slight("the body has no headings"));
    }
    if page.headings.iter().any(|(level, _)| *level == 1) {
        faults.push(Fault::slight("the body has a heading of the first level"));
    }
    let there: Vec<Words> = page.headings.iter().map(|(_, heading)| Words::of(heading)).collect();
    let missing = outline.iter().filter(|heading| !there.contains(&Words::of(heading)));
    faults.extend(
        missing
            .map(|heading| Fault::slight(format!("the heading \"{heading}\" of the outline is missing in the body"))),
    );
    1.0 - (faults.len() - before) as f64 / (3 + outline.len()) as f64
}

/// How the asked keywords stand in the body.
fn keywords(asked: &[String], words: &Words, faults: &mut Vec<Fault>) -> (Vec<KeywordUse>, f64) {
    let total = words.count().max(1) as f64;
    let (least, most) = (fewest(total), most(total));
    let mut good = 0;
    let uses: Vec<KeywordUse> = asked
        .iter()
        .map(|keyword| {
            let count = words.occurrences(&Words::of(keyword));
            match count {
                0 => faults.push(Fault::slight(format!("the keyword \"{keyword}\" is missing in the body"))),
                few if few < least => {
                    let fault =
                        format!("the keyword \"{keyword}\" stands {few} times in the body; it needs {least} at least");
                    faults.push(Fault::slight(fault));
                }
                many if many > most => {
                    let fault = format!("the keyword \"{keyword}\" stands {many} times in the body; {most} at most");
                    faults.push(Fault::slight(fault));
                }
                _ => good += 1,
            }
            let density = (count as f64 / total * 10_000.0).round() / 100.0;
            KeywordUse { keyword: keyword.clone(), count, density }
        })
        .collect();
    (uses, f64::from(good) / asked.len().max(1) as f64)
}

/// A name for the page in addresses: lower-case ASCII words with hyphens between them; `None` where nothing is left.
fn slug(text: &str) -> Option<String> {
    let plain: String =
        text.replace('ß', "ss").replace('æ', "ae").replace('ø', "o").nfkd().filter(|c| !c.is_ascii_control()).collect();
    let mut slug = String::new();
    for word in plain
        .split(|c: char| {
            !c.is_alphanumeric() && !unicode_normalization::char::is_combining_mark(c) && c != '\'' && c != '’'
        })
        .map(|word| word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase())
        .filter(|word| !word.is_empty())
    {
        if slug.len() + 1 + word.len() > LONGEST_SLUG {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word);
    }
    (!slug.is_empty()).then_some(slug)
}

#[cfg(test)]
mod tests;
