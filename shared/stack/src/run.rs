//! `run`: the whole stack in the foreground, until it is told to stop.

use anyhow::bail;

use crate::assembly::{Assembly, Plan, Programs};
use crate::servers::Durability;
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use crate::state::State;
use crate::terminal::say;
use crate::{orphans, port};

const DEFAULT_PORT: u16 = 8000;

/// Returns after an orderly stop.
pub async fn run(settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<u8> {
    let keys = settings.provider_keys()?;
    let plan = plan(settings, &keys, Programs::beside_us()?)?;
    let state = State::open(&settings.state_dir)?;
    orphans::end(&state).await?;
    port::require_free(&plan.host, plan.port)?;
    let plan = with_token_secret(plan, settings, &state)?;

    say(format_args!("starting Broadside from {} …", state.root().display()));
    let assembly = Assembly::start(&state, &plan, shutdown).await?;
    banner(&plan, &keys, &assembly, &state);
    shutdown.requested().await;
    say(format_args!(
        "stopping: workers finish what they have begun, at most {} s (Ctrl-C again: at once)",
        plan.drain.as_secs()
    ));
    assembly.stop(&state).await;
    say("everything is stopped");
    Ok(0)
}

fn plan(settings: &Settings, keys: &[String], programs: Programs) -> anyhow::Result<Plan> {
    if keys.is_empty() && !settings.production && settings.environment.get("OPENAI_BASE_URL").is_some() {
        bail!(
            "OPENAI_BASE_URL is set without a key: set OPENAI_API_KEY too (any word, when that server asks for none)"
        );
    }
    Ok(Plan {
        programs,
        host: settings.host.clone(),
        port: settings.port.unwrap_or(DEFAULT_PORT),
        workers: settings.workers,
        drain: settings.drain,
        simulated: keys.is_empty() && !settings.production,
        simulator_options: Vec::new(),
        durability: Durability::Kept,
        servers: settings.environment.clone(),
        settings: settings.environment.clone(),
        environment: Vec::new(),
        token_secret: None,
        providers: settings.providers_with_keys()?,
    })
}

/// Without a configured secret one is made once and kept, so that tokens and links stay good across starts.
fn with_token_secret(mut plan: Plan, settings: &Settings, state: &State) -> anyhow::Result<Plan> {
    if !settings.has_token_secret()? {
        plan.token_secret = Some(state.secret("secret_key")?);
    }
    Ok(plan)
}

fn banner(plan: &Plan, keys: &[String], assembly: &Assembly, state: &State) {
    let (postgres, redis) = assembly.servers.ours();
    let server = |ours: bool, name: &str| {
        if ours { "private, started here".to_owned() } else { format!("the one that {name} names") }
    };
    let everyone = ["0.0.0.0", "::"].contains(&&*plan.host);
    let shown = if everyone { "localhost" } else { &*plan.host };
    let reach = if everyone { "open to the network" } else { "HOST=0.0.0.0 opens it to the network" };
    say("");
    say("Broadside runs.");
    say(format_args!("  API        http://{shown}:{}  (documentation at /docs; {reach})", plan.port));
    say(format_args!("  workers    {} processes", plan.workers));
    say(format_args!("  Postgres   {}", server(postgres, "DATABASE_URL")));
    say(format_args!("  Redis      {}", server(redis, "REDIS_URL")));
    match (&assembly.simulator_url, keys.is_empty()) {
        (Some(url), _) => {
            say(format_args!(
                "  providers  SIMULATED at {url}: no provider key is set, so texts and pictures are made up"
            ));
            say("             and cost nothing; set OPENAI_API_KEY, here or in .env, to use a real provider");
        }
        (None, true) => say("  providers  none: no key is set and ENVIRONMENT=production, so generation answers 503"),
        (None, false) => say(format_args!("  providers  real, with {}: batches cost money", keys.join(", "))),
    }
    say(format_args!("  state      {} (logs in log/, addresses in run/env)", state.root().display()));
    say("Press Ctrl-C to stop.");
}
