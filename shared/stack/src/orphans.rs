//! Parts that outlived the stack that started them, because it was killed where the system could not tell them.
//!
//! A process is only taken for such a part when a pid file of the state folder names it and its own environment carries
//! our mark for that part and folder; a process id alone may belong to anybody by now.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::part::{MARK, mark};
use crate::state::State;
use crate::terminal::say;

const PATIENCE: Duration = Duration::from_secs(35);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Ends what an earlier stack left running and removes its pid files. Postgres is left to its own check, which also sees
/// its backends.
pub async fn end(state: &State) -> anyhow::Result<()> {
    let mut left = Vec::new();
    for entry in std::fs::read_dir(state.root().join("run"))?.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|it| it != "pid") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let pid = std::fs::read_to_string(&path).ok().and_then(|it| it.trim().parse().ok());
        let _ = std::fs::remove_file(&path);
        if let Some(pid) = pid
            && name != "postgres"
            && is_part(pid, &name, state.root())
        {
            say(format_args!("{name} (process {pid}) was left running by an earlier start and is being stopped"));
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
            left.push((pid, name));
        }
    }
    let started = Instant::now();
    loop {
        left.retain(|(pid, name)| is_part(*pid, name, state.root()));
        let Some((pid, name)) = left.first() else { return Ok(()) };
        if started.elapsed() > PATIENCE && kill(Pid::from_raw(*pid), Signal::SIGKILL).is_err() {
            bail!("{name} (process {pid}) of an earlier start cannot be stopped");
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

fn is_part(pid: i32, name: &str, root: &Path) -> bool {
    let wanted = format!("{MARK}={}", mark(name, root));
    // The environment of a process that has ended but was not waited for is empty.
    std::fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|environment| environment.split(|&byte| byte == 0).any(|it| it == wanted.as_bytes()))
}
