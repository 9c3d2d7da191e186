//! Budget: a batch may cost $1.00 and could cost ten times as much; workers die while it runs. The bill stays under the
//! cap, and the ledger is the bill.

use std::time::Duration;

use anyhow::Result;
use shared::domain::{ImageQuality, Nanodollars};
use simulator::Limits;
use tokio::time::{Instant, sleep};

use crate::books::{Books, causes};
use crate::fleet::Fleet;
use crate::ground::Ground;
use crate::options::Options;
use crate::providers::Providers;
use crate::report::Report;
use crate::work::{self, Client, Content};

/// $1.00
const CAP: Nanodollars = Nanodollars(1_000_000_000);
const WORKERS: usize = 4;
const POSTS: usize = 200;
/// How long a dead worker's calls may stay open: its lease, and the looks for it.
const MOURNING: Duration = Duration::from_mins(1);

pub(crate) async fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let providers = Providers::three([Limits::NONE; 3], Duration::from_mins(1), Duration::from_millis(1_500))?;
    // Only models that cost money, so that the cap is what ends it.
    let profile = providers
        .profile(options)?
        .route("caption", &[("openai", "gpt-4o-mini"), ("a4f", "gpt-4.1-mini")])
        .route("image", &[("openai", "gpt-image-2")])
        // A demonstration of money, not of caution with a provider that states no limit.
        .in_flight("openai", POSTS)
        .in_flight("a4f", POSTS);
    let mut fleet = Fleet::new(ground, &options.programs, POSTS / WORKERS, &providers.environment(ground, &profile)?);
    Client::new(ground).await?.submit(ground, POSTS, Content::Images(ImageQuality::Medium), Some(CAP)).await?;
    fleet.start(WORKERS)?;
    work::living(ground, WORKERS).await?;

    // Once while captions are written, once while images are painted.
    for nanos in [1, CAP.0 / 5] {
        let began = Instant::now();
        while providers.billed_nanos() < nanos && began.elapsed() < Duration::from_secs(30) {
            sleep(Duration::from_millis(20)).await;
        }
        fleet.crash_one().await?;
        fleet.start(1)?;
    }
    let quiet = quiet(ground, &providers).await?;
    let row: (String, Option<String>, i64, i64) =
        sqlx::query_as("SELECT status, pause_reason, held_nanos, spent_nanos FROM batch_jobs")
            .fetch_one(ground.store.pool())
            .await?;
    let done = work::progress(ground).await?;
    fleet.stop().await;

    let (status, reason, held, spent) = row;
    let calls = providers.calls()?;
    let bill = providers.billed_nanos();
    let mut report = Report::new(format!("budget: {POSTS} posts, a cap of $1.00, {WORKERS} workers, two killed"));
    report.fact("calls: served / fault / limit / request", causes(&calls));
    report.fact("posts completed / failed", format_args!("{} / {}", done.completed, done.failed));
    report.promise("the providers' bill, nano-dollars", bill, format_args!("<= {}", CAP.0), bill <= CAP.0);
    report.promise(
        "spent + held, nano-dollars",
        format_args!("{spent} + {held}"),
        format_args!("<= {}", CAP.0),
        spent + held <= CAP.0,
    );
    report.fact("share of the cap that was used", format_args!("{:.1} %", bill as f64 / CAP.0 as f64 * 100.0));
    let reason = reason.unwrap_or_default();
    report.promise(
        "the batch in the end",
        format_args!("{status} {reason}"),
        "paused budget",
        (status.as_str(), reason.as_str()) == ("paused", "budget"),
    );
    report.exactly("posts that failed for want of money", done.failed as usize, 0);
    report.fact("seconds until all was quiet", quiet.as_secs());
    Books::read(ground, &calls).await?.promise(&mut report);
    Ok(report)
}

/// Waits until nothing is bought any more and no attempt is open, and says how long that took.
async fn quiet(ground: &Ground, providers: &Providers) -> Result<Duration> {
    let began = Instant::now();
    let mut last = (0, Instant::now());
    loop {
        let open: i64 = sqlx::query_scalar("SELECT count(*) FROM attempts WHERE state = 'sent'")
            .fetch_one(ground.store.pool())
            .await?;
        let bill = providers.billed_nanos();
        if bill != last.0 {
            last = (bill, Instant::now());
        }
        let still = last.1.elapsed();
        if (open == 0 && still > Duration::from_secs(8)) || began.elapsed() > MOURNING + still {
            return Ok(began.elapsed());
        }
        if began.elapsed() > Duration::from_secs(110) {
            return Ok(began.elapsed());
        }
        sleep(Duration::from_millis(100)).await;
    }
}
