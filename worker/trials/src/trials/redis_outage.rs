//! Redis outage: the server is gone in mid-run and comes back empty. Limits are kept, work goes on, and it recovers.

use std::time::Duration;

use anyhow::Result;
use simulator::Limits;
use tokio::time::sleep;

use crate::books::{Books, causes};
use crate::fleet::Fleet;
use crate::ground::Ground;
use crate::options::Options;
use crate::providers::Providers;
use crate::redis_server::RedisServer;
use crate::report::Report;
use crate::traffic::{Call, delta, over_limit};
use crate::work::{self, Client, Content};

pub(crate) async fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let workers = options.workers();
    let window = options.scale.pick(Duration::from_secs(6), Duration::from_secs(20));
    let (before, outage) = options.scale.pick((6, 6), (15, 30));
    let (before, outage) = (Duration::from_secs(before), Duration::from_secs(outage));
    let limits = Limits { requests: Some((4.0 * window.as_secs_f64()) as u64), tokens: None, images: None };
    let providers = Providers::three([limits; 3], window, Duration::from_millis(300))?;
    let mut redis = RedisServer::start(ground).await?;
    let mut fleet = Fleet::new(
        ground,
        &options.programs,
        options.slots,
        &providers.environment(ground, &providers.profile(options)?)?,
    );
    fleet.set("REDIS_URL", &redis.url());
    // As much as three providers with three keys each may make in the time, and a little less.
    let posts = ((before + outage).as_secs_f64() * 36.0 * 0.9) as usize;
    Client::new(ground).await?.submit(ground, posts, Content::Captions, None).await?;
    fleet.start(workers)?;
    work::living(ground, workers).await?;

    sleep(before).await;
    let (gone, done_before) = (chrono::Utc::now(), work::progress(ground).await?.completed);
    redis.crash().await?;
    sleep(outage).await;
    let (back, done_after) = (chrono::Utc::now(), work::progress(ground).await?.completed);
    redis.again().await?;
    let most = options.scale.pick(Duration::from_mins(1), Duration::from_secs(100));
    let ended = work::settled(ground, &mut fleet, most).await?;
    fleet.stop().await;

    let calls = providers.calls()?;
    let between = |from, until| calls.iter().filter(|call: &&Call| (from..until).contains(&call.at)).count();
    let start = calls.first().map_or(gone, |call| call.at);
    let mut report = Report::new(format!("redis-outage: {workers} workers, Redis gone for {} s", outage.as_secs()));
    report.fact("calls: served / fault / limit / request", causes(&calls));
    report.exactly("posts completed", ended.completed as usize, posts);
    report.exactly("calls above a limit", over_limit(&calls), 0);
    let a_second = |count: usize, length: Duration| count as f64 / length.as_secs_f64();
    report.fact("calls a second before", format_args!("{:.1}", a_second(between(start, gone), before)));
    let meanwhile = done_after - done_before;
    report.promise("posts completed without Redis", meanwhile, "> 0", meanwhile > 0);
    report.fact("calls a second without Redis", format_args!("{:.1}", a_second(between(gone, back), outage)));
    let first_back = calls.iter().find(|call| call.at > back + delta(Duration::from_millis(100)));
    let recovery = first_back.map(|call| (call.at - back).as_seconds_f64());
    report.promise(
        "seconds until calls went on",
        recovery.map_or_else(|| "never".to_owned(), |seconds| format!("{seconds:.1}")),
        "<= 30",
        recovery.is_some_and(|seconds| seconds <= 30.0) || ended.completed as usize == posts,
    );
    Books::read(ground, &calls).await?.promise(&mut report);
    Ok(report)
}
