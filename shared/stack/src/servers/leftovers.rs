//! Processes of an earlier start that still use a data folder of Postgres.
//!
//! After `kill -9` of Postgres or of us, a server or some of its backends can live on. Every one of
//! them has the data folder as its working directory, and nothing else has. With the state folder's
//! lock in hand nobody else may use it, so they are asked to end. Only when none is left the file
//! `postmaster.pid` is removed: its number may meanwhile belong to another process, which would
//! keep Postgres from starting, as happens in containers.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::terminal::say;

const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// The data folder of a Postgres that only we may start.
#[derive(Clone, Debug)]
pub struct DataDirectory(pub PathBuf);

impl DataDirectory {
    /// Returns when no process uses the folder any more and a stale `postmaster.pid` is gone.
    pub async fn clear_leftovers(&self) -> anyhow::Result<()> {
        let pid_file = self.0.join("postmaster.pid");
        let mut left = processes_in(&self.0);
        if !left.is_empty() {
            say(format_args!("a Postgres left running from {} is being stopped", self.0.display()));
            let postmaster = read_pid(&pid_file).filter(|pid| left.contains(pid));
            match postmaster {
                Some(pid) => signal_all(&[pid], Signal::SIGINT),
                // Backends without their server: each ends at a SIGTERM.
                None => signal_all(&left, Signal::SIGTERM),
            }
        }
        let started = Instant::now();
        let mut insisted = false;
        while !left.is_empty() {
            if started.elapsed() > PATIENCE {
                bail!("processes {left:?} still use {} and do not end", self.0.display());
            }
            if started.elapsed() > PATIENCE / 2 && !insisted {
                insisted = true;
                signal_all(&left, Signal::SIGQUIT);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
            left = processes_in(&self.0);
        }
        match std::fs::remove_file(&pid_file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", pid_file.display()))
            }
            _ => Ok(()),
        }
    }
}

fn read_pid(pid_file: &Path) -> Option<i32> {
    std::fs::read_to_string(pid_file).ok()?.lines().next()?.trim().parse().ok()
}

/// Processes whose working directory is `folder`; where there is no `/proc`, none are found and
/// Postgres' own check of its pid file decides.
fn processes_in(folder: &Path) -> Vec<i32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder))
        .collect()
}

fn signal_all(pids: &[i32], signal: Signal) {
    for &pid in pids {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}
