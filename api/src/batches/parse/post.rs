//! One row of a batch.

use std::borrow::Cow;

use serde_json::value::RawValue;
use shared::domain::{Image, ImageQuality, ImageSize, NewPost, Platform, PostField, limits};

use super::findings::{Findings, Place};
use super::members::Members;
use super::text::{required_text, text};
use super::value::{Given, Row, Value};
use crate::parse::is_language_tag;

/// What a post of a submit consists of; its image is one object there.
const FIELDS: [PostField; 9] = [
    PostField::BrandName,
    PostField::Topic,
    PostField::Tone,
    PostField::Brief,
    PostField::TargetAudience,
    PostField::Platform,
    PostField::Language,
    PostField::Image,
    PostField::ExternalId,
];

/// What is done with the name of an unknown field.
pub(crate) type Unknown<'u> = &'u mut dyn FnMut(&mut Findings, Place<'_>, &str);

/// Reads a row of a submit; `None` when an error was noted. Names of unknown fields are handed to `unknown`.
pub(super) fn post<'a>(
    raw: &'a RawValue,
    position: usize,
    findings: &mut Findings,
    unknown: Unknown<'_>,
) -> Option<NewPost<'a>> {
    let place = Place::post(position);
    if !raw.get().starts_with('{') {
        findings.add(place, "wrong_type", format_args!("must be an object, not {}", Value::Json(raw).kind()));
        return None;
    }
    let Ok(members) = Members::of(raw, &FIELDS.map(PostField::as_str)) else {
        findings.add(place, "lone_surrogate", format_args!("has a field whose name is no text"));
        return None;
    };
    let before = findings.total();
    for name in &members.unknown {
        unknown(findings, place.field(name), name);
    }
    let mut row = Row::default();
    for (field, raw) in FIELDS.into_iter().zip(members.values) {
        if let Some(raw) = raw {
            row.set(field, Given { value: Value::Json(raw), name: field.as_str() });
        }
    }
    checked(&row, place, findings, unknown).filter(|_| findings.total() == before)
}

/// The post that a row makes; `None` when an error was noted. The one set of rules for posts, wherever they come from.
pub(crate) fn checked<'a>(
    row: &Row<'a>,
    place: Place<'_>,
    findings: &mut Findings,
    unknown: Unknown<'_>,
) -> Option<NewPost<'a>> {
    let before = findings.total();
    let at = |field: PostField| place.field(row.get(field).map_or(field.as_str(), |given| given.name));
    let value = |field: PostField| row.get(field).map(|given| given.value);
    let mut optional = |field, longest| text(value(field)?, longest, at(field), findings);
    let topic = optional(PostField::Topic, limits::TOPIC);
    let brief = optional(PostField::Brief, limits::BRIEF);
    let target_audience = optional(PostField::TargetAudience, limits::TARGET_AUDIENCE);
    let external_id = optional(PostField::ExternalId, limits::EXTERNAL_ID);
    let mut required = |field, longest| required_text(value(field), longest, at(field), findings);
    let brand_name = required(PostField::BrandName, limits::BRAND_NAME);
    let tone = required(PostField::Tone, limits::TONE);
    let platform = value(PostField::Platform).and_then(|value| platform(value, at(PostField::Platform), findings));
    let language = value(PostField::Language).and_then(|value| language(value, at(PostField::Language), findings));
    let image = image(row, place, findings, unknown);
    if findings.total() > before {
        return None;
    }
    Some(NewPost {
        brand_name: brand_name?,
        topic,
        tone: tone?,
        brief,
        target_audience,
        platform,
        language,
        image,
        external_id,
    })
}

fn platform(value: Value<'_>, place: Place<'_>, findings: &mut Findings) -> Option<Platform> {
    let platform = Platform::called(&text(value, limits::BRAND_NAME, place, findings)?);
    if platform.is_none() {
        findings.add(place, "invalid", format_args!("must be one of {}", Names(Platform::ALL, Platform::as_str)));
    }
    platform
}

/// A BCP 47 tag, by its form.
fn language<'a>(value: Value<'a>, place: Place<'_>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let tag = text(value, limits::LANGUAGE, place, findings)?;
    if !is_language_tag(&tag) {
        findings.add(place, "invalid", format_args!("must be a BCP 47 language tag such as en or pt-BR"));
        return None;
    }
    Some(tag)
}

