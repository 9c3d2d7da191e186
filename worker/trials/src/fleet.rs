//! Worker processes.

use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::ground::Ground;

/// The workers of a trial. They end with it.
#[derive(Debug)]
pub(crate) struct Fleet {
    program: PathBuf,
    environment: Vec<(String, String)>,
    folder: PathBuf,
    started: usize,
    workers: Vec<Child>,
}

impl Fleet {
    /// No workers yet. `environment` names the provider profiles and holds the keys.
    pub(crate) fn new(ground: &Ground, programs: &std::path::Path, slots: usize, keys: &[(String, String)]) -> Self {
        let own = [
            ("PATH", ground.path().to_owned()),
            ("DATABASE_URL", ground.url.clone()),
            ("REDIS_URL", ground.redis.clone()),
            ("BROADSIDE_REDIS__NAMESPACE", ground.namespace.clone()),
            ("BROADSIDE_STORAGE__PATH", ground.folder.join("media").display().to_string()),
            ("WORKER_CONCURRENCY", slots.to_string()),
            ("LOG_LEVEL", "info".to_owned()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        Self {
            program: programs.join("broadside-worker"),
            environment: own.into_iter().chain(keys.iter().cloned()).collect(),
            folder: ground.folder.clone(),
            started: 0,
            workers: Vec::new(),
        }
    }

    /// Sets a name of the environment of those that are started from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_string()));
    }

    pub(crate) fn start(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            self.started += 1;
            let log = File::create(self.folder.join(format!("worker-{}.log", self.started)))?;
            let child = Command::new(&self.program)
                // Nothing of ours: no real key, no `.env`.
                .env_clear()
                .envs(self.environment.iter().map(|(name, value)| (name, value)))
                .current_dir(&self.folder)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .kill_on_drop(true)
                .spawn()
                .with_context(|| format!("cannot start {} (see --programs)", self.program.display()))?;
            self.workers.push(child);
        }
        Ok(())
    }

    /// Ends the oldest worker as a crash would.
    pub(crate) async fn crash_one(&mut self) -> Result<()> {
        let mut victim = self.workers.remove(0);
        victim.kill().await.context("a worker could not be killed")
    }

    /// Tells all workers to stop, and waits until they did.
    pub(crate) async fn stop(&mut self) {
        for worker in &self.workers {
            if let Some(pid) = worker.id().and_then(|pid| i32::try_from(pid).ok()) {
                // One that is gone already needs no telling.
                let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
            }
        }
        for mut worker in self.workers.drain(..) {
            if tokio::time::timeout(Duration::from_secs(40), worker.wait()).await.is_err() {
                drop(worker.kill().await);
            }
        }
    }

    /// Process ids of the workers that were started and not ended by us.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.workers.iter().filter_map(Child::id).collect()
    }

    /// Workers that ended by themselves.
    pub(crate) fn dead(&mut self) -> usize {
        self.workers.iter_mut().map(|worker| usize::from(!matches!(worker.try_wait(), Ok(None)))).sum()
    }
}
