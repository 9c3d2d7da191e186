//! Values as their sources write them.

use serde_json::value::RawValue;
use shared::domain::PostField;

/// A value: JSON of a body, or the plain text of a cell, a template or a query. Both go through the same rules.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Json(&'a RawValue),
    Text(&'a str),
}

impl Value<'_> {
    /// The number that it is.
    pub(super) fn number(self) -> Option<f64> {
        let text = match self {
            Self::Json(raw) => raw.get(),
            Self::Text(text) => text.trim(),
        };
        text.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// What it is, for people.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Json(raw) => match raw.get().as_bytes().first() {
                Some(b'{') => "an object",
                Some(b'[') => "a list",
                Some(b'"') => "text",
                Some(b't' | b'f') => "true or false",
                Some(b'n') => "null",
                _ => "a number",
            },
            Self::Text(_) => "text",
        }
    }

    /// Whether there is nothing in it but blanks.
    pub(crate) fn is_blank(self) -> bool {
        matches!(self, Self::Text(text) if text.trim().is_empty())
    }
}

/// A value, and what its author calls the place where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given<'a> {
    pub(crate) value: Value<'a>,
    pub(crate) name: &'a str,
}

/// What was given for one post. An absent field is not the same as a blank one: an `image_size` that is there and blank
/// says that no image is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row<'a>([Option<Given<'a>>; PostField::COUNT]);

impl<'a> Row<'a> {
    pub(crate) fn set(&mut self, field: PostField, given: Given<'a>) {
        self.0[field as usize] = Some(given);
    }

    pub(crate) fn get(&self, field: PostField) -> Option<Given<'a>> {
        self.0[field as usize]
    }
}
