//! What the system says of a process: how much memory it holds and how much it has computed.

use std::time::Duration;

use anyhow::{Context, Result};

/// Clock ticks a second, in which Linux states the CPU time of processes on every platform that it has ports for.
const TICKS: f64 = 100.0;

/// Memory that the process holds now, in bytes.
pub(crate) fn resident_bytes(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().context("VmRSS is no number")?;
    Ok(kilobytes << 10)
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
