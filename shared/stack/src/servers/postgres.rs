//! A private Postgres: made once by `initdb`, then started from the same data again and again.
//!
//! It listens on 127.0.0.1 only, at a free port, and lets in one role by a generated password that
//! lies in the state folder. That role owns its database and is no superuser; the superuser that
//! `initdb` makes has no password, so that nobody can log in as it. There is no Unix socket: its
//! path could get too long, and it would be one more thing to clean up.

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
use crate::secret;
use crate::state::{State, write_private};
use crate::{port, terminal::say};

/// Database of the application.
const DATABASE: &str = "broadside";
/// Role of the application. Not `broadside`: data of an earlier version has a superuser of that name.
const ROLE: &str = "broadside_app";
/// Superuser of new data.
const SUPERUSER: &str = "postgres";
/// File with the role's password, in the state folder. Without it the role is made anew at the next start.
const PASSWORD: &str = "database.password";
/// File with the superuser's password that an earlier version left.
const OLD_PASSWORD: &str = "postgres.password";
/// Statements, each a line, that make the role and give it the database and what is in it; any number of times.
const GIVE_DATABASE: &str = include_str!("give_database.sql");

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
        let known = state.existing_secret(PASSWORD)?.filter(|_| version.is_some());
        let is_known = known.is_some();
        let password = known.map_or_else(secret::random, Ok)?;
        let server = Self { programs, data, account: place.account, port: port::free()?, password, durability };
        if version.is_none() {
            server.make_data().await?;
        } else if !is_known {
            DataDirectory(server.data.clone()).clear_leftovers().await?;
            server.give_database(&server.data).await?;
        }
        if !is_known {
            write_private(&state.root().join(PASSWORD), &server.password)?;
            let _ = std::fs::remove_file(state.root().join(OLD_PASSWORD));
        }
        Ok(server)
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn url(&self) -> String {
        format!("postgres://{ROLE}:{}@127.0.0.1:{}/{DATABASE}", self.password, self.port)
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
        part.ready = Ready::Postgres { port: self.port, user: ROLE.into() };
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
        // initdb asks for one; it is taken away again below.
        write_private(&password_file, &secret::random()?)?;
        if let Some(account) = &self.account {
            account.own(&password_file)?;
        }
        let made = self.initdb(&fresh, &password_file).await;
        let _ = std::fs::remove_file(&password_file);
        made?;
        self.statements(&fresh, "postgres", &[format!("CREATE DATABASE {DATABASE}")]).await?;
        self.give_database(&fresh).await?;
        std::fs::rename(&fresh, &self.data).with_context(|| format!("cannot make {}", self.data.display()))
    }

    async fn initdb(&self, fresh: &Path, password_file: &Path) -> anyhow::Result<()> {
        let mut initdb = self.tool("initdb")?;
        initdb.arg("-D").arg(fresh).arg("--pwfile").arg(password_file);
        initdb.args(["-U", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]);
        initdb.arg(if self.durability == Durability::Kept { "--data-checksums" } else { "--no-sync" });
        succeeded("initdb", &initdb.output().await.context("cannot start initdb")?)
    }

    /// Makes the application's role, or gives it another password, and hands it the database with all that is in it.
    async fn give_database(&self, data: &Path) -> anyhow::Result<()> {
        // Tests and the demonstration make databases of their own.
        let further = if self.durability == Durability::Throwaway { "CREATEDB" } else { "NOCREATEDB" };
        let filled = GIVE_DATABASE
            .replace("{database}", DATABASE)
            .replace("{role}", ROLE)
            .replace("{password}", &self.password)
            .replace("{further}", further);
        let lines: Vec<String> =
            filled.lines().filter(|it| !it.starts_with("--") && !it.is_empty()).map(str::to_owned).collect();
        self.statements(data, DATABASE, &lines).await
    }

    /// Runs statements as the superuser, in single-user mode: needs no client program, no running server and no password.
    async fn statements(&self, data: &Path, database: &str, statements: &[String]) -> anyhow::Result<()> {
        let mut single = self.tool("postgres")?;
        single.arg("--single").arg("-D").arg(data).arg(database);
        let mut child = single.stdin(Stdio::piped()).spawn().context("cannot start postgres")?;
        if let Some(mut input) = child.stdin.take() {
            for statement in statements {
                input.write_all(format!("{statement}\n").as_bytes()).await?;
            }
        }
        succeeded("preparing the database", &child.wait_with_output().await?)
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
