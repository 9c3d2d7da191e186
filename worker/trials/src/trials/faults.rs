//! Faults: every kind of failure at two providers, while the third is healthy. Every post ends as it should, and nobody
//! calls what rests.

use std::time::Duration;

use anyhow::Result;
use simulator::{Admin, Fault, Limits};
use tokio::time::sleep;

use crate::books::{Books, causes};
use crate::fleet::Fleet;
use crate::ground::Ground;
use crate::options::{Options, Scale};
use crate::providers::{Providers, ThreeLimits, key};
use crate::report::Report;
use crate::traffic::{Call, in_rests, later_than_first, over_limit, past_open_breaker};
use crate::work::{self, Client, Content};

/// How long the answer to a call may take to become known to every worker.
const GRACE: Duration = Duration::from_millis(500);
/// The rest of a pool that does not say how long, as the profile of this trial says.
const REST: Duration = Duration::from_secs(5);
/// The first pause of a breaker.
const BREAKER: Duration = Duration::from_secs(5);
/// Calls end after this long.
const DEADLINE_SECONDS: u64 = 3;
/// Topics that a provider refuses to write about.
const FORBIDDEN: &str = "Forbidden number";
const FORBIDDEN_POSTS: usize = 3;

pub(crate) async fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let workers = options.workers();
    let window = options.window();
    // As many as keep the healthy provider busy until the others were tried often enough.
    let posts = options.scale.pick(900, 3_000);
    let providers = Providers::three(scarce(window), window, Duration::from_millis(100))?;
    let profile = providers
        .profile(options)?
        .route_number("caption", "deadline_seconds", DEADLINE_SECONDS)
        .route_number("caption", "first_byte_seconds", DEADLINE_SECONDS)
        .limit("rest_seconds", REST.as_secs());
    let mut fleet = Fleet::new(ground, &options.programs, options.slots, &providers.environment(ground, &profile)?);
    script(&providers);
    let client = Client::new(ground).await?;
    client.submit_about(ground, FORBIDDEN, FORBIDDEN_POSTS, Content::Captions, None).await?;
    client.submit(ground, posts, Content::Captions, None).await?;
    fleet.start(workers)?;
    work::living(ground, workers).await?;

    // The outage of a whole model ends in mid-run, so that its breaker can be seen to close.
    let openrouter = providers.named("openrouter").map(|provider| provider.simulator.admin());
    let outage = async {
        sleep(options.scale.pick(Duration::from_secs(12), Duration::from_secs(40))).await;
        if let Some(admin) = openrouter {
            admin.clear_faults();
        }
    };
    let most = options.scale.pick(Duration::from_mins(1), Duration::from_secs(150));
    let ((), ended) = tokio::join!(outage, work::settled(ground, &mut fleet, most));
    let ended = ended?;
    fleet.stop().await;

    let calls = providers.calls()?;
    let mut report = Report::new(format!("faults: {workers} workers, every row of the table of failures"));
    report.fact("calls: served / fault / limit / request", causes(&calls));
    report.exactly("posts completed", ended.completed as usize, posts);
    report.exactly("posts failed: those no provider may write", ended.failed as usize, FORBIDDEN_POSTS);
    report.exactly("calls above a limit", over_limit(&calls), 0);
    let resting = in_rests(&calls, GRACE, REST);
    report.exactly("calls to a resting pool", resting.len(), 0);
    for (call, late) in resting.iter().take(3) {
        let Call { provider, at, billed } = call;
        report.fact(
            format!("  {provider} {} {}", billed.key, billed.model),
            format_args!("{} at {at}, {late:?} after it was told", billed.status),
        );
    }
    let refused = |number: usize, status: u16| {
        let key = key("openai", number);
        let of_key = move |call: &Call| call.billed.key == key && call.billed.status == status;
        (calls.iter().filter(|call| of_key(call)).count(), later_than_first(&calls, GRACE, of_key))
    };
    let (all, late) = refused(2, 401);
    report.at_most("calls with the revoked key", all, workers);
    report.exactly("  after it was known", late, 0);
    let (all, late) = refused(3, 429);
    report.at_most("calls to the pool without credit", all, workers);
    report.exactly("  after it was known", late, 0);
    let broken: Vec<&Call> = calls.iter().filter(|call| call.provider == "openrouter").collect();
    let (stray, probes) = past_open_breaker(&broken, GRACE, BREAKER);
    report.exactly("calls to an open breaker beside its probe", stray, 0);
    report.fact("probes of the open breaker", probes);
    let left = providers.named("openai").map_or(0, |openai| unused(&openai.simulator.admin()));
    match options.scale {
        Scale::Full => report.exactly("faults that nobody met", left, 0),
        Scale::Quick => report.fact("faults that nobody met", left),
    }
    Books::read(ground, &calls).await?.promise(&mut report);
    Ok(report)
}

/// Faults that were to happen once and did not.
fn unused(admin: &Admin) -> usize {
    admin.waiting_faults().iter().filter(|waiting| waiting.left.is_some()).count()
}

/// What goes wrong. The third provider is healthy throughout, but for what no provider would write.
fn script(providers: &Providers) {
    for provider in &providers.all {
        let admin = provider.simulator.admin();
        let forbidden = Fault::chat().contains(FORBIDDEN).status(400).code("content_policy_violation");
        admin.fault(forbidden);
        match provider.name {
            "openai" => {
                let first = key("openai", 1);
                let on = || Fault::chat().key(&first).times(1);
                admin
                    .fault(Fault::chat().key(&key("openai", 2)).status(401))
                    .fault(Fault::chat().key(&key("openai", 3)).status(429).code("insufficient_quota"))
                    .faults([
                        on().status(429).retry_after(2),
                        on().status(429),
                        on().status(429).code("slow_down").retry_after(1),
                        on().status(500),
                        on().status(503).retry_after(1),
                        on().html(502),
                        on().error_in_200().numeric_code(502),
                        on().not_json(),
                        on().breaks_schema(),
                        on().length(),
                        on().empty(),
                        on().refusal(),
                        on().content_filter(),
                        on().truncate(),
                        on().reset(),
                        on().drip(),
                        on().hang(),
                        on().status(408),
                        on().status(403).code("unsupported_country_region_territory"),
                        on().status(403).category("invalid_request_error").message("Flagged by moderation."),
                        on().status(400).code("context_length_exceeded"),
                        on().status(429).message("Limit reached on requests per day (RPD).").retry_after(3),
                        on().status(404).code("model_not_found"),
                    ]);
            }
            "openrouter" => {
                admin.fault(Fault::chat().status(503));
            }
            _ => {}
        }
    }
}

/// So little at each that all of them are needed.
fn scarce(window: Duration) -> ThreeLimits {
    let of =
        |a_second: f64| Limits { requests: Some((a_second * window.as_secs_f64()) as u64), tokens: None, images: None };
    [of(8.0), of(8.0), of(15.0)]
}
