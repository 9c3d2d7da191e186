//! Independent servers: providers that are not ours, when somebody has started them.
//!
//! `llmock` (from `PyPI`) keeps limits by a rule of its own, a bucket that refills, and judges how its client behaves. `aimock`
//! (from npm) answers from fixtures: `worker/trials/independent/aimock.json`. `moto` (from `PyPI`) is an S3 server. None is
//! installed by this project, but `moto.sh` fetches its own:
//!
//! ```text
//! llmock serve --port 8001 --rpm 600
//! aimock --config worker/trials/independent/aimock.json --port 8002
//! worker/trials/independent/moto.sh 8003
//! broadside-trials independent --llmock http://127.0.0.1:8001 --aimock http://127.0.0.1:8002 --s3 http://127.0.0.1:8003
//! ```

mod s3;

use std::time::Duration;

use anyhow::{Context, Result};
use chrono::DateTime;
use serde_json::Value;
use shared::domain::ImageQuality;
use simulator::Limits;
use tokio::time::sleep;

use crate::fleet::Fleet;
use crate::ground::Ground;
use crate::options::Options;
use crate::profile::Profile;
use crate::report::Report;
use crate::work::{self, Client, Content};

pub(crate) async fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let mut report = Report::new("independent: servers that are not ours");
    if options.llmock.is_none() && options.aimock.is_none() && options.s3.is_none() {
        report.fact("nothing to try", "give --llmock URL, --aimock URL or --s3 URL");
    }
    let client = Client::new(ground).await?;
    if let Some(url) = &options.llmock {
        llmock(ground, options, &client, url, &mut report).await?;
    }
    if let Some(url) = &options.aimock {
        aimock(ground, options, &client, url, &mut report).await?;
    }
    if let Some(url) = &options.s3 {
        s3::run(ground, options, url, &mut report).await?;
    }
    Ok(report)
}

/// More work than it allows, for as long as its window; then what it thinks of us.
async fn llmock(ground: &Ground, options: &Options, client: &Client, url: &str, report: &mut Report) -> Result<()> {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
    http.post(format!("{url}/_llmock/reset")).send().await?.error_for_status().context("llmock's reset")?;
    let limits = Limits { requests: Some(options.llmock_rpm), tokens: None, images: None };
    let profile = Profile::shipped(options)?
        .at("openai", &format!("{url}/v1"))
        .limited("openai", limits, 60)
        .route("caption", &[("openai", "gpt-4o-mini")]);
    let mut fleet = fleet(ground, options, &profile)?;
    let length = options.scale.pick(Duration::from_secs(20), Duration::from_secs(90));
    // More than it allows in the time, with all that its bucket holds in the beginning.
    let posts = (options.llmock_rpm as f64 / 60.0 * length.as_secs_f64() * 1.3) as usize + options.llmock_rpm as usize;
    let batch = client.submit(ground, posts, Content::Captions, None).await?;
    fleet.start(options.workers())?;
    work::living(ground, options.workers()).await?;
    sleep(length).await;
    fleet.stop().await;
    let seen: Value = http.get(format!("{url}/_llmock/requests")).send().await?.json().await?;
    let verdict: Value = http.get(format!("{url}/_llmock/verdict")).send().await?.json().await?;
    let requests = seen["requests"].as_array().or(seen.as_array()).context("llmock lists its requests")?;
    let chats = requests.iter().filter(|request| text(request, "path").contains("chat/completions"));
    let statuses: Vec<(Option<f64>, i64)> =
        chats.map(|request| (arrival(request), request["status"].as_i64().unwrap_or_default())).collect();
    let refused = statuses.iter().filter(|(_, status)| *status == 429).count();
    report.fact("llmock: requests", statuses.len());
    report.exactly("llmock: 429 answers", refused, 0);
    let times: Vec<f64> = statuses.iter().filter_map(|(at, _)| *at).collect();
    let first = times.iter().copied().fold(f64::MAX, f64::min);
    let last = times.iter().copied().fold(f64::MIN, f64::max);
    let allowed = options.llmock_rpm as f64 / 60.0 * (last - first);
    report.at_least_share("llmock: used of its rate", times.len() as f64 / allowed.max(1.0), 0.95);
    let findings = verdict["findings"].as_array().map_or(0, Vec::len);
    report.promise("llmock: its verdict", text(&verdict, "passed"), "true", verdict["passed"] == true);
    report.exactly("llmock: its findings", findings, 0);
    for finding in verdict["findings"].as_array().into_iter().flatten().take(5) {
        report.fact(format!("  {}", text(finding, "code")), text(finding, "title"));
    }
    // What was not made is not wanted any more.
    sqlx::query("UPDATE batch_jobs SET status = 'cancelling' WHERE id = $1 AND finished_at IS NULL")
        .bind(batch)
        .execute(ground.store.pool())
        .await?;
    Ok(())
}

/// A small batch with images: what it answers is what we can use.
async fn aimock(ground: &Ground, options: &Options, client: &Client, url: &str, report: &mut Report) -> Result<()> {
    let profile = Profile::shipped(options)?
        .at("openai", &format!("{url}/v1"))
        .route("caption", &[("openai", "gpt-4o-mini")])
        .route("image", &[("openai", "gpt-image-2")]);
    let mut fleet = fleet(ground, options, &profile)?;
    let before = work::progress(ground).await?;
    let posts = 20;
    client.submit_about(ground, "Rye number", posts, Content::Images(ImageQuality::Low), None).await?;
    fleet.start(1)?;
    work::living(ground, 1).await?;
    let ended = work::reached(ground, &mut fleet, Duration::from_secs(40), |now| {
        (now.completed + now.failed) - (before.completed + before.failed) >= posts as i64
    })
    .await?;
    fleet.stop().await;
    report.exactly("aimock: posts completed with images", (ended.completed - before.completed) as usize, posts);
    let reasons: Vec<(String, i64)> = sqlx::query_as(
        "SELECT verdict, count(*) FROM attempts WHERE verdict IS NOT NULL GROUP BY verdict ORDER BY count(*) DESC",
    )
    .fetch_all(ground.store.pool())
    .await?;
    for (verdict, count) in reasons.iter().take(5) {
        report.fact(format!("  `{verdict}`"), count);
    }
    Ok(())
}

fn fleet(ground: &Ground, options: &Options, profile: &Profile) -> Result<Fleet> {
    let file = profile.write(&ground.folder)?.display().to_string();
    let environment = [("BROADSIDE_PROVIDERS__PROFILES", file), ("OPENAI_API_KEY", "independent".to_owned())];
    let environment = environment.map(|(name, value)| (name.to_owned(), value));
    Ok(Fleet::new(ground, &options.programs, options.slots, &environment))
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().map_or_else(|| value[field].to_string(), str::to_owned)
}

/// When a request arrived, in seconds, however its record writes it.
fn arrival(request: &Value) -> Option<f64> {
    ["started_at", "at", "timestamp", "time"].iter().find_map(|field| match &request[*field] {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros() as f64 / 1e6),
        _ => None,
    })
}