/// The image that a row asks for. As JSON, `false` for none or an object whose fields may be left out; as text, true or
/// false. Beside it, or in its place, stand a size and a quality: where both are there and blank, no image is wanted. A
/// row that says nothing at all wants the usual one.
fn image(row: &Row<'_>, place: Place<'_>, findings: &mut Findings, unknown: Unknown<'_>) -> Option<Image> {
    let (size, quality) = (row.get(PostField::ImageSize), row.get(PostField::ImageQuality));
    let filled = |given: Option<Given<'_>>| given.is_some_and(|given| !given.value.is_blank());
    let wanted = match row.get(PostField::Image) {
        Some(Given { value: Value::Json(raw), name }) if raw.get().starts_with('{') => {
            if filled(size) || filled(quality) {
                findings.add(place.field(name), "invalid", format_args!("must not stand beside a size or a quality"));
                return None;
            }
            return object(raw, place.field(name), findings, unknown);
        }
        Some(given) if !given.value.is_blank() => yes_or_no(given, place, findings)?,
        _ => (size.is_none() && quality.is_none()) || filled(size) || filled(quality),
    };
    if wanted {
        return measures(size, quality, place, findings);
    }
    if let Some(given) = [size, quality].into_iter().flatten().find(|given| filled(Some(*given))) {
        findings.add(place.field(given.name), "invalid", format_args!("belongs to an image, and none is wanted"));
    }
    None
}

fn yes_or_no(given: Given<'_>, place: Place<'_>, findings: &mut Findings) -> Option<bool> {
    let place = place.field(given.name);
    match given.value {
        Value::Json(raw) if raw.get() == "false" => Some(false),
        Value::Json(_) => {
            let kind = given.value.kind();
            findings.add(place, "wrong_type", format_args!("must be an object or false, not {kind}"));
            None
        }
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => {
                let detail = format_args!("must be true or false; its size stands in image_size");
                findings.add(place, "invalid", detail);
                None
            }
        },
    }
}

fn object(raw: &RawValue, place: Place<'_>, findings: &mut Findings, unknown: Unknown<'_>) -> Option<Image> {
    let Ok(members) = Members::of(raw, &["size", "quality"]) else {
        findings.add(place, "lone_surrogate", format_args!("has a field whose name is no text"));
        return None;
    };
    for name in &members.unknown {
        unknown(findings, place.field(name), &format!("image.{name}"));
    }
    let [size, quality] = members.values;
    let size = size.map(|raw| Given { value: Value::Json(raw), name: "size" });
    let quality = quality.map(|raw| Given { value: Value::Json(raw), name: "quality" });
    measures(size, quality, place, findings)
}

/// The image of a size and a quality; what is absent or a blank cell is as usual.
fn measures(
    size: Option<Given<'_>>,
    quality: Option<Given<'_>>,
    place: Place<'_>,
    findings: &mut Findings,
) -> Option<Image> {
    let default = Image::default();
    let size = size.filter(|given| !given.value.is_blank()).map_or(Some(default.size), |given| {
        choice(given.value, place.field(given.name), findings, ImageSize::ALL, ImageSize::as_str)
    });
    let quality = quality.filter(|given| !given.value.is_blank()).map_or(Some(default.quality), |given| {
        choice(given.value, place.field(given.name), findings, ImageQuality::ALL, ImageQuality::as_str)
    });
    Some(Image { size: size?, quality: quality? })
}

/// One of a few names, in any case.
pub(super) fn choice<T: Copy>(
    value: Value<'_>,
    place: Place<'_>,
    findings: &mut Findings,
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> Option<T> {
    let before = findings.total();
    let text = text(value, limits::BRAND_NAME, place, findings);
    let found = text.and_then(|text| all.iter().copied().find(|one| name(*one).eq_ignore_ascii_case(&text)));
    if found.is_none() && findings.total() == before {
        findings.add(place, "invalid", format_args!("must be one of {}", Names(all, name)));
    }
    found
}

/// Names in a row, for people.
struct Names<T: 'static>(&'static [T], fn(T) -> &'static str);

impl<T: Copy> std::fmt::Display for Names<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, one) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { ", " };
            write!(f, "{gap}{}", (self.1)(*one))?;
        }
        Ok(())
    }
}
