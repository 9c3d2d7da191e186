//! The prompt of a post's image.

use shared::prices::LONGEST_IMAGE_VALUE;

use super::{CaptionBrief, brand, fill, one_line};

const PROMPT: &str = include_str!("image.md");
/// Image models take long prompts badly, and some refuse them.
const LONGEST_PICTURE: usize = 3000;

pub(super) fn prompt(brief: &CaptionBrief, picture: &str) -> String {
    let short = |value: &str, most| one_line(value).chars().take(most).collect::<String>();
    let value = |value: Option<&String>, other: &str| match value.map(|value| short(value, LONGEST_IMAGE_VALUE)) {
        Some(value) if !value.is_empty() => value,
        _ => other.to_owned(),
    };
    let brand = short(&brief.brand, LONGEST_IMAGE_VALUE);
    let prompt = fill(
        PROMPT,
        &[
            ("picture", &short(picture, LONGEST_PICTURE)),
            ("topic", &value(brief.topic.as_ref(), &brand)),
            ("brand", &brand),
            ("tone", &short(&brief.tone, LONGEST_IMAGE_VALUE)),
            ("audience", &value(brief.audience.as_ref(), "everyone")),
        ],
    );
    match brand::of_pictures(&brief.kit) {
        Some(brand) => format!("{}\n\n{brand}", prompt.trim_end()),
        None => prompt,
    }
}
