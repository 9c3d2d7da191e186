//! A JSON object, read field by field; whatever is wrong is collected, not thrown.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::value::RawValue;
use shared::domain::{Nanodollars, limits};
use uuid::Uuid;

use crate::problem::FieldError;

/// What has been found wrong so far.
pub type Errors = Vec<FieldError>;

/// The fields of one JSON object. Each is asked for by name, once; what nobody asked for is unknown.
pub struct Fields<'a, 'e> {
    pointer: String,
    raw: BTreeMap<String, &'a RawValue>,
    errors: &'e mut Errors,
}

impl<'a, 'e> Fields<'a, 'e> {
    /// The object at `pointer` (empty for the whole body). A value that is no object is an error and has no fields.
    pub fn of(raw: &'a RawValue, pointer: impl Into<String>, errors: &'e mut Errors) -> Option<Self> {
        let pointer = pointer.into();
        if !raw.get().starts_with('{') {
            errors.push(FieldError::new(pointer, "wrong_type", format!("must be an object, not {}", kind(raw))));
            return None;
        }
        match serde_json::from_str(raw.get()) {
            Ok(fields) => Some(Self { pointer, raw: fields, errors }),
            Err(error) => {
                errors.push(unreadable(pointer, &error));
                None
            }
        }
    }

    /// A text of that many characters, without the blanks around it. An absent, null or blank one is an error.
    pub fn text(&mut self, name: &'static str, length: RangeInclusive<usize>) -> Option<String> {
        match self.given(name) {
            Some(raw) => {
                let text = self.string(name, raw)?;
                self.measured(name, text.trim(), length)
            }
            None => self.wrong(name, "required", "is required"),
        }
    }

    /// The same, where absent, null and blank all mean that there is none.
    pub fn optional_text(&mut self, name: &'static str, longest: usize) -> Option<String> {
        let raw = self.given(name)?;
        let text = self.string(name, raw)?;
        let text = text.trim();
        if text.is_empty() { None } else { self.measured(name, text, 1..=longest) }
    }

    /// A field that may be left out (`None`), set to null (`Some(None)`) or given (`Some(Some(text))`).
    pub fn changed_text(&mut self, name: &'static str, longest: usize) -> Option<Option<String>> {
        if !self.raw.contains_key(name) {
            return None;
        }
        Some(self.optional_text(name, longest))
    }

    /// A field that may be left out (`None`); when it is there it is a text that is not blank.
    pub fn replaced_text(&mut self, name: &'static str, longest: usize) -> Option<String> {
        if self.raw.contains_key(name) { self.text(name, 1..=longest) } else { None }
    }

    /// Text exactly as it was given, for passwords and tokens.
    pub fn secret(&mut self, name: &'static str, length: RangeInclusive<usize>) -> Option<String> {
        match self.given(name) {
            Some(raw) => {
                let text = self.string(name, raw)?;
                self.measured(name, &text, length)
            }
            None => self.wrong(name, "required", "is required"),
        }
    }

    /// An amount of dollars from 0 on, or null for none (`Some(None)`). The field has to be there.
    pub fn dollars(&mut self, name: &'static str) -> Option<Option<Nanodollars>> {
        if !self.has(name) {
            return self.wrong(name, "required", "is required; null stands for no limit");
        }
        let Some(raw) = self.given(name) else { return Some(None) };
        let Ok(usd) = raw.get().parse::<f64>() else {
            return self.wrong(name, "wrong_type", format!("must be a number of dollars, not {}", kind(raw)));
        };
        match Nanodollars::from_usd(usd).filter(|_| usd <= limits::BUDGET_USD) {
            Some(amount) => Some(Some(amount)),
            None => self.wrong(name, "out_of_range", format!("must be from 0 to {} dollars", limits::BUDGET_USD)),
        }
    }

    /// An amount of dollars from 0 on; absent and null mean that there is none.
    pub fn optional_dollars(&mut self, name: &'static str) -> Option<Nanodollars> {
        if self.has(name) { self.dollars(name).flatten() } else { None }
    }

    /// A whole number in a range; absent and null mean that there is none.
    pub fn whole(&mut self, name: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let raw = self.given(name)?;
        match raw.get().parse::<u64>() {
            Ok(number) if range.contains(&number) => Some(number),
            _ if raw.get().starts_with(|c: char| c == '-' || c.is_ascii_digit()) => self.wrong(
                name,
                "out_of_range",
                format!("must be a whole number from {} to {}", range.start(), range.end()),
            ),
            _ => self.wrong(name, "wrong_type", format!("must be a whole number, not {}", kind(raw))),
        }
    }

