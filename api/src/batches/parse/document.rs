//! The whole of a submitted batch: its own fields, and its rows one after the other.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use shared::domain::{NewBatch, NewPost, limits};

use super::findings::{Findings, Place};
use super::members::Members;
use super::post::{Unknown, post};
use super::settings::{BatchSettings, GivenSettings, settings};
use super::value::Value;
use super::{Parsed, Refused, UnknownFields};

const FIELDS: [&str; 6] = ["name", "posts", "budget_usd", "priority", "mode", "deadline"];

/// How many names of ignored fields are told.
const IGNORED: usize = 32;

pub(super) fn parse(text: &str, unknown: UnknownFields) -> Result<Parsed<'_>, Refused> {
    let body: &RawValue =
        serde_json::from_str(text).map_err(|error| Refused::Malformed(format!("The body is not JSON: {error}.")))?;
    let mut findings = Findings::default();
    if !body.get().starts_with('{') {
        findings.add(Place::BODY, "wrong_type", format_args!("must be an object, not {}", Value::Json(body).kind()));
        return Err(Refused::Invalid(findings));
    }
    let members = Members::of(body, &FIELDS)
        .map_err(|error| Refused::Malformed(format!("The body has a field whose name is no text: {error}.")))?;
    let mut ignored = BTreeSet::new();
    for name in &members.unknown {
        note_unknown(unknown, &mut ignored, &mut findings, Place::BODY.field(name), name);
    }
    let [name, posts, budget, priority, mut mode, mut deadline] = members.values;
    if unknown == UnknownFields::Ignore {
        // The compatible paths have no such fields.
        for (field, name) in [(&mut mode, "mode"), (&mut deadline, "deadline")] {
            if field.take().is_some() {
                ignored.insert(name.to_owned());
            }
        }
    }
    let [name, budget, priority, mode, deadline] =
        [name, budget, priority, mode, deadline].map(|raw| raw.map(Value::Json));
    let given = GivenSettings { name, budget, priority, mode, deadline };
    let BatchSettings { name, priority, cap, mode } = settings(&given, &mut findings);
    let posts = self::posts(posts, &mut findings, &mut |findings, place, name| {
        note_unknown(unknown, &mut ignored, findings, place, &format!("posts.{name}"));
    });
    match name {
        Some(name) if findings.is_empty() => {
            Ok(Parsed { batch: NewBatch { name, priority, cap, mode, posts }, ignored })
        }
        _ => Err(Refused::Invalid(findings)),
    }
}

fn note_unknown(
    unknown: UnknownFields,
    ignored: &mut BTreeSet<String>,
    findings: &mut Findings,
    place: Place<'_>,
    name: &str,
) {
    match unknown {
        UnknownFields::Refuse => {
            findings.add(place, "unknown_field", format_args!("is not a field of this object"));
        }
        UnknownFields::Ignore if ignored.len() < IGNORED => {
            ignored.insert(name.to_owned());
        }
        UnknownFields::Ignore => {}
    }
}

/// The rows. They are read one by one and never gathered as raw values: a body of 16 million tiny values stays small.
fn posts<'a>(raw: Option<&'a RawValue>, findings: &mut Findings, unknown: Unknown<'_>) -> Vec<NewPost<'a>> {
    let place = Place::BODY.field("posts");
    let Some(raw) = raw else {
        findings.add(place, "required", format_args!("is required"));
        return Vec::new();
    };
    let mut rows = Rows { posts: Vec::new(), names: HashMap::new(), count: 0, findings, unknown };
    let read = Seed(&mut rows).deserialize(&mut serde_json::Deserializer::from_str(raw.get()));
    let Rows { posts, count, findings, .. } = rows;
    if read.is_err() {
        findings.add(place, "wrong_type", format_args!("must be a list, not {}", Value::Json(raw).kind()));
    } else if count == 0 {
        findings.add(place, "too_few", format_args!("must have one post at least"));
    } else if count > limits::POSTS {
        let most = limits::POSTS;
        findings.add(place, "too_many", format_args!("must have {most} posts at most; it has {count}"));
    }
    posts
}

struct Rows<'a, 'w> {
    posts: Vec<NewPost<'a>>,
    /// The position at which each `external_id` was seen first.
    names: HashMap<Cow<'a, str>, usize>,
    count: usize,
    findings: &'w mut Findings,
    unknown: Unknown<'w>,
}

impl<'a> Rows<'a, '_> {
    fn push(&mut self, raw: &'a RawValue) {
        let position = self.count;
        let Some(post) = post(raw, position, self.findings, self.unknown) else { return };
        if let Some(name) = &post.external_id {
            match self.names.get(name) {
                Some(first) => {
                    let place = Place::post(position).field("external_id");
                    self.findings.add(place, "duplicate", format_args!("is the same as that of /posts/{first}"));
                }
                None => {
                    self.names.insert(name.clone(), position);
                }
            }
        }
        if self.findings.is_empty() {
            self.posts.push(post);
        } else {
            // Nothing will be placed, so nothing is kept.
            self.posts = Vec::new();
        }
    }
}

struct Seed<'r, 'a, 'w>(&'r mut Rows<'a, 'w>);

impl<'a> DeserializeSeed<'a> for Seed<'_, 'a, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Seed<'_, 'a, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut rows: A) -> Result<(), A::Error> {
        while self.0.count < limits::POSTS {
            let Some(raw) = rows.next_element::<&'a RawValue>()? else { return Ok(()) };
            self.0.push(raw);
            self.0.count += 1;
        }
        while rows.next_element::<IgnoredAny>()?.is_some() {
            self.0.count += 1;
        }
        Ok(())
    }
}
