//! Bodies: answers that are huge, endless, slow or no JSON at all. Each is a failure with a name, in bounded memory.

use std::time::Duration;

use anyhow::{Context, Result};
use simulator::{Fault, Limits};
use tokio::time::{Instant, sleep};

use crate::books::{Books, causes};
use crate::fleet::Fleet;
use crate::ground::Ground;
use crate::options::Options;
use crate::process::{megabytes, resident_bytes};
use crate::providers::Providers;
use crate::report::Report;
use crate::work::{self, Client, Content};

const MEGABYTE: u64 = 1 << 20;
/// How much the worker's memory may change.
const MOST: u64 = 16 * MEGABYTE;
/// Such answers at the same time.
const AT_ONCE: usize = 8;

pub(crate) async fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let deadline = options.scale.pick(3, 10);
    let providers = Providers::three([Limits::NONE; 3], Duration::from_mins(1), Duration::ZERO)?;
    let profile = providers.profile(options)?.route_number("caption", "deadline_seconds", deadline).route_number(
        "caption",
        "first_byte_seconds",
        deadline,
    );
    let mut fleet = Fleet::new(ground, &options.programs, 16, &providers.environment(ground, &profile)?);
    fleet.start(1)?;
    work::living(ground, 1).await?;
    let worker = *fleet.pids().first().context("the worker is gone")?;
    let client = Client::new(ground).await?;
    // What the worker holds once everything it needs was used.
    client.submit(ground, 400, Content::Captions, None).await?;
    work::settled(ground, &mut fleet, Duration::from_secs(40)).await?;
    sleep(Duration::from_secs(1)).await;
    let before = resident_bytes(worker)?;

    let admin = providers.named("openai").context("a provider")?.simulator.admin();
    let faults = [
        ("100 MB", Fault::chat().huge(100)),
        ("endless", Fault::chat().endless()),
        ("one byte a second", Fault::chat().drip()),
        ("HTML", Fault::chat().html(200)),
    ];
    let mut report = Report::new(format!("bodies: {AT_ONCE} of each at once, one worker"));
    let mut peak = before;
    let mut posts = 400;
    for (name, fault) in faults {
        admin.fault(fault.times(AT_ONCE as u64));
        client.submit_about(ground, name, AT_ONCE, Content::Captions, None).await?;
        posts += AT_ONCE;
        let began = Instant::now();
        let mut highest = resident_bytes(worker)?;
        while work::progress(ground).await?.open > 0 && began.elapsed() < Duration::from_secs(40) {
            highest = highest.max(resident_bytes(worker)?);
            sleep(Duration::from_millis(10)).await;
        }
        peak = peak.max(highest);
        report.fact(format!("{name}: memory, most over before"), megabytes(highest.saturating_sub(before)));
        report.fact(
            format!("{name}: seconds until all posts were made"),
            format_args!("{:.1}", began.elapsed().as_secs_f64()),
        );
    }
    sleep(Duration::from_secs(1)).await;
    let after = resident_bytes(worker)?;
    let ended = work::progress(ground).await?;
    fleet.stop().await;
    let verdicts: Vec<(String, i64)> = sqlx::query_as(
        "SELECT verdict, count(*) FROM attempts WHERE verdict IS NOT NULL GROUP BY verdict ORDER BY count(*) DESC, verdict",
    )
    .fetch_all(ground.store.pool())
    .await?;
    let calls = providers.calls()?;
    for (verdict, count) in &verdicts {
        report.fact(format!("named `{verdict}`"), count);
    }
    let named: i64 = verdicts.iter().map(|(_, count)| count).sum();
    report.promise("failures with a name", named, format_args!(">= {}", 4 * AT_ONCE), named >= 4 * AT_ONCE as i64);
    report.exactly("posts completed all the same", ended.completed as usize, posts);
    report.fact("the worker's memory before", megabytes(before));
    report.promise(
        "most of it over before",
        megabytes(peak.saturating_sub(before)),
        format_args!("< {}", megabytes(MOST)),
        peak.saturating_sub(before) < MOST,
    );
    report.fact("a second after", format_args!("{} MB", after as i64 / 1_048_576 - before as i64 / 1_048_576));
    report.fact("calls: served / fault / limit / request", causes(&calls));
    Books::read(ground, &calls).await?.promise(&mut report);
    Ok(report)
}
