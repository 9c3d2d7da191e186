//! `broadside-trials`: what the worker promises, shown with real processes, real servers and real sockets.
//!
//! A trial starts simulated providers that enforce their limits, worker processes that know nothing of it, and gives them
//! batches. Then it holds three records against each other: the providers' own bill, the ledger in Postgres, and what was
//! promised. Every trial prints a table; a broken promise makes the program fail.
//!
//! `make trials` gives it private servers and runs all of them. `DATABASE_URL` and `REDIS_URL` name the servers otherwise;
//! every trial has a database and a Redis namespace of its own, and drops them.

mod api;
mod books;
mod fleet;
mod ground;
mod options;
mod process;
mod profile;
mod providers;
mod redis_server;
mod report;
mod servers;
mod traffic;
mod trials;
mod work;

use std::process::ExitCode;

use anyhow::{Context, Result};
use shared::config::Names;

use ground::Ground;
use options::{Command, HELP, Options};
use report::say;
use servers::Servers;
use trials::Trial;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            drop(std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("broadside-trials: {error:#}\n")));
            ExitCode::FAILURE
        }
    }
}

/// Runs what was asked for; whether every promise held.
async fn run() -> Result<bool> {
    let (trials, options) = match options::read(std::env::args().skip(1))? {
        Command::Run(trials, options) => (trials, *options),
        Command::Help => {
            say(HELP);
            return Ok(true);
        }
    };
    drop(rustls::crypto::ring::default_provider().install_default());
    let servers = Servers::named(&Names::read()?)?;
    let mut held = true;
    for trial in trials {
        held &= one(trial, &servers, &options).await.with_context(|| format!("the trial `{}`", trial.name()))?;
    }
    say(if held { "Every promise held." } else { "At least one promise was broken." });
    Ok(held)
}

async fn one(trial: Trial, servers: &Servers, options: &Options) -> Result<bool> {
    let ground = Ground::open(servers, trial.name()).await?;
    let outcome = tokio::select! {
        outcome = trial.run(&ground, options) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    let folder = ground.close(options.keep).await;
    let report = outcome?;
    report.print();
    if options.keep {
        say(format_args!("profiles and logs: {}\n", folder.display()));
    }
    Ok(report.held())
}
