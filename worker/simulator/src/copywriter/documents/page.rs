//! A page that search engines find: its parts have the lengths that are asked of such pages, its keywords stand where they
//! should and not more often than they should.

use serde_json::{Value, json};

use super::task::{Task, count, raised};
use crate::{seed::Seed, shorten::shorten};

const TITLE: std::ops::RangeInclusive<usize> = 50..=60;
const META: std::ops::RangeInclusive<usize> = 120..=158;
/// How often the first keyword and the others stand, in a hundred words.
const SHARES: [f64; 2] = [1.1, 0.65];

pub(super) fn write(task: &Task, seed: &mut Seed) -> Value {
    let asked =
        task.labels.number(&["words", "wordcount", "length", "targetwords"]).unwrap_or(600).clamp(60, 6000) as usize;
    let title = title(task, seed);
    let meta = meta(task, seed);
    let (outline, body) = body(task, asked, seed);
    let total = words_of(&body).max(1);
    let keywords: Vec<Value> = task
        .keywords
        .iter()
        .map(|keyword| {
            let times = count(&body, keyword);
            json!({ "keyword": keyword, "count": times, "density": (times as f64 / total as f64 * 10_000.0).round() / 100.0 })
        })
        .collect();
    json!({
        "title": title,
        "meta_description": meta,
        "slug": slug(&title),
        "outline": outline,
        "headings": outline,
        "body": body,
        "content": body,
        "keywords": keywords,
        "word_count": total,
        "language": task.language,
    })
}

/// The keyword first, and an ending that brings the title to its length.
fn title(task: &Task, seed: &mut Seed) -> String {
    let keyword = raised(task.keyword());
    let base = if count(&task.topic, task.keyword()) > 0 { raised(&task.topic) } else { keyword.clone() };
    let base = if base.chars().count() <= *TITLE.end() { base } else { keyword };
    let ends = &task.words.page.title_ends;
    let start = seed.below(ends.len());
    let mut with_ends = ends[start..].iter().chain(&ends[..start]).map(|end| format!("{base}{end}"));
    let fits = |title: &String| TITLE.contains(&title.chars().count()) && task.is_clean(title);
    let usable = |title: &&String| title.chars().count() <= *TITLE.end() && task.is_clean(title);
    let all: Vec<String> = with_ends.by_ref().collect();
    let best = all.iter().find(|title| fits(title));
    let longest = || all.iter().filter(usable).max_by_key(|title| title.chars().count());
    best.or_else(longest).cloned().unwrap_or_else(|| shorten(&base, *TITLE.end()))
}

fn meta(task: &Task, seed: &mut Seed) -> String {
    let page = &task.words.page;
    let mut best = String::new();
    let start = seed.below(page.meta_leads.len());
    for at in 0..page.meta_leads.len() {
        let lead = task.fill(&page.meta_leads[(start + at) % page.meta_leads.len()], seed);
        let alone = std::iter::once(lead.clone());
        for text in alone.chain(page.meta_tails.iter().map(|tail| format!("{lead} {tail}"))) {
            let length = text.chars().count();
            if META.contains(&length) && task.is_clean(&text) {
                return text;
            }
            if best.is_empty() || (length <= *META.end() && length > best.chars().count()) {
                best = text;
            }
        }
    }
    if best.chars().count() > *META.end() {
        best = format!("{}.", shorten(&best, *META.end() - 1).trim_end_matches('.'));
    }
    best
}

/// The headings, and the text in Markdown.
fn body(task: &Task, asked: usize, seed: &mut Seed) -> (Vec<String>, String) {
    let page = &task.words.page;
    let (plain, keyword) = (vec![0; page.plain.len()], vec![0; page.keyword.len()]);
    let mut writer = Writer { task, asked, text: String::new(), plain, keyword };
    let intro = task.choose(&page.intros, seed);
    let opener = task.choose(&page.openers, seed);
    writer.paragraph(&[intro, opener]);
    let sections = (asked / 120).clamp(2, page.headings.len().min(9));
    let mut headings: Vec<String> = page.headings.iter().filter(|heading| task.is_clean(heading)).cloned().collect();
    for at in (1..headings.len()).rev() {
        headings.swap(at, seed.below(at + 1));
    }
    headings.truncate(sections);
    for (at, heading) in headings.iter().enumerate() {
        writer.text.extend(["\n\n## ", heading]);
        let until = asked * (at + 1) / headings.len();
        if at == 1 && asked >= 250 {
            writer.list(seed);
        }
        let last = at + 1 == headings.len();
        writer.section(if last { until.saturating_sub(24) } else { until }, seed);
        if last {
            writer.ending(seed);
        }
    }
    (headings, writer.text)
}

