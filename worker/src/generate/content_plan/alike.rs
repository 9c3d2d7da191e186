//! Which entries of a plan are alike: the same title, nearly the same title, or nearly the same words altogether.
//!
//! Entries are short, so their words are compared as sets: a changed word in twenty is told from a new idea.

use std::collections::BTreeSet;

use shared::kinds::PlanEntry;

use crate::checks::Words;

/// What two titles share of their words, at least, to be alike; and titles of fewer words have to be the same.
const TITLES: f64 = 0.75;
const FEWEST_WORDS: usize = 4;
/// What two entries share of all of their words, at least, to be alike.
const WHOLE: f64 = 0.7;

/// Entries that were seen.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    name: String,
    title: BTreeSet<String>,
    whole: BTreeSet<String>,
}

impl Seen {
    pub(super) fn of(entries: &[PlanEntry]) -> Self {
        Self(entries.iter().map(Entry::of).collect())
    }

    /// Takes an entry in, unless it is like one that was seen: then that one's title.
    pub(super) fn take(&mut self, entry: &PlanEntry) -> Option<String> {
        let entry = Entry::of(entry);
        if let Some(other) = self.0.iter().find(|seen| seen.is_like(&entry)) {
            return Some(other.name.clone());
        }
        self.0.push(entry);
        None
    }
}

impl Entry {
    fn of(entry: &PlanEntry) -> Self {
        let words = |text: &str| Words::of(text).iter().map(str::to_owned).collect();
        let whole = format!("{} {}", entry.title, entry.idea);
        Self { name: entry.title.clone(), title: words(&entry.title), whole: words(&whole) }
    }

    fn is_like(&self, other: &Self) -> bool {
        let longer = self.title.len().max(other.title.len());
        self.title == other.title
            || (longer >= FEWEST_WORDS && shared_part(&self.title, &other.title) >= TITLES)
            || shared_part(&self.whole, &other.whole) >= WHOLE
    }
}

/// How much of their words two texts share.
fn shared_part(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let both = one.intersection(other).count();
    let all = one.len() + other.len() - both;
    if all == 0 { 1.0 } else { both as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use shared::kinds::PlanEntry;

    use super::Seen;

    fn entry(title: &str, idea: &str) -> PlanEntry {
        PlanEntry {
            id: String::new(),
            date: "2026-12-01".parse().expect("a date"),
            channel: "x".to_owned(),
            title: title.to_owned(),
            idea: idea.to_owned(),
            format: String::new(),
            call_to_action: String::new(),
            hashtags: vec![],
        }
    }

    #[test]
    fn the_same_in_other_dress_is_alike() {
        let first =
            entry("Why our rye rests for three days", "Show the dough on each day and say what changes in its smell.");
        for (title, idea) in [
            ("WHY OUR RYE RESTS FOR THREE DAYS!", "Something else altogether, with other words."),
            ("Why our rye rests three days", "Another picture: the baker's hands."),
            (
                "Three slow days",
                "Show the dough on each day and say what changes in its smell: why our rye rests for three days.",
            ),
        ] {
            let mut seen = Seen::of(std::slice::from_ref(&first));
            assert_eq!(seen.take(&entry(title, idea)), Some(first.title.clone()), "{title}");
        }
    }

    #[test]
    fn another_idea_about_the_same_is_not() {
        let mut seen = Seen::default();
        for (title, idea) in [
            ("Why our rye rests for three days", "Show the dough on each day and say what changes in its smell."),
            ("Why our oat loaf rests for one night", "Ask the night baker what she listens to while it rises."),
            ("Rye", "A close-up of the crust and one sentence about the sound it makes."),
            ("Oat", "The oats come from a farm ten miles away: show the field."),
            ("Three days of rye in thirty seconds", "A time lapse from the first stir to the first slice."),
        ] {
            assert_eq!(seen.take(&entry(title, idea)), None, "{title}");
        }
    }
}
