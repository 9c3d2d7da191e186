//! What the models are told: the caption's prompt and schema, the image's prompt, and what a caption has to be.
//!
//! The texts stand in `*.md`. A brief is data: each of its values is put on one line behind its label, so that nothing in
//! it can pass for another line, for the end of the brief or for a message of ours.

pub(crate) mod brand;
mod caption;
mod image;
pub mod segment;

pub(crate) use caption::{clean, hashtags, object_in};

use shared::domain::{BrandKit, Context};
use shared::store::advance::Caption;
use shared::store::claim::Brief;

use crate::checks::Fault;
use crate::gateway::{ChatAsk, ImageAsk, Sizing};
use crate::platforms::{Platform, Platforms};

/// What a post is to be about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptionBrief {
    pub brand: String,
    pub tone: String,
    pub topic: Option<String>,
    pub brief: Option<String>,
    pub audience: Option<String>,
    pub platform: Platform,
    /// A BCP 47 tag.
    pub language: Option<String>,
    /// The brand's rules, as they were when the batch was placed.
    pub kit: BrandKit,
}

impl CaptionBrief {
    pub fn of(brief: &Brief, context: &Context, platforms: &Platforms) -> Self {
        Self {
            brand: brief.brand_name.clone(),
            tone: brief.tone.clone(),
            topic: brief.topic.clone(),
            brief: brief.brief.clone(),
            audience: brief.target_audience.clone(),
            platform: platforms.of(brief.platform.as_deref()),
            language: brief.language.clone(),
            kit: context.brand.clone().unwrap_or_default(),
        }
    }
}

/// The request for a post's text.
pub fn caption(brief: &CaptionBrief) -> ChatAsk<Caption> {
    caption::ask(brief)
}

/// The request for a text in place of `draft`, with what is wrong with that.
pub fn once_more(brief: &CaptionBrief, draft: &Caption, faults: &[Fault]) -> ChatAsk<Caption> {
    caption::once_more(brief, draft, faults)
}

/// The request for a post's image. `picture` is what the caption's author wants shown; `size` such as `1024x1024`, `quality`
/// such as `medium`.
pub fn image(brief: &CaptionBrief, picture: &str, size: &str, quality: &str) -> ImageAsk {
    ImageAsk {
        route: None,
        prompt: image::prompt(brief, picture),
        instead_of: None,
        references: Vec::new(),
        size: size.to_owned(),
        sizing: Sizing::AsMade,
        quality: quality.to_owned(),
        platform: brief.platform.clone(),
    }
}

/// A value on one line: a line break becomes a slash, or just a space where a sentence ends; other control characters go.
pub(crate) fn one_line(value: &str) -> String {
    let mut joined = String::with_capacity(value.len());
    for line in value.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']) {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if !line.is_empty() && !joined.is_empty() {
            joined.push_str(if joined.ends_with(['.', '!', '?', ':', ';', ',', '…']) { " " } else { " / " });
        }
        joined.push_str(&line);
    }
    joined.retain(|c| !c.is_control());
    joined
}

/// `text` with each `{name}` replaced; values are not looked into again.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 256);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        let known = after.find('}').and_then(|close| {
            let value = values.iter().find(|(name, _)| *name == &after[..close])?;
            Some((value.1, &after[close + 1..]))
        });
        if let Some((value, behind)) = known {
            filled.push_str(value);
            rest = behind;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests;
