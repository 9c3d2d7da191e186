//! Keeps a part running: start, wait until ready, start again when it dies, stop in the end.
//!
//! The first start must succeed, else the caller gets the reason. After that a part that dies is
//! started again after a pause that doubles from one second to thirty, and begins anew at one
//! second once the part has lived for a minute.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::part::Part;
use crate::shutdown::Shutdown;
use crate::terminal::say;

/// Between two looks at a part that is not ready yet.
const BETWEEN_PROBES: Duration = Duration::from_millis(50);
/// Between the last kind signal and the end by force.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// A part under supervision.
pub struct Running {
    name: String,
    stop: CancellationToken,
    watcher: JoinHandle<()>,
}

impl Running {
    /// Starts the part and returns when it is ready. A request to stop ends the wait.
    pub async fn start(part: Part, shutdown: &Shutdown) -> anyhow::Result<Self> {
        part.rotate_log();
        let mut child = part.spawn().await?;
        if let Err(reason) = first_readiness(&part, &mut child, shutdown).await {
            end(&part, &mut child, shutdown).await;
            return Err(reason);
        }
        let stop = CancellationToken::new();
        let name = part.name.clone();
        let watcher = tokio::spawn(watch(part, child, stop.clone(), shutdown.clone()));
        Ok(Self { name, stop, watcher })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Asks the part to end, without waiting.
    pub fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    /// Returns when the part has ended.
    pub async fn stop(self) {
        self.stop.cancel();
        let _ = self.watcher.await;
    }
}

async fn first_readiness(part: &Part, child: &mut Child, shutdown: &Shutdown) -> anyhow::Result<()> {
    let deadline = Instant::now() + part.patience;
    loop {
        tokio::select! {
            status = child.wait() => {
                bail!("{} did not start: it {}; the end of {}:{}",
                    part.name, how_it_ended(status?), part.log.display(), part.last_words(8));
            }
            () = shutdown.requested() => bail!("stopped while {} was starting", part.name),
            ready = part.ready.probe() => if ready { return Ok(()) },
        }
        ensure!(
            Instant::now() < deadline,
            "{} was not ready within {} s; the end of {}:{}",
            part.name,
            part.patience.as_secs(),
            part.log.display(),
            part.last_words(8)
        );
        tokio::time::sleep(BETWEEN_PROBES).await;
    }
}

async fn watch(part: Part, mut child: Child, stop: CancellationToken, shutdown: Shutdown) {
    let mut pause = Pause::default();
    let mut started = Instant::now();
    loop {
        let reason = tokio::select! {
            status = child.wait() => status.map_or_else(|error| error.to_string(), how_it_ended),
            () = stop.cancelled() => return end(&part, &mut child, &shutdown).await,
        };
        let _ = std::fs::remove_file(&part.pid_file);
        let mut wait = pause.after(started.elapsed());
        say(format_args!(
            "{} {reason}; starting it again in {} s (see {})",
            part.name,
            wait.as_secs(),
            part.log.display()
        ));
        child = loop {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
            match part.spawn().await {
                Ok(child) => break child,
                Err(error) => {
                    wait = pause.after(Duration::ZERO);
                    say(format_args!(
                        "{} cannot be started: {error:#}; trying again in {} s",
                        part.name,
                        wait.as_secs()
                    ));
                }
            }
        };
        started = Instant::now();
        say(format_args!("{} was started again", part.name));
    }
}

/// Asks, insists after the grace (or when hurried), and ends by force.
async fn end(part: &Part, child: &mut Child, shutdown: &Shutdown) {
    send(child, part.stop.ask);
    let asked = tokio::select! {
        _ = child.wait() => true,
        () = tokio::time::sleep(part.stop.grace) => false,
        () = shutdown.hurried() => false,
    };
    if !asked {
        send(child, part.stop.insist);
        if tokio::time::timeout(LAST_WAIT, child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
        say(format_args!("{} did not end in time and was stopped by force", part.name));
    }
    let _ = std::fs::remove_file(&part.pid_file);
}

/// To the process itself, which has not been waited for yet, so that its number cannot be another's.
fn send(child: &Child, signal: Signal) {
    if let Some(pid) = child.id().and_then(|it| i32::try_from(it).ok()) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

pub fn how_it_ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with code {code}"),
        (None, Some(signal)) => {
            let name = Signal::try_from(signal).map_or("unknown", Signal::as_str);
            format!("was ended by signal {signal} ({name})")
        }
        (None, None) => "ended".to_owned(),
    }
}

/// The pause before the next start.
#[derive(Default)]
struct Pause {
    failures: u32,
}

impl Pause {
    const LONGEST: Duration = Duration::from_secs(30);
    const HEALTHY: Duration = Duration::from_mins(1);

    fn after(&mut self, lived: Duration) -> Duration {
        if lived >= Self::HEALTHY {
            self.failures = 0;
        }
        let pause = Duration::from_secs(1 << self.failures.min(5));
        self.failures += 1;
        pause.min(Self::LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_and_begins_anew_after_a_minute() {
        let mut pause = Pause::default();
        let short = Duration::from_secs(5);
        let seconds: Vec<u64> = (0..7).map(|_| pause.after(short).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(pause.after(Duration::from_secs(61)).as_secs(), 1);
    }
}
