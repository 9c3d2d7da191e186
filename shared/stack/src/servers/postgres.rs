//! A private Postgres: made once by `initdb`, then started from the same data again and again.
//!
//! It listens on 127.0.0.1 only, at a free port, and lets in one user by a generated password that
//! lies in the state folder. There is no Unix socket: its path could get too long, and it would be
//! one more thing to clean up.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use nix::sys::signal::Signal;
use tokio::io::AsyncWriteExt;

use super::Durability;
use super::account::Account;
use super::leftovers::DataDirectory;
use super::{find, placement};
use crate::part::{Part, Stop, command};
use crate::ready::Ready;
use crate::state::{State, write_private};
use crate::{port, terminal::say};

const NAME: &str = "broadside";
const PASSWORD: &str = "postgres.password";

/// A server that is ready to be started.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    data: PathBuf,
    account: Option<Account>,
    port: u16,
    password: String,
    durability: Durability,
}

impl Postgres {
    /// Finds the programs, and makes the data folder at the first start.
    pub async fn prepare(state: &State, durability: Durability) -> anyhow::Result<Self> {
        let place = placement::place(state).await?;
        let data = place.folder.join("data");
        let version = std::fs::read_to_string(data.join("PG_VERSION")).ok();
        let version = version.as_deref().map(str::trim);
        let Some(programs) = find::postgres(version) else {
            bail!(
                "the data in {} is of Postgres {}, which is not installed: install it, or start anew with `make clean-state`",
                data.display(),
                version.unwrap_or("?")
            );
        };
        let password = match (version, state.existing_secret(PASSWORD)?) {
            (Some(_), None) => bail!(
                "{} is missing, so the data in {} cannot be opened: put it back, or start anew with `make clean-state`",
                state.root().join(PASSWORD).display(),
                data.display()
            ),
            (_, Some(password)) => password,
            (None, None) => state.secret(PASSWORD)?,
        };
        let server = Self { programs, data, account: place.account, port: port::free()?, password, durability };
        if version.is_none() {
            server.make_data().await?;
        }
        Ok(server)
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn url(&self) -> String {
        format!("postgres://{NAME}:{}@127.0.0.1:{}/{NAME}", self.password, self.port)
    }

    pub fn part(&self, state: &State) -> Part {
        let mut part = Part::new(state, "postgres", self.programs.join("postgres"));
        part.arguments = vec!["-D".into(), self.data.clone().into()];
        for setting in self.options() {
            part.arguments.extend(["-c".into(), setting.into()]);
        }
        part.account.clone_from(&self.account);
        part.directory = Some("/".into());
        part.environment.push(("LC_ALL".into(), "C.UTF-8".into()));
        part.ready = Ready::Postgres { port: self.port, user: NAME.into() };
        // Recovery after a crash replays the log; that is worth waiting for.
        part.patience = Duration::from_mins(2);
        // SIGINT is a fast shutdown: sessions are ended, everything is written.
        part.stop = Stop { ask: Signal::SIGINT, grace: Duration::from_secs(30), insist: Signal::SIGQUIT };
        part.data = Some(DataDirectory(self.data.clone()));
        part
    }

    fn options(&self) -> Vec<String> {
        let mut options = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.port),
            "unix_socket_directories=".to_owned(),
            "logging_collector=off".to_owned(),
            "log_destination=stderr".to_owned(),
            // Short statements only; compiling them costs more than it saves.
            "jit=off".to_owned(),
        ];
        let more: &[&str] = match self.durability {
            Durability::Kept => &["max_connections=200", "max_wal_size=2GB"],
            // Commits still reach the system, so that tests can kill the server and find what it had promised.
            Durability::Throwaway => &[
                "max_connections=400",
                "fsync=off",
                "full_page_writes=off",
                "wal_level=minimal",
                "max_wal_senders=0",
                "max_wal_size=4GB",
            ],
        };
        options.extend(more.iter().map(|&it| it.to_owned()));
        options
    }

    /// Works beside the final place and renames at the end, so that a cut start leaves no half.
    async fn make_data(&self) -> anyhow::Result<()> {
        if self.durability == Durability::Kept {
            say(format_args!("making a Postgres data folder in {}", self.data.display()));
        }
        let fresh = self.data.with_extension("new");
        if fresh.exists() {
            std::fs::remove_dir_all(&fresh).with_context(|| format!("cannot remove {}", fresh.display()))?;
        }
        let password_file = self.data.with_extension("password");
        write_private(&password_file, &self.password)?;
        if let Some(account) = &self.account {
            account.own(&password_file)?;
        }
        let made = self.initdb(&fresh, &password_file).await;
        let _ = std::fs::remove_file(&password_file);
        made?;
        self.create_database(&fresh).await?;
        std::fs::rename(&fresh, &self.data).with_context(|| format!("cannot make {}", self.data.display()))
    }

    async fn initdb(&self, fresh: &Path, password_file: &Path) -> anyhow::Result<()> {
        let mut initdb = self.tool("initdb")?;
        initdb.arg("-D").arg(fresh).arg("--pwfile").arg(password_file);
        initdb.args(["-U", NAME, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]);
        initdb.arg(if self.durability == Durability::Kept { "--data-checksums" } else { "--no-sync" });
        succeeded("initdb", &initdb.output().await.context("cannot start initdb")?)
    }

    /// In single-user mode: needs no client program and no running server.
    async fn create_database(&self, fresh: &Path) -> anyhow::Result<()> {
        let mut single = self.tool("postgres")?;
        single.arg("--single").arg("-D").arg(fresh).arg("postgres");
        let mut child = single.stdin(Stdio::piped()).spawn().context("cannot start postgres")?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(format!("CREATE DATABASE {NAME};\n").as_bytes()).await?;
        }
        succeeded("CREATE DATABASE", &child.wait_with_output().await?)
    }

    fn tool(&self, name: &str) -> anyhow::Result<tokio::process::Command> {
        let mut tool = command(&self.programs.join(name), self.account.as_ref(), Some(Signal::SIGTERM))?;
        tool.current_dir("/").env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        tool.stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(tool)
    }
}

fn succeeded(what: &str, output: &Output) -> anyhow::Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    // Single-user mode answers a failed statement with a line and still ends well.
    let failed =
        !output.status.success() || said.lines().any(|line| line.contains("ERROR:") || line.contains("FATAL:"));
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    ensure!(!failed, "{what} failed: {}", lines[lines.len().saturating_sub(3)..].join(" | "));
    Ok(())
}
