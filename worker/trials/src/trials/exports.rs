//! Exports: the ZIP archive of a batch of 2,000 posts with images, while the batch runs and once it has ended; to a client
//! that reads as fast as it can, and to one that goes away. The API's memory does not grow with the archive.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use simulator::Limits;
use tokio::time::Instant;

use crate::api::{Api, Person};
use crate::fleet::Fleet;
use crate::ground::Ground;
use crate::options::Options;
use crate::process::{Peak, megabytes};
use crate::providers::Providers;
use crate::report::Report;
use crate::work;

const LATENCY: Duration = Duration::from_millis(500);
/// How much memory the API may need over what it had, however large the archive is.
const MOST: u64 = 32 << 20;

pub(crate) async fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let posts = options.scale.pick(300, 2_000);
    let providers = Providers::three([Limits::NONE; 3], Duration::from_mins(1), LATENCY)?;
    let mut profile = providers.profile(options)?;
    for provider in &providers.all {
        profile = profile.in_flight(provider.name, 10_000);
    }
    let environment = providers.environment(ground, &profile)?;
    let api = Api::start(ground, options, &environment).await?;
    let person = api.person("person").await?;
    let mut fleet = Fleet::new(ground, &options.programs, options.slots, &environment);
    fleet.start(2)?;
    work::living(ground, 2).await?;
    let batch = submit(&person, posts).await?;
    let path = |format: &str| format!("/batch-jobs/{batch}/results?format={format}");
    let half =
        work::reached(ground, &mut fleet, Duration::from_mins(3), |progress| progress.completed * 3 >= posts as i64)
            .await?;
    let mut report = Report::new(format!("exports: {posts} posts with images"));
    report.fact("posts made when the archive is first asked for", half.completed);
    download(&api, &person, &path("zip"), &ground.folder.join("running.zip"), &mut report, "while it runs").await?;
    let during = work::progress(ground).await?;
    report.promise("the batch was still under way", during.completed, format_args!("< {posts}"), during.open > 0);
    work::settled(ground, &mut fleet, Duration::from_mins(5)).await?;
    fleet.stop().await;
    for round in ["ended", "ended, again"] {
        download(&api, &person, &path("zip"), &ground.folder.join("ended.zip"), &mut report, round).await?;
    }
    let images = entries(&ground.folder.join("ended.zip"))?;
    report.exactly("images in the archive, and two texts", images, posts + 2);
    download(&api, &person, &path("csv"), &ground.folder.join("posts.csv"), &mut report, "CSV").await?;
    download(&api, &person, &path("jsonl"), &ground.folder.join("posts.jsonl"), &mut report, "NDJSON").await?;
    Ok(report)
}

async fn submit(person: &Person, posts: usize) -> Result<String> {
    let campaign = person.post("/campaigns", &json!({"name": "trial", "brand_name": "Crust & Co"})).await?;
    let posts: Vec<Value> = (1..=posts)
        .map(|n| {
            json!({"brand_name": "Crust & Co", "topic": format!("Sourdough {n}"), "tone": "warm",
                "image": {"quality": "low"}, "external_id": format!("sku-{n}")})
        })
        .collect();
    let id = campaign["id"].as_str().context("no id")?;
    let batch =
        person.post(&format!("/campaigns/{id}/generate-batch"), &json!({"name": "trial", "posts": posts})).await?;
    Ok(batch["id"].as_str().context("no id")?.to_owned())
}

/// Saves a file, and notes how long it took and how much memory the API needed for it.
async fn download(api: &Api, person: &Person, path: &str, file: &Path, report: &mut Report, name: &str) -> Result<()> {
    let peak = Peak::of(api.pid()?)?;
    let began = Instant::now();
    let bytes = person.save(path, file).await?;
    let took = began.elapsed().as_secs_f64();
    report.fact(format!("{name}: {} in seconds", megabytes(bytes)), format_args!("{took:.2}"));
    let grown = peak.grown()?;
    report.fact(format!("{name}: memory before"), megabytes(peak.before));
    report.promise(
        format!("{name}: most of it over before"),
        megabytes(grown),
        format_args!("< {}", megabytes(MOST)),
        grown < MOST,
    );
    Ok(())
}

/// How many entries an archive says that it has, by the record at its end.
fn entries(file: &Path) -> Result<usize> {
    let bytes = std::fs::read(file)?;
    let at = bytes.len().checked_sub(22).context("no archive")?;
    let end = &bytes[at..];
    anyhow::ensure!(end.starts_with(b"PK\x05\x06"), "the archive has no end");
    Ok(usize::from(u16::from_le_bytes([end[10], end[11]])))
}
