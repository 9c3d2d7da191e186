//! How clients name things that have both an id and a number.

use std::str::FromStr;

use serde::Serialize;

use super::state::UnknownName;

/// A thing's id, or the number that it has for clients that cannot hold a UUID. Neither says whose it is: whoever looks it up
/// compares the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Handle<I> {
    Id(I),
    Number(i64),
}

impl<I> Handle<I> {
    /// As two parameters of a statement, one of which is null.
    pub fn parts(self) -> (Option<I>, Option<i64>) {
        match self {
            Self::Id(id) => (Some(id), None),
            Self::Number(number) => (None, Some(number)),
        }
    }
}

impl<I: FromStr> FromStr for Handle<I> {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        // An id in its short form may have digits only, but never as few as a number.
        text.parse()
            .map(Self::Number)
            .or_else(|_| text.parse().map(Self::Id))
            .map_err(|_| UnknownName::new(text.to_owned(), "id or number"))
    }
}

#[cfg(test)]
mod tests {
    use super::Handle;
    use crate::domain::SegmentId;

    #[test]
    fn a_handle_is_an_id_or_a_number() {
        let id = SegmentId::new();
        assert_eq!(id.to_string().parse::<Handle<SegmentId>>().expect("an id"), Handle::Id(id));
        assert_eq!("17".parse::<Handle<SegmentId>>().expect("a number"), Handle::Number(17));
        for bad in ["", "x", "1.5", "99999999999999999999"] {
            assert!(bad.parse::<Handle<SegmentId>>().is_err(), "{bad}");
        }
    }
}
