//! The worker program: one process, one worker; start as many as you like. With arguments it does what an operator asks.

use std::process::ExitCode;

use anyhow::{Result, bail};
use shared::config::{Names, Settings};
use shared::telemetry;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use worker::operator::Command;
use worker::{End, Life, wait_for_schema};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        [] => run().await.map(|()| true),
        arguments => operate(arguments).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            drop(std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("broadside-worker: {error:#}\n")));
            ExitCode::FAILURE
        }
    }
}

/// Does what an operator asks, and says whether all is well.
async fn operate(arguments: &[&str]) -> Result<bool> {
    let Some(command) = Command::parse(arguments) else {
        bail!("unknown arguments: {}; see --help", arguments.join(" "));
    };
    drop(rustls::crypto::ring::default_provider().install_default());
    command.run().await
}

async fn run() -> Result<()> {
    let names = Names::read()?;
    let settings = Settings::load(&names)?;
    telemetry::start(&settings.log, "worker")?;
    drop(rustls::crypto::ring::default_provider().install_default());
    let term = term()?;
    if !wait_for_schema(&settings, &term).await? {
        return Ok(());
    }
    loop {
        // Unique per boot and per life, whatever the host is called.
        let name = format!("{}-{}", std::process::id(), uuid::Uuid::now_v7().simple());
        if Life::begin(&settings, &names, &name).await?.run(term.clone()).await == End::Drained {
            return Ok(());
        }
    }
}

/// Cancelled on SIGTERM and SIGINT.
fn term() -> Result<CancellationToken> {
    let term = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let told = term.clone();
    TaskTracker::new().spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
    });
    Ok(term)
}
