//! Reading a submitted batch: every row is checked, and everything that is wrong is counted.
//!
//! A batch may hold 50,000 rows in 32 MiB, so nothing is built but the checked posts, and their texts borrow from the body:
//! the memory of a batch is about its body plus 200 bytes a post, also when every row is wrong. The first 1,000 errors
//! are listed with their JSON pointers; the rest are only counted.

mod document;
mod findings;
mod members;
mod post;
mod settings;
mod text;
mod value;

use std::collections::BTreeSet;

use shared::domain::NewBatch;

use crate::problem::Problem;
pub(crate) use findings::{Findings, Place};
pub(crate) use members::Name;
pub(crate) use post::checked;
pub(crate) use settings::{BatchSettings, GivenSettings, settings};
pub(crate) use text::string;
pub(crate) use value::{Given, Row, Value};

/// What becomes of fields that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownFields {
    /// They are errors.
    Refuse,
    /// They are left out, and named.
    Ignore,
}

/// A batch without errors.
#[derive(Debug)]
pub struct Parsed<'a> {
    pub batch: NewBatch<'a>,
    /// The names of fields that were ignored; those of posts begin with `posts.`.
    pub ignored: BTreeSet<String>,
}

/// Why a body is no batch.
#[derive(Debug)]
pub enum Refused {
    /// It is no JSON; says where it breaks.
    Malformed(String),
    Invalid(Findings),
}

/// Reads a batch from a body.
pub fn parse(body: &[u8], unknown: UnknownFields) -> Result<Parsed<'_>, Refused> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Err(Refused::Malformed("The body is not UTF-8 text.".to_owned()));
    };
    if text.trim().is_empty() {
        return Err(Refused::Malformed("The body is empty; a JSON object is expected.".to_owned()));
    }
    document::parse(text, unknown)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Malformed(detail) => Self::malformed(detail),
            Refused::Invalid(findings) => {
                let (listed, counts) = findings.into_parts();
                Self::invalid(listed).error_counts(counts)
            }
        }
    }
}

#[cfg(test)]
mod tests;
