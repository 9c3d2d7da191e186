//! Runs a command, such as the tests, with private servers around it.
//!
//! Every call has a folder of its own under `STATE_DIR/test` (as root under `/var/lib/broadside/test`, where nobody else
//! can put links in our way: the state folder belongs to the account that a stack runs as), so that several can run at once; it
//! is removed afterwards, as are those that a killed call left behind. Durability is off: the data
//! is thrown away. `DATABASE_URL` and `REDIS_URL` count only when they are in the environment; the
//! `.env` of an installation must not send tests to its data.

use std::ffi::OsString;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;

use crate::part;
use crate::privileges;
use crate::servers::{Durability, Servers, placement};
use crate::settings::Environment;
use crate::shutdown::Shutdown;
use crate::state::{State, private_folder};

/// Starts servers, runs the command, stops the servers. Returns the command's exit code.
pub async fn run(
    environment: &Environment,
    state_dir: &Path,
    command: &[OsString],
    shutdown: &Shutdown,
) -> anyhow::Result<u8> {
    let all = folder(state_dir)?;
    sweep(&all);
    let state = State::open(&all.join(format!("{}-{:08x}", std::process::id(), rand::random::<u32>())))?;
    let outcome = around(&state, environment, command, shutdown).await;
    let removed = remove(state);
    let code = outcome?;
    removed?;
    Ok(code)
}

/// Makes the folder of all calls.
fn folder(state_dir: &Path) -> anyhow::Result<PathBuf> {
    let parent = if privileges::is_root() { Path::new(placement::ELSEWHERE) } else { state_dir };
    if privileges::is_root() {
        // Servers of tests run as another account, which passes through.
        std::fs::DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
    } else {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    let all = parent.join("test");
    private_folder(&all)?;
    Ok(all)
}

async fn around(
    state: &State,
    environment: &Environment,
    command: &[OsString],
    shutdown: &Shutdown,
) -> anyhow::Result<u8> {
    let servers = Servers::start(state, environment, Durability::Throwaway, shutdown).await?;
    let status = execute(&servers, command, shutdown).await;
    servers.stop().await;
    Ok(exit_code(status?))
}

async fn execute(servers: &Servers, command: &[OsString], shutdown: &Shutdown) -> anyhow::Result<ExitStatus> {
    let (program, arguments) = command.split_first().context("no command given")?;
    let mut child = part::command(Path::new(program), None, Some(Signal::SIGTERM))?
        .args(arguments)
        .env("DATABASE_URL", &servers.database_url)
        .env("REDIS_URL", &servers.redis_url)
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    tokio::select! {
        status = child.wait() => return Ok(status?),
        () = shutdown.requested() => signal_group(&child, Signal::SIGTERM),
    }
    tokio::select! {
        status = child.wait() => Ok(status?),
        () = shutdown.hurried() => {
            signal_group(&child, Signal::SIGKILL);
            Ok(child.wait().await?)
        }
    }
}

/// To the command and all it started: they are one group.
fn signal_group(child: &Child, signal: Signal) {
    if let Some(pid) = child.id().and_then(|it| i32::try_from(it).ok()) {
        let _ = kill(Pid::from_raw(-pid), signal);
    }
}

/// As a shell tells it: 128 and the signal for a command that was ended by one.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|it| 128 + it)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

fn remove(state: State) -> anyhow::Result<()> {
    let root = state.root().to_owned();
    placement::remove(&root)?;
    std::fs::remove_dir_all(&root).with_context(|| format!("cannot remove {}", root.display()))?;
    drop(state);
    // Succeeds for the last one only.
    let _ = root.parent().map(std::fs::remove_dir);
    Ok(())
}

/// Folders whose lock is free belong to calls that were killed.
fn sweep(all: &Path) {
    for folder in std::fs::read_dir(all).into_iter().flatten().flatten() {
        if let Ok(state) = State::open(&folder.path()) {
            let _ = remove(state);
        }
    }
}
