//! Artify's costs: every call that made a text or an image is a job.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;
use shared::domain::{AttemptState, Nanodollars, Output, Step, UserId};
use shared::store::paid_jobs::{self, Filter, Job, Summary};

use super::rows;
use crate::app::App;
use crate::problem::Problem;
use crate::query::text;
use crate::time::rfc3339;

/// From the first job to now.
#[derive(Object)]
#[oai(rename = "ArtifyPeriod")]
struct PeriodView {
    start: String,
    end: String,
}

/// What was spent, in dollars.
#[derive(Object)]
#[oai(rename = "ArtifyCosts")]
pub(super) struct CostsView {
    total_cost: f64,
    total_jobs: i64,
    text_jobs: i64,
    image_jobs: i64,
    text_cost: f64,
    image_cost: f64,
    cost_by_model: BTreeMap<String, f64>,
    period: PeriodView,
}

impl From<Summary> for CostsView {
    fn from(summary: Summary) -> Self {
        let now = Utc::now();
        Self {
            // Added up before it becomes a fraction.
            total_cost: (summary.text_cost + summary.image_cost).to_usd(),
            total_jobs: summary.text_jobs + summary.image_jobs,
            text_jobs: summary.text_jobs,
            image_jobs: summary.image_jobs,
            text_cost: summary.text_cost.to_usd(),
            image_cost: summary.image_cost.to_usd(),
            cost_by_model: summary.by_model.into_iter().map(|(model, cost)| (model, cost.to_usd())).collect(),
            period: PeriodView { start: rfc3339(summary.first_at.unwrap_or(now)), end: rfc3339(now) },
        }
    }
}

/// One job.
#[derive(Object)]
#[oai(rename = "ArtifyJob")]
pub(super) struct JobView {
    id: i64,
    /// Whom the client asked for, else the number of the user.
    user_id: Any<Value>,
    /// `text` or `image`.
    job_type: String,
    model: String,
    prompt: String,
    #[oai(skip_serializing_if_is_none)]
    prompt_tokens: Option<i64>,
    #[oai(skip_serializing_if_is_none)]
    completion_tokens: Option<i64>,
    #[oai(skip_serializing_if_is_none)]
    total_tokens: Option<i64>,
    /// In dollars.
    estimated_cost: f64,
    /// `processing`, `completed` or `failed`.
    status: String,
    created_at: String,
    completed_at: Option<String>,
    #[oai(skip_serializing_if_is_none)]
    error_message: Option<String>,
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        let tokens = |name| job.usage.as_ref().and_then(|usage| usage[name].as_i64()).unwrap_or_default();
        let of_text = (job.step != Step::Image).then(|| (tokens("input_tokens"), tokens("output_tokens")));
        let (status, error_message) = standing(&job);
        let ended = job.duration_ms.map(|millis| job.started_at + TimeDelta::milliseconds(millis.into()));
        Self {
            id: job.number,
            user_id: Any(asked_for(&job)),
            job_type: if of_text.is_some() { "text" } else { "image" }.to_owned(),
            model: job.model,
            prompt: job.prompt,
            prompt_tokens: of_text.map(|(prompt, _)| prompt),
            completion_tokens: of_text.map(|(_, completion)| completion),
            total_tokens: of_text.map(|(prompt, completion)| prompt + completion),
            estimated_cost: Nanodollars::to_usd(job.cost),
            status: status.to_owned(),
            created_at: rfc3339(job.started_at),
            completed_at: ended.map(rfc3339),
            error_message,
        }
    }
}

/// Where a job stands, and why it failed.
fn standing(job: &Job) -> (&'static str, Option<String>) {
    match job.state {
        AttemptState::Reserved | AttemptState::Sent => ("processing", None),
        AttemptState::Settled if job.outcome.as_deref() == Some("ok") => ("completed", None),
        AttemptState::Settled => ("failed", Some("The answer could not be used.".to_owned())),
        AttemptState::Unknown => {
            ("failed", Some("The call was cut off; whether it was billed is not known.".to_owned()))
        }
        AttemptState::Failed => {
            let class = job.verdict.as_deref().and_then(|verdict| verdict.split(':').next()).unwrap_or("failed");
            ("failed", Some(format!("The provider did not serve it: {}.", class.replace('_', " "))))
        }
    }
}

/// Numbers stay numbers.
fn asked_for(job: &Job) -> Value {
    match &job.external_user {
        Some(name) => name.parse::<i64>().map_or_else(|_| name.as_str().into(), Value::from),
        None => job.user_number.into(),
    }
}

/// Jobs, the newest first.
#[derive(Object)]
#[oai(rename = "ArtifyJobs", read_only_all)]
pub(super) struct JobsView {
    history: Vec<JobView>,
    /// How many there are, listed or not.
    total: i64,
}

pub(super) async fn summary(app: &App, user: UserId, asked_for: Option<&str>) -> Result<CostsView, Problem> {
    let filter = Filter { asked_for: text("user_id", asked_for)?.map(str::to_owned), output: None };
    Ok(paid_jobs::summary(app.store.pool(), user, &filter).await?.into())
}

pub(super) async fn history(
    app: &App,
    user: UserId,
    asked_for: Option<&str>,
    job_type: Option<&str>,
    limit: Option<u32>,
) -> Result<JobsView, Problem> {
    let Ok(output) = job_type.map(str::parse::<Output>).transpose() else {
        // There are no jobs of another type.
        return Ok(JobsView { history: Vec::new(), total: 0 });
    };
    let filter = Filter { asked_for: text("user_id", asked_for)?.map(str::to_owned), output };
    let db = app.store.pool();
    let jobs = paid_jobs::newest(db, user, &filter, rows(limit)).await?;
    let all = paid_jobs::summary(db, user, &filter).await?;
    Ok(JobsView { history: jobs.into_iter().map(JobView::from).collect(), total: all.text_jobs + all.image_jobs })
}
