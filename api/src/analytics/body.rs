//! What callers send: one figure, or many.

use chrono::{DateTime, TimeDelta, Utc};
use poem_openapi::{Object, Union};
use serde_json::value::RawValue;
use shared::domain::{CampaignId, Metric, PostId, ProjectId};
use shared::store::metrics::NewMetric;
use uuid::Uuid;

use crate::parse::{Fields, ReadBody};

const MOST: usize = 1_000;
/// The longest text that is looked at as an id, a name or a time.
const SHORT: usize = 64;
const EXTERNAL_ID: usize = 255;
/// So that sums of millions of figures stay exact.
const LARGEST: i64 = 1_000_000_000_000;

/// Figures to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metrics {
    pub(super) metrics: Vec<NewMetric>,
    /// Whether they came as a list, for pointers.
    pub(super) listed: bool,
}

impl Metrics {
    /// The JSON pointer of a figure.
    pub(super) fn pointer(&self, n: usize) -> String {
        if self.listed { format!("/metrics/{n}") } else { String::new() }
    }
}

/// A figure.
#[derive(Object)]
#[oai(rename = "NewMetric")]
pub(crate) struct NewMetricSchema {
    /// `impressions`, `clicks` or `conversions`.
    metric: String,
    #[oai(validator(minimum(value = "0"), maximum(value = "1000000000000")))]
    value: i64,
    /// What it was counted of: one of the three at least.
    project_id: Option<Uuid>,
    campaign_id: Option<Uuid>,
    post_id: Option<Uuid>,
    /// When, as RFC 3339; now when it is left out. At most a day ahead.
    occurred_at: Option<String>,
    /// Your own name for the figure: the same again is counted once.
    #[oai(validator(max_length = 255))]
    external_id: Option<String>,
}

/// Figures, all of which are taken or none.
#[derive(Object)]
#[oai(rename = "NewMetrics")]
pub(crate) struct NewMetricsSchema {
    #[oai(validator(min_items = 1, max_items = 1000))]
    metrics: Vec<NewMetricSchema>,
}

/// One figure or many.
#[derive(Union)]
#[oai(rename = "OneOrManyMetrics")]
pub(crate) enum MetricsSchema {
    One(NewMetricSchema),
    Many(NewMetricsSchema),
}

impl ReadBody for Metrics {
    type Schema = MetricsSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        if !fields.has("metrics") {
            return Some(Self { metrics: vec![one(fields, Utc::now())?], listed: false });
        }
        let Some(raw) = fields.given("metrics") else {
            return fields.wrong("metrics", "wrong_type", "must be a list, not null");
        };
        let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else {
            return fields.wrong("metrics", "wrong_type", "must be a list");
        };
        if items.is_empty() {
            return fields.wrong("metrics", "too_few", "must have one figure at least");
        }
        if items.len() > MOST {
            let detail = format!("must have {MOST} figures at most; it has {}", items.len());
            return fields.wrong("metrics", "too_many", detail);
        }
        let now = Utc::now();
        let metrics: Vec<Option<NewMetric>> = items
            .into_iter()
            .enumerate()
            .map(|(n, item)| {
                let mut item = Fields::of(item, format!("/metrics/{n}"), fields.errors())?;
                let read = one(&mut item, now);
                item.refuse_the_rest();
                read
            })
            .collect();
        Some(Self { metrics: metrics.into_iter().collect::<Option<_>>()?, listed: true })
    }
}

fn one(fields: &mut Fields<'_, '_>, now: DateTime<Utc>) -> Option<NewMetric> {
    let metric = fields.text("metric", 1..=SHORT).and_then(|name| match name.parse::<Metric>() {
        Ok(metric) => Some(metric),
        Err(_) => fields.wrong("metric", "not_allowed", "must be impressions, clicks or conversions"),
    });
    let value = value(fields);
    let before = fields.errors().len();
    let project = fields.optional_id("project_id").map(ProjectId);
    let campaign = fields.optional_id("campaign_id").map(CampaignId);
    let post = fields.optional_id("post_id").map(PostId);
    if (project, campaign, post) == (None, None, None) && fields.errors().len() == before {
        return fields.wrong("project_id", "required", "one of project_id, campaign_id and post_id is required");
    }
    let occurred_at = occurred_at(fields, now);
    let external_id = fields.optional_text("external_id", EXTERNAL_ID);
    Some(NewMetric { metric: metric?, value: value?, project, campaign, post, occurred_at, external_id })
}

