//! Limits: three providers, three keys each, more work than they allow. None is exceeded, and nearly all of it is used.

use std::time::Duration;

use anyhow::Result;
use shared::domain::ImageQuality;
use simulator::Limits;
use tokio::time::sleep;

use crate::books::{Books, causes};
use crate::fleet::Fleet;
use crate::ground::Ground;
use crate::options::Options;
use crate::providers::{KEYS, Providers, ThreeLimits, key};
use crate::report::Report;
use crate::traffic::{self, Allowance, delta, over_limit, utilisation};
use crate::work::{self, Client, Content};

/// Tokens that an answer may take: part of what a call is charged by.
const COMPLETION_CAP: u64 = 1_000;

pub(crate) async fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let window = options.window();
    // Half a window longer than a window, so that every place of a sliding window was seen; in short ones twice as long.
    let length = window.mul_f64(options.scale.pick(2.5, 1.5));
    let providers = Providers::three(per_window(window), window, Duration::from_millis(300))?;
    let profile = providers.profile(options)?.route_number("caption", "max_completion_tokens", COMPLETION_CAP);
    let mut fleet = Fleet::new(ground, &options.programs, options.slots, &providers.environment(ground, &profile)?);
    let client = Client::new(ground).await?;
    let seconds = length.as_secs() as usize + 10;
    client.submit(ground, seconds * 60, Content::Captions, None).await?;
    client.submit(ground, seconds * 8, Content::Images(ImageQuality::Low), None).await?;
    fleet.start(options.workers())?;
    work::living(ground, options.workers()).await?;

    let warm_up = delta(window.div_f64(6.0).clamp(Duration::from_secs(2), Duration::from_secs(5)));
    sleep(length).await;
    let until = chrono::Utc::now();
    let done = work::progress(ground).await?;
    fleet.stop().await;

    let calls = providers.calls()?;
    let from = calls.first().map_or(until, |call| call.at + warm_up);
    let mut report = Report::new(format!(
        "limits: {} workers, 3 providers x {KEYS} keys, windows of {} s, {} s long",
        options.workers(),
        window.as_secs(),
        length.as_secs()
    ));
    report.fact("posts completed / failed", format_args!("{} / {}", done.completed, done.failed));
    report.fact("calls: served / fault / limit / request", causes(&calls));
    report.exactly("posts that failed", done.failed as usize, 0);
    report.exactly("calls above a limit", over_limit(&calls), 0);
    let mut least = f64::MAX;
    for provider in &providers.all {
        for model in [Some(provider.caption_model), provider.image_model].into_iter().flatten() {
            let allowance = Allowance { limits: provider.limits, window, completion_cap: COMPLETION_CAP };
            let shares = (1..=KEYS).map(|number| {
                let key = key(provider.name, number);
                utilisation(&calls, (&key, model), (from, until), allowance).most()
            });
            let shares: Vec<f64> = shares.collect();
            let percent: Vec<String> = shares.iter().map(|share| format!("{:.1}", share * 100.0)).collect();
            report.fact(format!("used of {} {model}, % by key", provider.name), percent.join("  "));
            least = shares.into_iter().fold(least, f64::min);
        }
    }
    report.at_least_share("used of the least used", least, 0.95);
    report.fact("calls a second", format_args!("{:.1}", rate(&calls, from, until)));
    Books::read(ground, &calls).await?.promise(&mut report);
    Ok(report)
}

fn rate(calls: &[traffic::Call], from: chrono::DateTime<chrono::Utc>, until: chrono::DateTime<chrono::Utc>) -> f64 {
    let count = calls.iter().filter(|call| (from..until).contains(&call.at)).count();
    count as f64 / (until - from).as_seconds_f64().max(1.0)
}

/// One provider that counts requests, one that counts tokens, one that counts both and images.
fn per_window(window: Duration) -> ThreeLimits {
    let of = |a_second: f64| Some((a_second * window.as_secs_f64()).round() as u64);
    [
        Limits { requests: of(5.0), tokens: None, images: of(1.0) },
        Limits { requests: None, tokens: of(4_000.0), images: None },
        Limits { requests: of(4.0), tokens: of(1_000_000.0), images: of(1.0) },
    ]
}
