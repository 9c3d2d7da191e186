//! Dead keys: in mid-run one key is revoked and another is out of credit. Each worker wastes at most one call on each.

use std::time::Duration;

use anyhow::Result;
use simulator::{Cause, Fault, Limits};
use tokio::time::sleep;

use crate::books::{Books, causes};
use crate::fleet::Fleet;
use crate::ground::Ground;
use crate::options::Options;
use crate::providers::{Providers, key};
use crate::report::Report;
use crate::traffic::Call;
use crate::work::{self, Client, Content};

pub(crate) async fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let workers = options.workers();
    let window = options.scale.pick(Duration::from_secs(6), Duration::from_secs(20));
    let limits = Limits { requests: Some((10.0 * window.as_secs_f64()) as u64), tokens: None, images: None };
    let providers = Providers::three([limits; 3], window, Duration::from_millis(300))?;
    let mut fleet = Fleet::new(
        ground,
        &options.programs,
        options.slots,
        &providers.environment(ground, &providers.profile(options)?)?,
    );
    let posts = options.scale.pick(900, 4_000);
    Client::new(ground).await?.submit(ground, posts, Content::Captions, None).await?;
    fleet.start(workers)?;
    work::living(ground, workers).await?;

    sleep(Duration::from_secs(2)).await;
    let (revoked, spent) = (key("openai", 1), key("openai", 2));
    if let Some(openai) = providers.named("openai") {
        openai
            .simulator
            .admin()
            .fault(Fault::chat().key(&revoked).status(401))
            .fault(Fault::chat().key(&spent).status(429).code("insufficient_quota"));
    }
    let most = options.scale.pick(Duration::from_mins(1), Duration::from_secs(110));
    let ended = work::settled(ground, &mut fleet, most).await?;
    fleet.stop().await;

    let calls = providers.calls()?;
    let wasted = |key: &str, status: u16| {
        let dead = |call: &&Call| call.billed.cause == Cause::Fault && call.billed.status == status;
        calls.iter().filter(|call| call.billed.key == key).filter(dead).count()
    };
    let mut report = Report::new(format!("dead-keys: {workers} workers, one key revoked, one out of credit"));
    report.fact("calls: served / fault / limit / request", causes(&calls));
    report.exactly("posts completed", ended.completed as usize, posts);
    let hit = wasted(&revoked, 401).min(wasted(&spent, 429));
    report.promise("both were called after they died", hit > 0, "true", hit > 0);
    report.at_most("calls wasted on the revoked key", wasted(&revoked, 401), workers);
    report.at_most("calls wasted on the key out of credit", wasted(&spent, 429), workers);
    Books::read(ground, &calls).await?.promise(&mut report);
    Ok(report)
}