    /// One of a few names; absent and null mean that nobody said.
    pub fn choice<T: Copy>(&mut self, name: &'static str, all: &[T], as_str: fn(T) -> &'static str) -> Option<T> {
        let raw = self.given(name)?;
        let text = self.string(name, raw)?;
        all.iter().copied().find(|choice| as_str(*choice) == text.trim()).or_else(|| {
            let names: Vec<_> = all.iter().map(|choice| as_str(*choice)).collect();
            self.wrong(name, "invalid", format!("must be one of {}", names.join(", ")))
        })
    }

    /// True or false; absent and null mean that nobody said.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        let raw = self.given(name)?;
        match raw.get() {
            "true" => Some(true),
            "false" => Some(false),
            _ => self.wrong(name, "wrong_type", format!("must be true or false, not {}", kind(raw))),
        }
    }

    /// An id; absent and null mean that there is none.
    pub fn optional_id(&mut self, name: &'static str) -> Option<Uuid> {
        let text = self.optional_text(name, 36)?;
        text.parse().ok().or_else(|| self.wrong(name, "invalid", "must be an id (a UUID)"))
    }

    /// An id that may be left out (`None`), set to null (`Some(None)`) or given.
    pub fn changed_id(&mut self, name: &'static str) -> Option<Option<Uuid>> {
        if !self.raw.contains_key(name) {
            return None;
        }
        Some(self.optional_id(name))
    }

    /// A list of texts, each without the blanks around it; absent and null mean that there is none. Blank ones are errors.
    pub fn texts(&mut self, name: &'static str, most: usize, longest: usize) -> Option<Vec<String>> {
        Some(self.entries(name, most, longest)?.into_iter().map(|(_, text)| text).collect())
    }

    /// The same, each good one with its index, for those who look further into them.
    pub fn entries(&mut self, name: &'static str, most: usize, longest: usize) -> Option<Vec<(usize, String)>> {
        let raw = self.given(name)?;
        let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else {
            return self.wrong(name, "wrong_type", format!("must be a list of texts, not {}", kind(raw)));
        };
        if items.len() > most {
            return self.wrong(name, "too_many", format!("must have at most {most} entries, not {}", items.len()));
        }
        let place = self.pointer_to(name);
        let mut good = Vec::with_capacity(items.len());
        for (index, raw) in items.into_iter().enumerate() {
            let pointer = format!("{place}/{index}");
            let text = self.string_at(&pointer, raw);
            good.extend(text.and_then(|text| Some((index, self.measured_at(&pointer, text.trim(), 1..=longest)?))));
        }
        Some(good)
    }

    /// Whether a field is there, null or not.
    pub fn has(&self, name: &str) -> bool {
        self.raw.contains_key(name)
    }

    /// The raw value of a field that the caller reads further; null counts as absent.
    pub fn given(&mut self, name: &'static str) -> Option<&'a RawValue> {
        self.raw.remove(name).filter(|raw| raw.get() != "null")
    }

    /// Notes an error of a field.
    pub fn wrong<T>(&mut self, name: &str, code: &'static str, detail: impl Into<String>) -> Option<T> {
        self.wrong_at(self.pointer_to(name), code, detail)
    }

    /// Notes an error of one entry of a list.
    pub fn wrong_item<T>(
        &mut self,
        name: &str,
        index: usize,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Option<T> {
        self.wrong_at(format!("{}/{index}", self.pointer_to(name)), code, detail)
    }

    fn wrong_at<T>(&mut self, pointer: String, code: &'static str, detail: impl Into<String>) -> Option<T> {
        self.errors.push(FieldError::new(pointer, code, detail));
        None
    }

    /// The JSON pointer of a field.
    pub fn pointer_to(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"))
    }

    pub fn errors(&mut self) -> &mut Errors {
        self.errors
    }

    /// Refuses every field that nobody asked for.
    pub fn refuse_the_rest(self) {
        for name in self.raw.keys() {
            let pointer = self.pointer_to(name);
            self.errors.push(FieldError::new(pointer, "unknown_field", "is not a field of this object"));
        }
    }

    /// The names of the fields that nobody asked for.
    pub fn the_rest(self) -> Vec<String> {
        self.raw.into_keys().collect()
    }

    fn string(&mut self, name: &'static str, raw: &RawValue) -> Option<String> {
        self.string_at(&self.pointer_to(name), raw)
    }

    fn string_at(&mut self, pointer: &str, raw: &RawValue) -> Option<String> {
        let pointer = || pointer.to_owned();
        if !raw.get().starts_with('"') {
            return self.wrong_at(pointer(), "wrong_type", format!("must be text, not {}", kind(raw)));
        }
        match serde_json::from_str::<String>(raw.get()) {
            Ok(text) if text.contains('\0') => self.wrong_at(pointer(), "nul", "must not contain NUL characters"),
            Ok(text) => Some(text),
            Err(error) => {
                self.errors.push(unreadable(pointer(), &error));
                None
            }
        }
    }

    fn measured(&mut self, name: &'static str, text: &str, length: RangeInclusive<usize>) -> Option<String> {
        self.measured_at(&self.pointer_to(name), text, length)
    }

    fn measured_at(&mut self, pointer: &str, text: &str, length: RangeInclusive<usize>) -> Option<String> {
        let (shortest, longest) = (*length.start(), *length.end());
        let count = text.chars().count();
        let (code, detail) = if count == 0 && shortest > 0 {
            ("blank", "must not be blank".to_owned())
        } else if count < shortest {
            ("too_short", format!("must have {shortest} characters at least; it has {count}"))
        } else if count > longest {
            ("too_long", format!("must have {longest} characters at most; it has {count}"))
        } else {
            return Some(text.to_owned());
        };
        self.wrong_at(pointer.to_owned(), code, detail)
    }
}

fn unreadable(pointer: String, error: &serde_json::Error) -> FieldError {
    if error.to_string().contains("surrogate") || error.to_string().contains("unexpected end of hex escape") {
        FieldError::new(pointer, "lone_surrogate", "contains half of a surrogate pair (\\uD800 to \\uDFFF)")
    } else {
        FieldError::new(pointer, "malformed", "cannot be read as JSON text")
    }
}

/// What a JSON value is, for people.
fn kind(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "text",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{Errors, Fields};

    fn read(json: &str, work: impl FnOnce(&mut Fields)) -> Vec<(String, &'static str)> {
        let raw: &RawValue = serde_json::from_str(json).expect("JSON");
        let mut errors = Errors::new();
        if let Some(mut fields) = Fields::of(raw, "", &mut errors) {
            work(&mut fields);
            fields.refuse_the_rest();
        }
        errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn every_error_is_found_at_its_pointer() {
        let json = r#"{"name": "  ", "tone": 3, "brief": "a\u0000b", "topic": "\ud800", "long": "abcd", "a/b~c": 1}"#;
        let mut errors = read(json, |fields| {
            for name in ["name", "tone", "brief", "topic", "gone"] {
                assert_eq!(fields.text(name, 1..=10), None);
            }
            assert_eq!(fields.optional_text("long", 3), None);
        });
        errors.sort();
        let expected = [
            ("/a~1b~0c", "unknown_field"),
            ("/brief", "nul"),
            ("/gone", "required"),
            ("/long", "too_long"),
            ("/name", "blank"),
            ("/tone", "wrong_type"),
            ("/topic", "lone_surrogate"),
        ];
        assert_eq!(errors, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    }

    #[test]
    fn lengths_are_counted_in_characters_and_blanks_around_are_dropped() {
        let errors = read(r#"{"name": " äöü "}"#, |fields| {
            assert_eq!(fields.text("name", 1..=3).as_deref(), Some("äöü"));
        });
        assert_eq!(errors, []);
    }

    #[test]
    fn leaving_out_is_not_the_same_as_null() {
        let errors = read(r#"{"a": null, "b": "x"}"#, |fields| {
            assert_eq!(fields.changed_text("a", 9), Some(None));
            assert_eq!(fields.changed_text("b", 9), Some(Some("x".to_owned())));
            assert_eq!(fields.changed_text("c", 9), None);
        });
        assert_eq!(errors, []);
    }

    #[test]
    fn what_is_no_object_has_no_fields() {
        assert_eq!(read("[1]", |_| {}), [(String::new(), "wrong_type")]);
    }
}
