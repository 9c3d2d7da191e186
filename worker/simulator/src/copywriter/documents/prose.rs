//! Free text: what a person asks for in their own words.

use super::task::{Task, count};
use crate::seed::Seed;

/// Words where none are asked for.
const USUAL: u64 = 80;

/// A text of about the asked words at most, with every keyword in it.
pub(crate) fn write(task: &Task, seed: &mut Seed) -> String {
    let page = &task.words.page;
    let most =
        task.labels.number(&["words", "wordcount", "maxwords", "length"]).unwrap_or(USUAL).clamp(1, 3000) as usize;
    // What has to be in it stands first; what only fills comes while there is room.
    let mut sentences = vec![task.choose(&page.intros, seed)];
    for keyword in task.keywords.iter().skip(1) {
        if count(&sentences.join(" "), keyword) == 0 {
            let naming: Vec<String> =
                page.keyword.iter().map(|sentence| sentence.replace("{keyword}", keyword)).collect();
            sentences.push(task.choose(&naming, seed));
        }
    }
    let needed = task.still_to_say(&sentences.join(" "), seed);
    sentences.extend(needed);
    if sentences.iter().map(|text| length(text)).sum::<usize>() > most {
        return list_of_words(task, most);
    }
    let aim = most.min(USUAL.max(most as u64 * 4 / 5) as usize);
    let closing = task.choose(&page.closings, seed);
    for _ in 0..400 {
        let next = task.choose(&page.plain, seed);
        let room = sentences.iter().map(|text| length(text)).sum::<usize>() + length(&next) + length(&closing);
        if room > aim {
            break;
        }
        if !sentences.contains(&next) {
            sentences.push(next);
        }
    }
    if sentences.iter().map(|text| length(text)).sum::<usize>() + length(&closing) <= most {
        sentences.push(closing);
    }
    sentences.chunks(4).map(|part| part.join(" ")).collect::<Vec<_>>().join("\n\n")
}

/// Where there is no room for sentences: the words themselves.
fn list_of_words(task: &Task, most: usize) -> String {
    let mut all: Vec<&str> = task.keywords.iter().chain(&task.required).map(String::as_str).collect();
    if all.is_empty() {
        all.push(&task.topic);
    }
    let text = all.join(", ");
    let words: Vec<&str> = text.split_whitespace().take(most).collect();
    format!("{}.", super::task::raised(words.join(" ").trim_end_matches([',', '.'])))
}

fn length(text: &str) -> usize {
    text.split_whitespace().count()
}
