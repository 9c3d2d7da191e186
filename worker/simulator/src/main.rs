//! The provider simulator as a program: `broadside-simulator --help`.

mod options;

use std::io::Write;

use anyhow::Context;
use simulator::Simulator;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use options::Command;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let config = match options::read(std::env::args().skip(1), environment())? {
        Command::Serve(config) => *config,
        Command::Help => return print(options::HELP),
    };
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let address = config.listen;
    let running = Simulator::start(config).with_context(|| format!("cannot listen on {address}"))?;
    print(&format!("{}\n", running.url()))?;
    tracing::info!(url = running.url(), "the provider simulator is ready");
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    let bill = running.admin().bill_since(usize::MAX);
    tracing::info!(cost_nanos = bill.total_nanos, "stopping");
    running.shutdown().await;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program of its own, with options of its own; this is where it reads them"
)]
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars()
}

/// Nobody reading standard output is no reason to stop.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
