//! The sample briefs, as the API takes them.

use anyhow::Context;
use serde::{Deserialize, Serialize};

const SAMPLE: &str = include_str!("../../../../config/samples/launch-week.csv");

/// One post to be made, as a submit takes it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct NewPost {
    pub(super) external_id: String,
    pub(super) brand_name: String,
    pub(super) topic: String,
    pub(super) tone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) brief: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target_audience: Option<String>,
    pub(super) platform: String,
    pub(super) language: String,
    pub(super) image: Image,
}

/// A picture's size and quality, or `false` for none.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Image {
    Wanted { size: String, quality: String },
    None(bool),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    external_id: String,
    brand_name: String,
    topic: String,
    tone: String,
    brief: Option<String>,
    target_audience: Option<String>,
    platform: String,
    language: String,
    image_size: Option<String>,
    image_quality: Option<String>,
}

impl From<Row> for NewPost {
    fn from(row: Row) -> Self {
        let image = match (row.image_size, row.image_quality) {
            (Some(size), quality) => Image::Wanted { size, quality: quality.unwrap_or_else(|| "medium".to_owned()) },
            (None, _) => Image::None(false),
        };
        Self {
            external_id: row.external_id,
            brand_name: row.brand_name,
            topic: row.topic,
            tone: row.tone,
            brief: row.brief,
            target_audience: row.target_audience,
            platform: row.platform,
            language: row.language,
            image,
        }
    }
}

/// The briefs of `config/samples/launch-week.csv`, in their order.
pub(super) fn sample() -> anyhow::Result<Vec<NewPost>> {
    let rows: Result<Vec<Row>, csv::Error> = csv::Reader::from_reader(SAMPLE.as_bytes()).into_deserialize().collect();
    Ok(rows.context("config/samples/launch-week.csv")?.into_iter().map(NewPost::from).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_sample_shows_what_a_team_would_ask_for() {
        let briefs = sample().expect("is readable");
        let distinct = |field: fn(&NewPost) -> &str| briefs.iter().map(field).collect::<BTreeSet<_>>().len();
        assert!(briefs.len() >= 24);
        assert!(distinct(|it| &it.brand_name) >= 4);
        assert!(distinct(|it| &it.platform) >= 8);
        assert!(distinct(|it| &it.language) >= 6);
        assert_eq!(distinct(|it| &it.external_id), briefs.len());
        let without = briefs.iter().filter(|it| matches!(it.image, Image::None(false))).count();
        assert!(without >= 2, "{without} posts want no picture");
    }

    #[test]
    fn no_picture_is_written_as_false() {
        let json = serde_json::to_value(Image::None(false)).expect("is JSON");
        assert_eq!(json, serde_json::json!(false));
    }
}