struct Writer<'a> {
    task: &'a Task,
    asked: usize,
    text: String,
    /// How often each sentence of the two lists was used.
    plain: Vec<usize>,
    keyword: Vec<usize>,
}

impl Writer<'_> {
    fn paragraph(&mut self, sentences: &[String]) {
        if sentences.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
        self.text.push_str(&sentences.join(" "));
    }

    /// Paragraphs of a few sentences each, until the text has so many words.
    fn section(&mut self, until: usize, seed: &mut Seed) {
        let mut first = true;
        while first || words_of(&self.text) < until {
            let mut sentences = Vec::new();
            for _ in 0..3 + seed.below(2) {
                let sentence = self.sentence(&sentences, seed);
                sentences.push(sentence);
                if words_of(&self.text) + sentences.iter().map(|text| words_of(text)).sum::<usize>() >= until {
                    break;
                }
            }
            self.paragraph(&sentences);
            first = false;
        }
    }

    /// The next sentence: with the keyword that is most behind, if one is.
    fn sentence(&mut self, before: &[String], seed: &mut Seed) -> String {
        let so_far = format!("{} {}", self.text, before.join(" "));
        let page = &self.task.words.page;
        let behind = self.task.keywords.iter().enumerate().find(|(at, keyword)| {
            let due = SHARES[usize::from(*at > 0)] * (words_of(&so_far) + 12) as f64 / 100.0;
            (count(&so_far, keyword) as f64) < due.max(if words_of(&so_far) * 2 > self.asked { 1.0 } else { 0.0 })
        });
        if let Some((_, keyword)) = behind {
            let at = rarest(&mut self.keyword, &page.keyword, self.task, seed);
            return self.task.fill(&page.keyword[at].replace("{keyword}", keyword), seed);
        }
        let at = rarest(&mut self.plain, &page.plain, self.task, seed);
        self.task.fill(&page.plain[at], seed)
    }

    fn list(&mut self, seed: &mut Seed) {
        let page = &self.task.words.page;
        let start = seed.below(page.list.len());
        let items = (0..4).map(|at| &page.list[(start + at) % page.list.len()]).filter(|item| self.task.is_clean(item));
        let lines: Vec<String> = items.map(|item| format!("- {item}")).collect();
        self.text.extend(["\n\n", &page.list_intro, "\n\n", &lines.join("\n")]);
    }

    /// What has to be said yet, whom it is for, and a last word.
    fn ending(&mut self, seed: &mut Seed) {
        let (task, page) = (self.task, &self.task.words.page);
        let mut last = Vec::new();
        for (value, lines) in [(&task.audience, &page.audience_lines), (&task.brand, &page.brand_lines)] {
            if !value.is_empty() {
                last.push(task.choose(lines, seed));
            }
        }
        last.extend(task.still_to_say(&self.text, seed));
        last.push(task.choose(&page.closings, seed));
        self.paragraph(&last);
    }
}

/// One of the sentences that were used least, by lot, and counts it as used.
fn rarest(used: &mut [usize], sentences: &[String], task: &Task, seed: &mut Seed) -> usize {
    let clean: Vec<usize> = (0..sentences.len()).filter(|at| task.is_clean(&sentences[*at])).collect();
    let least = clean.iter().map(|at| used[*at]).min().unwrap_or_default();
    let candidates: Vec<usize> = clean.into_iter().filter(|at| used[*at] == least).collect();
    let at = seed.pick(&candidates).copied().unwrap_or_default();
    used[at] += 1;
    at
}

fn words_of(text: &str) -> usize {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'').filter(|word| !word.is_empty()).count()
}

/// Lower-case ASCII words with hyphens.
fn slug(title: &str) -> String {
    let plain = crate::picture::legible(title).to_lowercase();
    let words = plain.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words {
        if slug.len() + word.len() < 60 {
            if !slug.is_empty() {
                slug.push('-');
            }
            slug.push_str(word);
        }
    }
    if slug.is_empty() { "page".to_owned() } else { slug }
}
