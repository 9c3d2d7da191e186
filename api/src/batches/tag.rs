//! Which state of a batch somebody has: the `ETag`, and the conditions that name it.

use std::fmt;

use shared::store::batches::Batch;

/// A state of a batch as its readers see it: its version, and whether it lacks workers, which no version tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    version: i64,
    lacks_workers: bool,
}

impl Tag {
    pub fn of(batch: &Batch) -> Self {
        Self { version: batch.version, lacks_workers: batch.lacks_workers() }
    }

    /// Whether an `If-None-Match` names this state.
    pub fn is_in(self, condition: &str) -> bool {
        let this = self.to_string();
        condition.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == this)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}{}\"", self.version, if self.lacks_workers { "-unattended" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::Tag;

    #[test]
    fn a_condition_names_a_state_exactly() {
        let tag = Tag { version: 7, lacks_workers: false };
        for (condition, named) in [
            ("\"7\"", true),
            ("W/\"7\"", true),
            ("\"6\" , \"7\"", true),
            ("*", true),
            ("\"7-unattended\"", false),
            ("7", false),
            ("", false),
        ] {
            assert_eq!(tag.is_in(condition), named, "{condition}");
        }
    }
}
