//! A part: a program to run, as whom, with what, where its output goes and how it is stopped.
//!
//! Each part gets a process group of its own, so that Ctrl-C at the terminal reaches only us and
//! the order of stopping stays ours. Where `setpriv` is there (it is part of every Debian), the
//! system also signals the part when we die without having stopped it.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::ready::Ready;
use crate::servers::account::Account;
use crate::servers::leftovers::DataDirectory;
use crate::state::{State, write_private};

/// A variable in the environment of every part, by which a later start knows what an earlier one left behind.
pub const MARK: &str = "BROADSIDE_STACK_PART";

/// Where a part finds programs of the system, unless it is told otherwise.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The value of [`MARK`] for a part that runs from a state folder.
pub fn mark(name: &str, state_root: &Path) -> String {
    format!("{name} {}", state_root.display())
}

/// How to ask a part to end, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    pub ask: Signal,
    pub grace: Duration,
    /// Sent after the grace; the system's own end comes after that.
    pub insist: Signal,
}

impl Stop {
    pub const fn terminate_within(grace: Duration) -> Self {
        Self { ask: Signal::SIGTERM, grace, insist: Signal::SIGKILL }
    }
}

/// What is needed to start a part, once or again.
#[derive(Clone, Debug)]
pub struct Part {
    pub name: String,
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// All that the program sees: nothing of our own environment is inherited.
    pub environment: Vec<(String, String)>,
    /// Written to the program's standard input: how secrets get in without showing in a process list.
    pub input: Option<String>,
    /// Another account to run as; only when we are root.
    pub account: Option<Account>,
    pub directory: Option<PathBuf>,
    pub ready: Ready,
    /// How long it may take from its start until it is ready.
    pub patience: Duration,
    pub stop: Stop,
    /// A database folder that must be free of processes of an earlier start.
    pub data: Option<DataDirectory>,
    pub log: PathBuf,
    pub pid_file: PathBuf,
}

impl Part {
    pub fn new(state: &State, name: &str, program: impl Into<PathBuf>) -> Self {
        Self {
            name: name.to_owned(),
            program: program.into(),
            arguments: Vec::new(),
            environment: vec![(MARK.to_owned(), mark(name, state.root())), ("PATH".to_owned(), PATH.to_owned())],
            input: None,
            account: None,
            directory: None,
            ready: Ready::Started,
            patience: Duration::from_mins(1),
            stop: Stop::terminate_within(Duration::from_secs(10)),
            data: None,
            log: state.log(name),
            pid_file: state.pid_file(name),
        }
    }

    /// Keeps the log of the start before as `<log>.1` and begins a new one.
    pub fn rotate_log(&self) {
        let mut previous = self.log.clone().into_os_string();
        previous.push(".1");
        let _ = std::fs::rename(&self.log, previous);
    }

    /// Starts the program once and records its process id.
    pub async fn spawn(&self) -> anyhow::Result<Child> {
        if let Some(data) = &self.data {
            data.clear_leftovers().await?;
        }
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.log)
            .with_context(|| format!("cannot write {}", self.log.display()))?;
        let mut command = command(&self.program, self.account.as_ref(), Some(self.stop.ask))?;
        command.args(&self.arguments);
        command
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        let mut child = command.spawn().with_context(|| format!("cannot start {}", self.program.display()))?;
        if let (Some(input), Some(mut pipe)) = (&self.input, child.stdin.take()) {
            // A program that ended already shows why in its log; that tells more than a broken pipe.
            let _ = pipe.write_all(input.as_bytes()).await;
        }
        if let Some(pid) = child.id() {
            write_private(&self.pid_file, &format!("{pid}\n"))?;
        }
        Ok(child)
    }

    /// The last lines that the part wrote, each indented.
    pub fn last_words(&self, lines: usize) -> String {
        let content = std::fs::read(&self.log).unwrap_or_default();
        let content = String::from_utf8_lossy(&content);
        let all: Vec<&str> = content.lines().filter(|line| !line.trim().is_empty()).collect();
        let mut words = String::new();
        for line in &all[all.len().saturating_sub(lines)..] {
            words.push_str("\n    ");
            words.push_str(line);
        }
        words
    }
}

/// A command that runs as `account` and is signalled when we die.
pub fn command(program: &Path, account: Option<&Account>, when_we_die: Option<Signal>) -> anyhow::Result<Command> {
    let Some(setpriv) = setpriv() else {
        if let Some(account) = account {
            bail!("setpriv (Debian package util-linux) is needed to run {} as {account}", program.display());
        }
        return Ok(Command::new(program));
    };
    let mut command = Command::new(setpriv);
    if let Some(account) = account {
        command.arg(format!("--reuid={}", account.uid)).arg(format!("--regid={}", account.gid)).arg("--clear-groups");
    }
    if let Some(signal) = when_we_die {
        command.arg("--pdeathsig").arg(signal.as_str().trim_start_matches("SIG"));
    }
    command.arg("--").arg(program);
    Ok(command)
}

/// The path of a `setpriv` that knows the signal on the parent's death.
fn setpriv() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            let path = crate::servers::find::in_path("setpriv")?;
            let works = std::process::Command::new(&path)
                .args(["--pdeathsig", "TERM", "--", "true"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            works.is_ok_and(|it| it.success()).then_some(path)
        })
        .as_deref()
}
