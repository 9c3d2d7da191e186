//! What the system says of a process: how much memory it holds and how much it has computed.

use std::time::Duration;

use anyhow::{Context, Result};

/// Clock ticks a second, in which Linux states the CPU time of processes on every platform that it has ports for.
const TICKS: f64 = 100.0;

/// Memory that the process holds now, in bytes.
pub(crate) fn resident_bytes(pid: u32) -> Result<u64> {
    status_bytes(pid, "VmRSS:")
}

fn status_bytes(pid: u32, name: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
    let kilobytes = line.trim().trim_end_matches("kB").trim().parse::<u64>();
    Ok(kilobytes.with_context(|| format!("{name} is no number"))? << 10)
}

/// How much more memory a process comes to hold at most, from one moment on.
pub(crate) struct Peak {
    pid: u32,
    /// What it held at that moment, in bytes.
    pub(crate) before: u64,
}

impl Peak {
    /// From now on.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        // Makes the system forget the highest that there was so far.
        std::fs::write(format!("/proc/{pid}/clear_refs"), "5").context("the peak cannot be reset")?;
        Ok(Self { pid, before: resident_bytes(pid)? })
    }

    pub(crate) fn grown(&self) -> Result<u64> {
        Ok(status_bytes(self.pid, "VmHWM:")?.saturating_sub(self.before))
    }
}

/// Bytes for people.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / f64::from(1 << 20))
}

/// CPU time that the process has used, its own and the system's for it.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    parse_cpu_time(&stat).context("/proc/PID/stat reads otherwise than expected")
}

fn parse_cpu_time(stat: &str) -> Option<Duration> {
    // The program's name stands in brackets and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_secs_f64((user + system) as f64 / TICKS))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "77 (a) b) S 1 77 77 0 -1 4194304 90 0 0 0 150 50 0 0 20 0 9 0 1";
        assert_eq!(super::parse_cpu_time(stat), Some(Duration::from_secs(2)));
    }

    #[test]
    fn this_process_holds_memory() {
        assert!(super::resident_bytes(std::process::id()).expect("Linux") > 1 << 20);
    }
}
