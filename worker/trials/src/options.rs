//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::trials::Trial;

pub(crate) const HELP: &str = "\
usage: broadside-trials TRIAL... [OPTIONS]     (DATABASE_URL and REDIS_URL name the servers)

trials of what is promised:
  limits         3 providers with 3 keys each and their limits enforced: none exceeded, at least 95 % used
  faults         every kind of failure: every post ends as it should, nothing resting is called
  budget         a cap of $1.00, 200 posts at once, workers killed: the bill stays under the cap
  redis-outage   Redis is gone in mid-run: limits are kept, work goes on
  dead-keys      a key revoked and another out of credit in mid-run: at most one wasted call for each worker
  bodies         100 MB, endless, dripping and HTML answers: typed failures in bounded memory
  worker-kills   a batch of 1,200 posts, 40 workers killed: none fails, unknown calls were on the wire
  independent    against servers that are not ours (--llmock, --aimock, --s3)
measurements:
  overhead       what the gateway costs for each call, in CPU time and in Redis calls
  throughput     posts a second at 1, 2 and 4 workers and 2 s of latency
  interactive    how long a person waits for a text, alone and beside a batch of 20,000 posts
  imports        a file of 50,000 rows, 500 of them bad: time, memory, every bad row named
  exports        the archive of 2,000 posts with images while the batch runs: time, memory
all of the first seven: all; all measurements: bench

options:
  --quick            short windows and small batches
  --workers N        worker processes, where a trial does not say itself [8; 2 when quick]
  --window SECONDS   length of the providers' limit window [60; 6 when quick]
  --slots N          calls in flight for each worker [64]
  --programs DIR     where broadside-worker and broadside-simulator are [beside this program]
  --llmock URL       a running llmock (PyPI): http://127.0.0.1:8000
  --llmock-rpm N     the requests a minute that it was started with [600]
  --aimock URL       a running aimock (npm) with the fixtures in worker/trials/independent
  --s3 URL           a running moto (PyPI), started by worker/trials/independent/moto.sh
  --unstated         state no limits in the provider profiles: the workers have to learn them from headers
  --keep             keep the folder with provider profiles and the workers' logs
  --help             this text";

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    Run(Vec<Trial>, Box<Options>),
    Help,
}

/// How the trials are run.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) scale: Scale,
    workers: Option<usize>,
    window: Option<Duration>,
    pub(crate) slots: usize,
    pub(crate) programs: PathBuf,
    pub(crate) llmock: Option<String>,
    pub(crate) llmock_rpm: u64,
    pub(crate) aimock: Option<String>,
    pub(crate) s3: Option<String>,
    pub(crate) limits: Stating,
    pub(crate) keep: bool,
}

/// What the provider profiles of a trial say of limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stating {
    Limits,
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    Quick,
    Full,
}

impl Scale {
    pub(crate) fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

impl Options {
    /// Worker processes, where the trial leaves it open.
    pub(crate) fn workers(&self) -> usize {
        self.workers.unwrap_or(self.scale.pick(2, 8))
    }

    /// The window in which the providers count.
    pub(crate) fn window(&self) -> Duration {
        self.window.unwrap_or(self.scale.pick(Duration::from_secs(6), Duration::from_mins(1)))
    }
}

pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Command> {
    let mut arguments = arguments.peekable();
    let mut trials = Vec::new();
    let mut options = Options {
        scale: Scale::Full,
        workers: None,
        window: None,
        slots: 64,
        programs: beside_us()?,
        llmock: None,
        llmock_rpm: 600,
        aimock: None,
        s3: None,
        limits: Stating::Limits,
        keep: false,
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" | "help" => return Ok(Command::Help),
            "--quick" => options.scale = Scale::Quick,
            "--unstated" => options.limits = Stating::Nothing,
            "--keep" => options.keep = true,
            "--workers" => options.workers = Some(value()?.parse().context("--workers takes a number")?),
            "--window" => {
                let seconds: u64 = value()?.parse().context("--window takes seconds")?;
                options.window = Some(Duration::from_secs(seconds.max(1)));
            }
            "--slots" => options.slots = value()?.parse().context("--slots takes a number")?,
            "--programs" => options.programs = value()?.into(),
            "--llmock" => options.llmock = Some(value()?.trim_end_matches('/').to_owned()),
            "--llmock-rpm" => options.llmock_rpm = value()?.parse().context("--llmock-rpm takes a number")?,
            "--s3" => options.s3 = Some(value()?.trim_end_matches('/').to_owned()),
            "--aimock" => options.aimock = Some(value()?.trim_end_matches('/').to_owned()),
            "all" => trials.extend(Trial::PROMISES),
            "bench" => trials.extend(Trial::MEASUREMENTS),
            name => match Trial::named(name) {
                Some(trial) => trials.push(trial),
                None => bail!("there is no `{name}` (see --help)"),
            },
        }
    }
    if trials.is_empty() {
        return Ok(Command::Help);
    }
    Ok(Command::Run(trials, Box::new(options)))
}

fn beside_us() -> Result<PathBuf> {
    let program = std::env::current_exe().context("this program does not know where it is")?;
    Ok(program.parent().context("this program lies nowhere")?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Command, read};
    use crate::trials::Trial;

    fn parsed(words: &[&str]) -> anyhow::Result<Command> {
        read(words.iter().map(ToString::to_string))
    }

    #[test]
    fn trials_and_options_are_read() {
        let Ok(Command::Run(trials, options)) = parsed(&["limits", "--quick", "--window", "3", "budget"]) else {
            panic!("a good command line");
        };
        assert_eq!(trials, [Trial::Limits, Trial::Budget]);
        assert_eq!((options.workers(), options.window()), (2, Duration::from_secs(3)));
        let Ok(Command::Run(all, full)) = parsed(&["all"]) else { panic!("a good command line") };
        assert_eq!((all.len(), full.workers()), (7, 8));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(parsed(&["limit"]).expect_err("refused").to_string().contains("`limit`"));
        assert!(parsed(&["limits", "--workers"]).expect_err("refused").to_string().contains("--workers"));
        assert!(matches!(parsed(&[]), Ok(Command::Help)));
    }
}
