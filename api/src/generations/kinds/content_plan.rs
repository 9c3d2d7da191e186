//! The body of a request for a content plan.

use std::collections::HashSet;

use chrono::{Days, NaiveDate, Utc};
use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;
use shared::domain::{Kind, limits};
use shared::kinds::ContentPlanParameters;
use shared::kinds::content_plan::MOST_ENTRIES;

use super::{Belongings, SHORT, language, needed_whole, several};
use crate::generations::Asked;
use crate::parse::Fields;

const MOST_DAYS: u64 = 366;
const MOST_CHANNELS: usize = 10;
const CHANNEL: usize = 50;
const USUAL_PER_WEEK: u64 = 3;
const MOST_PER_WEEK: u64 = 14;

/// A plan to be made.
#[derive(Object)]
#[oai(rename = "NewContentPlan")]
pub(crate) struct Schema {
    /// What the posts are about.
    #[oai(validator(min_length = 1, max_length = 500))]
    topic: String,
    #[oai(validator(max_length = 255))]
    brand_name: Option<String>,
    /// Whom they speak to.
    #[oai(validator(max_length = 2_000))]
    audience: Option<String>,
    /// The id or the number of a segment that they speak to.
    segment_id: Option<Any<Value>>,
    /// The first day, as `2026-12-01`; tomorrow (UTC) when it is left out.
    start_date: Option<NaiveDate>,
    /// 1 to 366.
    days: u32,
    /// 1 to 10: platforms such as `instagram`, or words of one's own such as `newsletter`.
    #[oai(validator(min_items = 1, max_items = 10))]
    channels: Vec<String>,
    /// Entries a week on each channel, 1 to 14; 3 when it is left out. A plan has 1,000 entries at most.
    per_week: Option<u32>,
    /// A BCP 47 tag; the topic's language when it is left out.
    #[oai(validator(max_length = 35))]
    language: Option<String>,
    #[oai(flatten)]
    belongings: Belongings,
}

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Asked> {
    let topic = fields.text("topic", 1..=limits::TOPIC);
    let brand_name = fields.optional_text("brand_name", limits::BRAND_NAME);
    let audience = fields.optional_text("audience", SHORT);
    let start = start_date(fields);
    let days = needed_whole(fields, "days", 1..=MOST_DAYS);
    let channels = several(fields, "channels", MOST_CHANNELS, CHANNEL).and_then(|channels| distinct(fields, channels));
    let per_week = fields.whole("per_week", 1..=MOST_PER_WEEK).unwrap_or(USUAL_PER_WEEK) as u8;
    let language = language(fields);
    let (topic, (start_date, of_the_day), days, channels) = (topic?, start?, days? as u16, channels?);
    let parameters =
        ContentPlanParameters { topic, brand_name, audience, start_date, days, channels, per_week, language };
    if parameters.entries() > MOST_ENTRIES {
        let detail = format!(
            "with {} channels and {per_week} a week, this would be a plan of {} entries; {MOST_ENTRIES} at most",
            parameters.channels.len(),
            parameters.entries()
        );
        return fields.wrong("days", "too_many", detail);
    }
    let parts = parameters.parts() as u16;
    Some(Asked { parts, of_the_day, ..Asked::new(Kind::ContentPlan, &parameters, &parameters.topic) })
}

/// The first day, and the parameter's name where it follows from today's.
fn start_date(fields: &mut Fields<'_, '_>) -> Option<(NaiveDate, Option<&'static str>)> {
    let before = fields.errors().len();
    match fields.optional_text("start_date", 40) {
        Some(text) => match text.parse::<NaiveDate>() {
            Ok(date) if (1970..=9_000).contains(&chrono::Datelike::year(&date)) => Some((date, None)),
            _ => fields.wrong("start_date", "invalid", "must be a date such as 2026-12-01"),
        },
        None if fields.errors().len() > before => None,
        None => Some((Utc::now().date_naive() + Days::new(1), Some("start_date"))),
    }
}

/// Each channel once, whatever its case.
fn distinct(fields: &mut Fields<'_, '_>, channels: Vec<String>) -> Option<Vec<String>> {
    let mut seen = HashSet::new();
    let again: Vec<usize> = (0..channels.len()).filter(|at| !seen.insert(channels[*at].to_lowercase())).collect();
    for at in &again {
        fields.wrong_item::<()>("channels", *at, "duplicate", "is there already");
    }
    again.is_empty().then_some(channels)
}
