//! What was found wrong with a batch.

use std::collections::BTreeMap;
use std::fmt;

use crate::problem::FieldError;

/// How many errors are listed.
const LISTED: usize = 1_000;

/// Where something is wrong; written as a JSON pointer only when it is listed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'n> {
    within: Within,
    /// The names below that, from the outside in; empty ones are left out.
    names: [&'n str; 2],
}

/// The part of the input that a place lies in.
#[derive(Clone, Copy, Debug)]
enum Within {
    Body,
    /// The post of that position.
    Post(usize),
    /// The row that begins on that line of a file, from 1.
    Line(u64),
}

impl<'n> Place<'n> {
    pub(crate) const BODY: Self = Self { within: Within::Body, names: ["", ""] };

    pub(super) fn post(position: usize) -> Self {
        Self { within: Within::Post(position), ..Self::BODY }
    }

    /// The row of a file that begins on a line, from 1.
    pub(crate) fn line(line: u64) -> Self {
        Self { within: Within::Line(line), ..Self::BODY }
    }

    /// A field of what this is.
    pub(crate) fn field(self, name: &'n str) -> Self {
        let names = if self.names[0].is_empty() { [name, ""] } else { [self.names[0], name] };
        Self { names, ..self }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Within::Post(post) = self.within {
            write!(f, "/posts/{post}")?;
        }
        for name in self.names.iter().filter(|name| !name.is_empty()) {
            write!(f, "/{}", name.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}

/// The errors found so far: the first of them whole, all of them by count.
#[derive(Debug, Default)]
pub struct Findings {
    listed: Vec<FieldError>,
    counts: BTreeMap<&'static str, u64>,
    total: u64,
}

impl Findings {
    /// Notes an error. The detail is written only when there is room in the list.
    pub(crate) fn add(&mut self, place: Place<'_>, code: &'static str, detail: fmt::Arguments<'_>) {
        self.total += 1;
        *self.counts.entry(code).or_default() += 1;
        if self.listed.len() < LISTED {
            let line = match place.within {
                Within::Line(line) => Some(line),
                Within::Body | Within::Post(_) => None,
            };
            self.listed.push(FieldError { line, ..FieldError::new(place.to_string(), code, detail.to_string()) });
        }
    }

    /// How many errors there are, listed or not.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The listed errors, and how many there are of each code.
    pub fn into_parts(self) -> (Vec<FieldError>, BTreeMap<String, u64>) {
        let counts = self.counts.into_iter().map(|(code, count)| (code.to_owned(), count)).collect();
        (self.listed, counts)
    }
}
