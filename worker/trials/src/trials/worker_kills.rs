//! Worker kills: workers are killed again and again in the middle of one batch. No post fails for it, and the ledger holds
//! only the cost of calls that were really on the wire.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use simulator::Limits;
use tokio::time::sleep;

use crate::books::{Books, causes};
use crate::fleet::Fleet;
use crate::ground::Ground;
use crate::options::Options;
use crate::providers::Providers;
use crate::report::Report;
use crate::traffic::Call;
use crate::work::{self, Client, Content};

const WORKERS: usize = 3;
const SLOTS: usize = 16;
const LATENCY: Duration = Duration::from_secs(2);
/// Time between two kills: shorter than a lease, so that posts are reclaimed while the next worker dies.
const BETWEEN_KILLS: Duration = Duration::from_millis(1_200);

pub(crate) async fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let (posts, kills) = options.scale.pick((300, 10), (1_200, 40));
    let providers = Providers::three([Limits::NONE; 3], Duration::from_mins(1), LATENCY)?;
    let profile = providers.profile(options)?.route("caption", &[("openai", "gpt-4o-mini")]).in_flight("openai", posts);
    let mut fleet = Fleet::new(ground, &options.programs, SLOTS, &providers.environment(ground, &profile)?);
    Client::new(ground).await?.submit(ground, posts, Content::Captions, None).await?;
    fleet.start(WORKERS)?;
    work::living(ground, WORKERS).await?;

    let mut killed = 0;
    while killed < kills && work::progress(ground).await?.open > 0 {
        sleep(BETWEEN_KILLS).await;
        fleet.crash_one().await?;
        fleet.start(1)?;
        killed += 1;
    }
    let ended = work::settled(ground, &mut fleet, Duration::from_mins(2)).await?;
    fleet.stop().await;

    let calls = providers.calls()?;
    let (unknown, held, unsent) = unknown_attempts(ground, &calls).await?;
    let mut report = Report::new(format!("worker-kills: {posts} posts, {WORKERS} workers, {killed} killed"));
    report.fact("calls: served / fault / limit / request", causes(&calls));
    report.exactly("workers killed while the batch ran", killed, kills);
    report.exactly("posts completed", ended.completed as usize, posts);
    report.exactly("posts failed", ended.failed as usize, 0);
    report.fact("unknown attempts, and the nano-dollars that they hold", format_args!("{unknown}, {held}"));
    report.at_most("unknown attempts that no provider received", unsent, killed * SLOTS / 20);
    Books::read(ground, &calls).await?.promise(&mut report);
    Ok(report)
}

/// Counts the attempts of unknown cost, what they hold in nano-dollars, and those of them that no provider received.
async fn unknown_attempts(ground: &Ground, calls: &[Call]) -> Result<(usize, i64, usize)> {
    let received: BTreeSet<&str> = calls.iter().filter_map(|call| call.billed.client_request_id.as_deref()).collect();
    let unknown: Vec<(uuid::Uuid, i64)> =
        sqlx::query_as("SELECT call_id, reserved_nanos FROM attempts WHERE state = 'unknown'")
            .fetch_all(ground.store.pool())
            .await?;
    let held = unknown.iter().map(|(_, reserved)| reserved).sum();
    let unsent = unknown.iter().filter(|(call, _)| !received.contains(call.to_string().as_str())).count();
    Ok((unknown.len(), held, unsent))
}
