//! `demo`: one batch from submit to pictures, through the real API, in a folder of its own.
//!
//! The stack is the one that [`run`](crate::run) starts, on free ports and with data that is thrown away. Only the
//! pictures and the logs stay, in `STATE_DIR/demo`. The providers are simulated, whatever keys are configured, so that a
//! look costs nothing; `DEMO_REAL=1` asks for the real ones. Servers count only when the environment itself names them,
//! and even then the demonstration gets a database and a Redis namespace of its own, so that its workers can never meet
//! somebody's real batch.

mod borrowed;
mod briefs;
mod client;
mod folder;
mod gallery;
mod progress;
mod tour;

use std::time::Instant;

use anyhow::{Context, ensure};

use crate::assembly::{Assembly, Plan, Programs};
use crate::handed_out;
use crate::port;
use crate::secret;
use crate::servers::{Durability, placement};
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use crate::state::State;
use crate::terminal::say;

use borrowed::Borrowed;
use briefs::NewPost;

/// The simulator answers after a moment, as a provider would; otherwise there would be no progress to watch.
const LIKE_A_PROVIDER: [&str; 4] =
    ["--chat-latency-ms=700", "--chat-latency-sigma=0.4", "--image-latency-ms=1500", "--image-latency-sigma=0.4"];

/// Returns 0 when every post was completed.
pub async fn demo(settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<u8> {
    let real = asks_for_real_providers(settings)?;
    let briefs = briefs::sample()?;
    let programs = Programs::beside_us()?;
    let state = folder::open_empty(&settings.state_dir.join("demo")).await?;
    let logs = state.root().join("log");

    let borrowed = Borrowed::of(&settings.environment.clone().without_file()).await?;
    let outcome = match plan(settings, programs, &borrowed, real) {
        Ok(plan) => with_stack(&state, &plan, &briefs, shutdown).await,
        Err(error) => Err(error),
    };
    borrowed.give_back().await;
    let removed = placement::remove(state.root());

    let all_completed = outcome.with_context(|| format!("the demo did not end well (logs: {})", logs.display()))?;
    removed?;
    if all_completed {
        say("Nothing was left running. `make run` starts a stack that stays.");
        Ok(0)
    } else {
        say(format_args!("Not every post was completed: the reasons are above, the logs in {}.", logs.display()));
        Ok(1)
    }
}

fn asks_for_real_providers(settings: &Settings) -> anyhow::Result<bool> {
    let real = settings.environment.get("DEMO_REAL") == Some("1");
    ensure!(
        real || !settings.production,
        "with ENVIRONMENT=production the simulator never stands in: unset it, or use real providers with DEMO_REAL=1"
    );
    ensure!(
        !real || !settings.provider_keys()?.is_empty(),
        "DEMO_REAL=1 needs a provider's key, such as OPENAI_API_KEY, in the environment or .env"
    );
    Ok(real)
}

fn plan(settings: &Settings, programs: Programs, borrowed: &Borrowed, real: bool) -> anyhow::Result<Plan> {
    let asked = settings.environment.clone().without_file();
    let port = match (asked.get("PORT"), settings.port) {
        (Some(_), Some(port)) => port,
        _ => port::free()?,
    };
    port::require_free("127.0.0.1", port)?;
    let mut environment = vec![
        ("PUBLIC_URL".to_owned(), format!("http://127.0.0.1:{port}")),
        ("BROADSIDE_REDIS__NAMESPACE".to_owned(), borrowed.name.clone()),
    ];
    let concurrency = settings.environment.get("WORKER_CONCURRENCY");
    environment.extend(concurrency.map(|it| ("WORKER_CONCURRENCY".to_owned(), it.to_owned())));
    Ok(Plan {
        programs,
        host: "127.0.0.1".to_owned(),
        port,
        workers: settings.workers,
        drain: settings.drain,
        simulated: !real,
        simulator_options: LIKE_A_PROVIDER.map(str::to_owned).into(),
        durability: Durability::Throwaway,
        servers: borrowed.servers.clone(),
        // Simulated, nothing of what configures an installation is handed on.
        settings: if real { settings.environment.clone() } else { handed_out::of_the_machine(&asked) },
        environment,
        token_secret: Some(secret::random()?),
        providers: if real { settings.providers_with_keys()? } else { Vec::new() },
    })
}

async fn with_stack(state: &State, plan: &Plan, briefs: &[NewPost], shutdown: &Shutdown) -> anyhow::Result<bool> {
    if plan.simulated {
        say(
            "The providers are simulated: texts and pictures are made up by a program of this repository, after a pause",
        );
        say(
            "such as a provider makes, and no configured key is used. DEMO_REAL=1 asks for real ones, which costs money.",
        );
    } else {
        say("DEMO_REAL=1: the posts are made by real providers, and that costs money.");
    }
    say("");
    let began = Instant::now();
    let assembly = Assembly::start(state, plan, shutdown).await?;
    say(format_args!("started after {:.1} s: {}", began.elapsed().as_secs_f64(), parts(&assembly, plan)));
    let outcome = tokio::select! {
        outcome = tour::tour(state, plan, briefs) => outcome,
        () = shutdown.requested() => Err(anyhow::anyhow!("it was stopped")),
    };
    assembly.stop(state).await;
    outcome
}

fn parts(assembly: &Assembly, plan: &Plan) -> String {
    let (postgres, redis) = assembly.servers.ours();
    let server = |ours: bool, name: &str| if ours { format!("a private {name}") } else { format!("your {name}") };
    let simulator = if plan.simulated { "the simulator, " } else { "" };
    format!(
        "{}, {}, {simulator}the API on port {}, {} workers",
        server(postgres, "Postgres"),
        server(redis, "Redis"),
        plan.port,
        plan.workers
    )
}
