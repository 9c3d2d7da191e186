//! One row of a batch.

use std::borrow::Cow;

use serde_json::value::RawValue;
use shared::domain::{Image, ImageQuality, ImageSize, NewPost, Platform, limits};

use super::findings::{Findings, Place};
use super::members::Members;
use super::text::{kind, required_text, text};

const FIELDS: [&str; 9] =
    ["brand_name", "topic", "tone", "brief", "target_audience", "platform", "language", "image", "external_id"];

/// Reads a row; `None` when an error was noted. Names of unknown fields are handed to `unknown`.
pub(super) fn post<'a>(
    raw: &'a RawValue,
    position: usize,
    findings: &mut Findings,
    unknown: &mut dyn FnMut(&mut Findings, Place<'_>, &str),
) -> Option<NewPost<'a>> {
    let place = Place::post(position);
    if !raw.get().starts_with('{') {
        findings.add(place, "wrong_type", format_args!("must be an object, not {}", kind(raw)));
        return None;
    }
    let Ok(members) = Members::of(raw, &FIELDS) else {
        findings.add(place, "lone_surrogate", format_args!("has a field whose name is no text"));
        return None;
    };
    let before = findings.total();
    for name in &members.unknown {
        unknown(findings, place.field(name), name);
    }
    let [brand_name, topic, tone, brief, audience, platform, language, image, external_id] = members.values;
    let mut optional = |raw: Option<&'a RawValue>, longest, name| text(raw?, longest, place.field(name), findings);
    let topic = optional(topic, limits::TOPIC, "topic");
    let brief = optional(brief, limits::BRIEF, "brief");
    let target_audience = optional(audience, limits::TARGET_AUDIENCE, "target_audience");
    let external_id = optional(external_id, limits::EXTERNAL_ID, "external_id");
    let brand_name = required_text(brand_name, limits::BRAND_NAME, place.field("brand_name"), findings);
    let tone = required_text(tone, limits::TONE, place.field("tone"), findings);
    let platform = platform.and_then(|raw| self::platform(raw, place.field("platform"), findings));
    let language = language.and_then(|raw| self::language(raw, place.field("language"), findings));
    let image = match image {
        Some(raw) => self::image(raw, place.field("image"), findings, unknown),
        None => Some(Image::default()),
    };
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

fn platform(raw: &RawValue, place: Place<'_>, findings: &mut Findings) -> Option<Platform> {
    let name = text(raw, limits::BRAND_NAME, place, findings)?.to_lowercase();
    if name == "twitter" {
        return Some(Platform::X);
    }
    let platform = name.parse().ok();
    if platform.is_none() {
        findings.add(place, "invalid", format_args!("must be one of {}", Names(Platform::ALL, Platform::as_str)));
    }
    platform
}

/// A BCP 47 tag by its form: parts of 1 to 8 letters and digits, the first of 2 to 8 letters.
fn language<'a>(raw: &'a RawValue, place: Place<'_>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let tag = text(raw, limits::LANGUAGE, place, findings)?;
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    let formed = (2..=8).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if !formed {
        findings.add(place, "invalid", format_args!("must be a BCP 47 language tag such as en or pt-BR"));
        return None;
    }
    Some(tag)
}

/// `false` for none, or an object whose fields may be left out.
fn image(
    raw: &RawValue,
    place: Place<'_>,
    findings: &mut Findings,
    unknown: &mut dyn FnMut(&mut Findings, Place<'_>, &str),
) -> Option<Image> {
    if raw.get() == "false" {
        return None;
    }
    if !raw.get().starts_with('{') {
        findings.add(place, "wrong_type", format_args!("must be an object or false, not {}", kind(raw)));
        return None;
    }
    let Ok(members) = Members::of(raw, &["size", "quality"]) else {
        findings.add(place, "lone_surrogate", format_args!("has a field whose name is no text"));
        return None;
    };
    for name in &members.unknown {
        unknown(findings, place.field(name), &format!("image.{name}"));
    }
    let default = Image::default();
    let [size, quality] = members.values;
    let size = size.map_or(Some(default.size), |raw| {
        choice(raw, place.field("size"), findings, ImageSize::ALL, ImageSize::as_str)
    });
    let quality = quality.map_or(Some(default.quality), |raw| {
        choice(raw, place.field("quality"), findings, ImageQuality::ALL, ImageQuality::as_str)
    });
    Some(Image { size: size?, quality: quality? })
}

/// One of a few names, in any case.
pub(super) fn choice<T: Copy>(
    raw: &RawValue,
    place: Place<'_>,
    findings: &mut Findings,
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> Option<T> {
    let before = findings.total();
    let text = text(raw, limits::BRAND_NAME, place, findings);
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