fn value(fields: &mut Fields<'_, '_>) -> Option<i64> {
    let Some(raw) = fields.given("value") else { return fields.wrong("value", "required", "is required") };
    let text = raw.get();
    if !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return fields.wrong("value", "wrong_type", "must be a whole number");
    }
    match text.parse::<i64>() {
        Ok(value) if (0..=LARGEST).contains(&value) => Some(value),
        Err(_) if text.contains(['.', 'e', 'E']) => fields.wrong("value", "wrong_type", "must be a whole number"),
        _ => fields.wrong("value", "out_of_range", format!("must be from 0 to {LARGEST}")),
    }
}

fn occurred_at(fields: &mut Fields<'_, '_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = fields.optional_text("occurred_at", SHORT)?;
    let Ok(time) = DateTime::parse_from_rfc3339(&text) else {
        let detail = "must be a time as RFC 3339 writes it, such as 2026-01-31T18:00:00Z";
        return fields.wrong("occurred_at", "invalid", detail);
    };
    let time = time.to_utc();
    if time > now + TimeDelta::days(1) || time < DateTime::UNIX_EPOCH {
        return fields.wrong("occurred_at", "out_of_range", "must lie between 1970 and a day from now");
    }
    Some(time)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::domain::Metric;
    use uuid::Uuid;

    use super::Metrics;
    use crate::parse::{Errors, Fields, ReadBody};

    fn read(body: &str) -> Result<Metrics, Vec<(String, &'static str)>> {
        let mut errors = Errors::new();
        let mut fields = Fields::of(serde_json::from_str(body).expect("JSON"), "", &mut errors).expect("an object");
        let read = Metrics::read(&mut fields);
        fields.refuse_the_rest();
        match read {
            Some(read) if errors.is_empty() => Ok(read),
            _ => Err(errors.into_iter().map(|error| (error.pointer, error.code)).collect()),
        }
    }

    #[test]
    fn one_figure_or_a_list_of_them_is_read() {
        let id = Uuid::now_v7();
        let one =
            json!({"metric": "clicks", "value": 3, "campaign_id": id, "occurred_at": "2026-01-31T18:00:00+01:00"});
        let read_one = read(&one.to_string()).expect("good");
        assert_eq!(
            (read_one.metrics[0].metric, read_one.metrics[0].value, read_one.pointer(0)),
            (Metric::Clicks, 3, String::new())
        );
        let many = read(&json!({"metrics": [one, {"metric": "impressions", "value": 0, "post_id": id}]}).to_string());
        let many = many.expect("good");
        assert_eq!((many.metrics.len(), many.pointer(1).as_str()), (2, "/metrics/1"));
    }

    #[test]
    fn everything_that_is_wrong_is_found_at_its_pointer() {
        let body = json!({"metrics": [
            {"metric": "likes", "value": -1, "project_id": "7", "x": 1},
            {"value": 1.5},
            3,
            {"metric": "clicks", "value": "3", "post_id": 4, "occurred_at": "tomorrow"},
            {"metric": "clicks", "value": 9_000_000_000_000_000_000_i64, "campaign_id": Uuid::now_v7(), "occurred_at": "2999-01-01T00:00:00Z", "external_id": "x".repeat(256)},
        ], "more": 1});
        let mut errors = read(&body.to_string()).expect_err("bad");
        errors.sort();
        let expected = [
            ("/metrics/0/metric", "not_allowed"),
            ("/metrics/0/project_id", "invalid"),
            ("/metrics/0/value", "out_of_range"),
            ("/metrics/0/x", "unknown_field"),
            ("/metrics/1/metric", "required"),
            ("/metrics/1/project_id", "required"),
            ("/metrics/1/value", "wrong_type"),
            ("/metrics/2", "wrong_type"),
            ("/metrics/3/occurred_at", "invalid"),
            ("/metrics/3/post_id", "wrong_type"),
            ("/metrics/3/value", "wrong_type"),
            ("/metrics/4/external_id", "too_long"),
            ("/metrics/4/occurred_at", "out_of_range"),
            ("/metrics/4/value", "out_of_range"),
            ("/more", "unknown_field"),
        ];
        assert_eq!(errors, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    }

    #[test]
    fn a_list_is_neither_empty_nor_too_long() {
        let many = |count: usize| json!({"metrics": vec![json!({}); count]}).to_string();
        for (body, code) in [
            (many(0), "too_few"),
            (many(1_001), "too_many"),
            (r#"{"metrics": {}}"#.to_owned(), "wrong_type"),
            (r#"{"metrics": null}"#.to_owned(), "wrong_type"),
        ] {
            assert_eq!(read(&body), Err(vec![("/metrics".to_owned(), code)]));
        }
    }
}
