//! The members of one JSON object, as raw values that borrow from the body.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object that have a place in a list of names, and the names of the others.
pub(super) struct Members<'a, const N: usize> {
    /// The values in the order of the names. A name that comes twice has its last value; null counts as absent.
    pub(super) values: [Option<&'a RawValue>; N],
    pub(super) unknown: Vec<Cow<'a, str>>,
}

/// How many unknown names are kept of one object.
const UNKNOWN: usize = 32;

impl<'a, const N: usize> Members<'a, N> {
    /// Reads an object. Anything else is an error.
    pub(super) fn of(raw: &'a RawValue, names: &[&str; N]) -> Result<Self, serde_json::Error> {
        Seed(names).deserialize(&mut serde_json::Deserializer::from_str(raw.get()))
    }
}

struct Seed<'n, const N: usize>(&'n [&'n str; N]);

impl<'a, const N: usize> DeserializeSeed<'a> for Seed<'_, N> {
    type Value = Members<'a, N>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a, const N: usize> Visitor<'a> for Seed<'_, N> {
    type Value = Members<'a, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members { values: [None; N], unknown: Vec::new() };
        while let Some(name) = map.next_key_seed(Name)? {
            if let Some(index) = self.0.iter().position(|known| *known == name) {
                let raw: &RawValue = map.next_value()?;
                members.values[index] = Some(raw).filter(|raw| raw.get() != "null");
            } else {
                map.next_value::<IgnoredAny>()?;
                if members.unknown.len() < UNKNOWN {
                    members.unknown.push(name);
                }
            }
        }
        Ok(members)
    }
}

/// A member's name, borrowed where it is written without escapes.
pub(crate) struct Name;

impl<'a> DeserializeSeed<'a> for Name {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Name {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
