//! The API's program: names, settings, logs, connections, migrations, then serving until told to stop.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use api::App;
use secrecy::ExposeSecret;
use shared::config::{Names, Settings};
use shared::telemetry;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
broadside-api: the HTTP API of Broadside

  broadside-api                    serve until SIGINT or SIGTERM
  broadside-api migrate            bring the database to this version and exit
  broadside-api migrate-down [N]   take back the newest N steps (1), and with them what their tables held
  broadside-api openapi            print the OpenAPI document and exit
  broadside-api --version
  broadside-api --help

Configuration is read from the environment and from .env; config/default.toml comments every key.
";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        [] => serve().await,
        ["migrate"] => migrate().await,
        ["migrate-down"] => migrate_down("1").await,
        ["migrate-down", steps] => migrate_down(steps).await,
        ["openapi"] => say(&api::routes::document()),
        ["--version" | "-V"] => say(concat!("broadside-api ", env!("CARGO_PKG_VERSION"), "\n")),
        ["--help" | "-h" | "help"] => say(HELP),
        _ => Err(anyhow::anyhow!("unknown arguments: {}; see --help", arguments.join(" "))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The log may not have been started, so the one line that matters goes out directly.
            drop(writeln!(io::stderr(), "broadside-api: {}", line(&error)));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, in one line; a cause that the text above it tells already is left out.
fn line(error: &anyhow::Error) -> String {
    error.chain().skip(1).fold(error.to_string(), |line, cause| {
        let cause = cause.to_string();
        if line.contains(&cause) { line } else { format!("{line}: {cause}") }
    })
}

async fn serve() -> anyhow::Result<()> {
    let names = Names::read()?;
    let settings = Settings::load(&names)?;
    settings.auth.secret()?;
    settings.auth.previous()?;
    telemetry::start(&settings.log, "api")?;
    drop(rustls::crypto::ring::default_provider().install_default());
    migration::up(settings.database.url()?.expose_secret()).await?;
    let address = (settings.http.host.clone(), settings.http.port);
    let listener =
        TcpListener::bind(&address).await.with_context(|| format!("cannot listen on {}:{}", address.0, address.1))?;
    let app = App::open(settings, &names).await?;
    stop_on_signal(&app)?;
    // Before the first caller comes; without it callers are told to try again until the feed has been read.
    if let Err(error) = app.sessions.refresh(&app.store).await {
        tracing::warn!(%error, "revoked sessions cannot be read yet");
    }
    tracing::info!(address = %listener.local_addr()?, version = env!("CARGO_PKG_VERSION"), "the API serves");
    api::serve::serve(app, listener).await?;
    tracing::info!("the API stopped");
    Ok(())
}

fn stop_on_signal(app: &Arc<App>) -> io::Result<()> {
    let stopping = app.stopping.clone();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop: answers in flight are finished");
        stopping.cancel();
    });
    Ok(())
}

async fn migrate() -> anyhow::Result<()> {
    let settings = Settings::load(&Names::read()?)?;
    migration::up(settings.database.url()?.expose_secret()).await?;
    say("The database is up to date.\n")
}

async fn migrate_down(steps: &str) -> anyhow::Result<()> {
    let steps = steps.parse().with_context(|| format!("{steps:?} is no number of steps"))?;
    let settings = Settings::load(&Names::read()?)?;
    migration::down(settings.database.url()?.expose_secret(), steps).await?;
    say("Done.\n")
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(io::stdout().write_all(text.as_bytes())?)
}
