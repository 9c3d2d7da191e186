//! NDJSON, cut into lines as it comes in: one JSON object a line; blank lines are none.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::batches::parse::Name;

/// The longest line.
const LINE: usize = 1 << 20;

/// Cuts a file into lines.
#[derive(Default)]
pub(super) struct Ndjson {
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    /// Whether that line is longer than a line may be; what comes of it is passed over.
    too_long: bool,
    line: u64,
}

/// One line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Bytes(&'a [u8]),
    TooLong,
}

impl Ndjson {
    /// Reads on, and hands over every line that ends in these bytes, with its number from 1.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut line: impl FnMut(u64, Line<'_>)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.take(&bytes[..end]);
            self.hand_over(&mut line);
            bytes = &bytes[end + 1..];
        }
        self.take(bytes);
    }

    /// Ends the file.
    pub(super) fn end(&mut self, mut line: impl FnMut(u64, Line<'_>)) {
        self.hand_over(&mut line);
    }

    fn take(&mut self, bytes: &[u8]) {
        self.too_long |= self.begun.len() + bytes.len() > LINE;
        if self.too_long {
            self.begun.clear();
        } else {
            self.begun.extend_from_slice(bytes);
        }
    }

    fn hand_over(&mut self, line: &mut impl FnMut(u64, Line<'_>)) {
        self.line += 1;
        if self.too_long {
            line(self.line, Line::TooLong);
        } else if !self.begun.trim_ascii().is_empty() {
            line(self.line, Line::Bytes(&self.begun));
        }
        self.begun.clear();
        self.too_long = false;
    }
}

/// The members of an object in their order. A name that is no text is an error; anything else is no object.
pub(super) fn members(raw: &RawValue) -> Result<Vec<(Cow<'_, str>, &RawValue)>, serde_json::Error> {
    Members.deserialize(&mut serde_json::Deserializer::from_str(raw.get()))
}

struct Members;

impl<'a> DeserializeSeed<'a> for Members {
    type Value = Vec<(Cow<'a, str>, &'a RawValue)>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Members {
    type Value = Vec<(Cow<'a, str>, &'a RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key_seed(Name)? {
            members.push((name, map.next_value()?));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE, Line, Ndjson};

    fn lines(chunks: &[&[u8]]) -> Vec<(u64, Option<Vec<u8>>)> {
        let (mut file, mut lines) = (Ndjson::default(), Vec::new());
        let mut line = |number, line: Line<'_>| {
            lines.push((
                number,
                match line {
                    Line::Bytes(bytes) => Some(bytes.to_vec()),
                    Line::TooLong => None,
                },
            ));
        };
        for chunk in chunks {
            file.feed(chunk, &mut line);
        }
        file.end(&mut line);
        lines
    }

    #[test]
    fn lines_are_counted_whether_blank_or_not_and_however_they_come() {
        let text = b"{}\r\n\n  \n{\"a\":1}\n[]";
        let expected = [(1, Some(b"{}\r".to_vec())), (4, Some(b"{\"a\":1}".to_vec())), (5, Some(b"[]".to_vec()))];
        assert_eq!(lines(&[text]), expected);
        assert_eq!(lines(&text.chunks(1).collect::<Vec<_>>()), expected);
        assert_eq!(lines(&[b"\n\n"]), []);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let long = vec![b'x'; LINE];
        assert_eq!(
            lines(&[b"1\n", &long, b"yz", &long, b"\n2"]),
            [(1, Some(b"1".to_vec())), (2, None), (3, Some(b"2".to_vec()))]
        );
    }
}
