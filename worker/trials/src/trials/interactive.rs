//! Interactive: how long a person waits for a single text, alone and while a batch of thousands of posts is made.
//!
//! Everything is real: the API and the workers are processes, the person calls over HTTP and waits for the answer. Providers
//! take 50 ms and limit nothing, so that what is measured is the way there and back. Both series are of one run.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use simulator::Limits;
use tokio::time::{Instant, interval};

use crate::api::{Api, Person};
use crate::books::Books;
use crate::fleet::Fleet;
use crate::ground::Ground;
use crate::options::Options;
use crate::providers::Providers;
use crate::report::Report;
use crate::work;

const LATENCY: Duration = Duration::from_millis(50);
/// A person asks this often.
const PACE: Duration = Duration::from_millis(40);
/// Above this many times the wait alone, the batch is in the person's way.
const MOST: f64 = 1.5;

pub(crate) async fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let (texts, posts) = options.scale.pick((100, 2_000), (300, 20_000));
    let providers = Providers::three([Limits::NONE; 3], Duration::from_mins(1), LATENCY)?;
    let mut profile = providers.profile(options)?;
    for provider in &providers.all {
        profile = profile.in_flight(provider.name, 10_000);
    }
    let models: Vec<_> = providers.all.iter().map(|provider| (provider.name, provider.caption_model)).collect();
    let environment = providers.environment(ground, &profile.route("text", &models))?;
    let workers = options.workers();
    let mut fleet = Fleet::new(ground, &options.programs, options.slots, &environment);
    fleet.start(workers)?;
    let api = Api::start(ground, options, &environment).await?;
    work::living(ground, workers).await?;
    let (person, other) = (api.person("person").await?, api.person("batch").await?);
    let mut report =
        Report::new(format!("interactive: {workers} workers x {} slots, providers of 50 ms", options.slots));
    // Connections, statements, and what the workers learn of the providers.
    series(&person, texts / 4).await?;
    let alone = series(&person, texts).await?;
    let batch = submit(&other, posts).await?;
    let busy = series(&person, texts).await?;
    let during = work::progress(ground).await?;
    for (name, waits) in [("alone", &alone), ("beside the batch", &busy)] {
        report.fact(
            format!("{} texts, {name}", waits.0.len()),
            format_args!("p50 {:.0} ms, p99 {:.0} ms", waits.at(0.50), waits.at(0.99)),
        );
    }
    report
        .fact("posts made meanwhile", format_args!("{} of {posts}", during.completed - (texts * 2 + texts / 4) as i64));
    report.promise("the batch was still under way", &batch, "open", during.open > 0);
    for share in [0.50, 0.99] {
        let ratio = busy.at(share) / alone.at(share);
        report.promise(
            format!("p{:.0}, beside the batch to alone", share * 100.0),
            format_args!("{ratio:.2}"),
            format_args!("<= {MOST}"),
            ratio <= MOST,
        );
    }
    work::settled(ground, &mut fleet, Duration::from_mins(3)).await?;
    fleet.stop().await;
    Books::read(ground, &providers.calls()?).await?.promise(&mut report);
    Ok(report)
}

/// How long each of a series of texts took, in milliseconds, sorted.
struct Waits(Vec<f64>);

impl Waits {
    fn at(&self, share: f64) -> f64 {
        let place = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(place.saturating_sub(1)).copied().unwrap_or_default()
    }
}

/// Asks for texts at an even pace, whether or not those before are there.
async fn series(person: &Person, texts: usize) -> Result<Waits> {
    let (mut pace, mut asked) = (interval(PACE), Vec::with_capacity(texts));
    for number in 0..texts {
        pace.tick().await;
        let person = person.clone();
        let body = json!({"prompt": format!("A slogan for bakery number {number}"), "max_tokens": 60});
        asked.push(tokio::spawn(async move {
            let began = Instant::now();
            let text = person.post("/generate/text", &body).await?;
            anyhow::ensure!(text["status"] == "completed", "{text}");
            Ok(began.elapsed())
        }));
    }
    let mut waits = Vec::with_capacity(texts);
    for wait in asked {
        waits.push(wait.await.context("a person gave up")??.as_secs_f64() * 1_000.0);
    }
    waits.sort_by(f64::total_cmp);
    Ok(Waits(waits))
}

async fn submit(person: &Person, posts: usize) -> Result<String> {
    let campaign = person.post("/campaigns", &json!({"name": "trial", "brand_name": "Crust & Co"})).await?;
    let posts: Vec<Value> = (1..=posts)
        .map(|n| json!({"brand_name": "Crust & Co", "topic": format!("Sourdough {n}"), "tone": "warm", "image": false}))
        .collect();
    let id = campaign["id"].as_str().context("no id")?;
    let body = json!({"name": "trial", "posts": posts});
    let batch = person.post(&format!("/campaigns/{id}/generate-batch"), &body).await?;
    Ok(batch["status"].as_str().unwrap_or_default().to_owned())
}
