//! Throughput: posts a second at 1, 2 and 4 workers when every call takes two seconds, as a share of what the slots allow.

use std::time::Duration;

use anyhow::Result;
use simulator::Limits;
use tokio::time::{Instant, sleep};

use crate::books::Books;
use crate::fleet::Fleet;
use crate::ground::Ground;
use crate::options::Options;
use crate::process::cpu_time;
use crate::providers::Providers;
use crate::report::Report;
use crate::work::{self, Client, Content};

const LATENCY: Duration = Duration::from_secs(2);

pub(crate) async fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let slots = options.slots;
    let rounds = options.scale.pick(4, 10);
    let providers = Providers::three([Limits::NONE; 3], Duration::from_mins(1), LATENCY)?;
    let mut profile = providers.profile(options)?;
    for provider in &providers.all {
        profile = profile.in_flight(provider.name, 10_000);
    }
    let environment = providers.environment(ground, &profile)?;
    let client = Client::new(ground).await?;
    let mut report = Report::new(format!("throughput: {slots} slots a worker, 2 s of latency"));
    for workers in [1, 2, 4] {
        let mut fleet = Fleet::new(ground, &options.programs, slots, &environment);
        fleet.start(workers)?;
        work::living(ground, workers).await?;
        // Connections, statements and the pace that a worker has found.
        client.submit(ground, workers * slots, Content::Captions, None).await?;
        work::settled(ground, &mut fleet, Duration::from_secs(30)).await?;
        sleep(Duration::from_millis(500)).await;
        let posts = workers * slots * rounds;
        let before = fleet.pids().iter().map(|pid| cpu_time(*pid)).sum::<Result<Duration>>()?;
        let began = Instant::now();
        client.submit(ground, posts, Content::Captions, None).await?;
        work::settled(ground, &mut fleet, Duration::from_secs(100)).await?;
        let took = began.elapsed();
        let after = fleet.pids().iter().map(|pid| cpu_time(*pid)).sum::<Result<Duration>>()?;
        fleet.stop().await;
        let a_second = posts as f64 / took.as_secs_f64();
        let ideal = (workers * slots) as f64 / LATENCY.as_secs_f64();
        report.fact(
            format!("{workers} workers, {posts} posts"),
            format_args!("{a_second:.1} posts/s of {ideal:.0}: {:.1} %", a_second / ideal * 100.0),
        );
        report.fact(
            "  CPU seconds for 1,000 posts",
            format_args!("{:.2}", (after.saturating_sub(before)).as_secs_f64() / posts as f64 * 1_000.0),
        );
    }
    Books::read(ground, &providers.calls()?).await?.promise(&mut report);
    Ok(report)
}
