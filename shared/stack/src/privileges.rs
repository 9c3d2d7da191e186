//! Nothing runs as root: started as root, we go on as another account, with everything that we start.
//!
//! As root we only install missing servers, make the state folder and give it to the account, and read what that account
//! may not be able to read: `.env` and the files that settings name. Then this program is executed once more as the
//! account, with the settings on its standard input, never in its environment. From there on a start by root is
//! like one by an ordinary user.
//!
//! The account is the owner of the state folder where that is not root; else `broadside`, where there is one, or `nobody`. It
//! is not `postgres`, to which a Postgres of the machine's own may give everything. A state folder that the account cannot
//! reach, as below `/root`, becomes a link to one under `/var/lib/broadside`; programs that it cannot execute are copied there.

use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use nix::unistd::{User, geteuid};
use rand::RngExt;

use crate::assembly::Programs;
use crate::servers::account::Account;
use crate::servers::find;
use crate::servers::placement::{ELSEWHERE, RECORD};
use crate::settings::{Environment, Settings};
use crate::state::MADE_HERE;
use crate::terminal::say;

/// In the environment of a program whose settings come on its standard input.
const HANDED_OVER: &str = "BROADSIDE_STACK_SETTINGS";

/// Reads the settings: those that were handed over by a start as root, else those of this process.
pub fn environment() -> anyhow::Result<Environment> {
    let environment = Environment::of_process();
    if environment.get(HANDED_OVER).is_none() {
        return environment.read_files();
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read the settings on standard input")?;
    serde_json::from_str(&text).context("the settings on standard input are not ours")
}

/// Tells whether this process has rights that it should give up.
pub fn is_root() -> bool {
    geteuid().is_root()
}

/// Executes this program again as an unprivileged account; comes back only with an error, or after `clean`, with its code.
pub async fn give_up(settings: &Settings, command: &str) -> anyhow::Result<u8> {
    if command != "clean" {
        let given = |plain, section| settings.environment.setting(plain, section, "url");
        find::install_missing(given("DATABASE_URL", "database")?.is_none(), given("REDIS_URL", "redis")?.is_none())
            .await?;
    }
    let wanted = &settings.state_dir;
    if command == "clean" && !wanted.exists() {
        say(format_args!("{} is clean: it does not exist", wanted.display()));
        return Ok(0);
    }
    let account = account(wanted)?;
    let folder = place(wanted, &account)?;
    let program = executable(&account)?;
    log_folder(settings, &account)?;
    let handed_over = settings.environment.clone().with("STATE_DIR", &folder.display().to_string());
    let mut again = as_account(&account)?;
    again.arg(program).arg(command).env_clear().envs(handed_over.of_the_terminal()).env(HANDED_OVER, "1");
    again.env("HOME", &folder).current_dir(&folder).stdin(input(&handed_over)?);
    if command != "clean" {
        say(format_args!("started as root: everything runs as {account}"));
        return Err(std::os::unix::process::CommandExt::exec(&mut again)).context("cannot go on as another account");
    }
    let status = again.status().context("cannot go on as another account")?;
    if status.success() && wanted.is_symlink() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        std::fs::remove_file(wanted)?;
    }
    Ok(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1))
}

fn account(state_dir: &Path) -> anyhow::Result<Account> {
    if let Ok(folder) = state_dir.metadata()
        && folder.uid() != 0
    {
        return Ok(Account { uid: folder.uid(), gid: folder.gid() });
    }
    for name in ["broadside", "nobody"] {
        if let Some(user) = User::from_name(name).context("cannot read the accounts of this machine")?
            && !user.uid.is_root()
        {
            return Ok(Account { uid: user.uid.as_raw(), gid: user.gid.as_raw() });
        }
    }
    bail!("nothing here runs as root, and there is no account broadside or nobody to run it as: make one")
}

/// Makes a folder for logs that does not exist yet, where one is asked for.
fn log_folder(settings: &Settings, account: &Account) -> anyhow::Result<()> {
    let Some(folder) = settings.environment.setting("LOG_DIR", "log", "dir")? else { return Ok(()) };
    let folder = Path::new(&folder);
    if folder.exists() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    std::fs::DirBuilder::new().mode(0o700).create(folder).with_context(|| format!("LOG_DIR={}", folder.display()))?;
    account.own(folder)
}

/// A command that gives up root for good before it executes what is added to it.
fn as_account(account: &Account) -> anyhow::Result<Command> {
    let setpriv = find::in_path("setpriv")
        .with_context(|| format!("setpriv (Debian package util-linux) is needed to go on as {account}"))?;
    let mut command = Command::new(setpriv);
    command.arg(format!("--reuid={}", account.uid)).arg(format!("--regid={}", account.gid));
    command.args(["--clear-groups", "--no-new-privs", "--inh-caps=-all", "--"]);
    Ok(command)
}

/// Asks the system as the account: the answer depends on every folder above.
fn can(account: &Account, test: &str, path: &Path) -> anyhow::Result<bool> {
    let mut command = as_account(account)?;
    command.arg("test").arg(test).arg(path).current_dir("/").stdin(Stdio::null());
    Ok(command.status().context("cannot run test")?.success())
}

/// The settings as an open file without a name.
fn input(environment: &Environment) -> anyhow::Result<Stdio> {
    let path = private_home()?.join(format!("settings-{:016x}", rand::rng().random::<u64>()));
    let mut file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .context("settings")?;
    std::fs::remove_file(&path)?;
    serde_json::to_writer(&mut file, environment)?;
    file.flush()?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file.into())
}

/// Makes the folder for what cannot stay where it is; only root may write it.
fn private_home() -> anyhow::Result<PathBuf> {
    let home = PathBuf::from(ELSEWHERE);
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&home).context("cannot make /var/lib/broadside")?;
    let found = home.symlink_metadata()?;
    ensure!(found.is_dir() && found.uid() == 0, "{} is not a folder of root's", home.display());
    Ok(home)
}

/// Returns the folder that the account owns and can reach, for the state folder that is wanted; makes what is missing.
fn place(wanted: &Path, account: &Account) -> anyhow::Result<PathBuf> {
    if let Ok(target) = std::fs::read_link(wanted)
        && target.starts_with(ELSEWHERE)
    {
        return linked(wanted, &target, account);
    }
    if let Some(parent) = wanted.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    match std::fs::DirBuilder::new().mode(0o700).create(wanted) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(error).with_context(|| format!("cannot make {}", wanted.display()));
        }
        _ => {}
    }
    let folder = wanted.canonicalize().with_context(|| format!("cannot enter {}", wanted.display()))?;
    if folder.metadata()?.uid() != 0 {
        ensure!(can(account, "-w", &folder)?, "{account}, its owner, cannot enter {}", folder.display());
        return Ok(folder);
    }
    give(&folder, account)?;
    if can(account, "-w", &folder)? {
        return Ok(folder);
    }
    move_away(&folder, account)
}

/// The folder behind a link of ours. A copy of a state folder's link gets a folder of its own.
fn linked(wanted: &Path, target: &Path, account: &Account) -> anyhow::Result<PathBuf> {
    let record = record_of(target);
    let owner = std::fs::read_to_string(&record).unwrap_or_default();
    let owner = Path::new(owner.trim_end());
    let is_copy = owner != wanted && std::fs::read_link(owner).is_ok_and(|it| it == target);
    if is_copy || !target.is_dir() {
        std::fs::remove_file(wanted).with_context(|| format!("cannot replace {}", wanted.display()))?;
        return place(wanted, account);
    }
    std::fs::write(record, format!("{}\n", wanted.display()))?;
    Ok(target.to_owned())
}

/// Beside the folder, where the account cannot write.
fn record_of(folder: &Path) -> PathBuf {
    folder.with_extension(RECORD)
}

/// Gives a state folder of root's, and what a stack made in it, to the account. What else lies in it is not ours to give.
fn give(folder: &Path, account: &Account) -> anyhow::Result<()> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        ensure!(
            MADE_HERE.iter().any(|it| *it == name),
            "{} holds {}, which is no part of a stack: choose a folder of its own with STATE_DIR=",
            folder.display(),
            name.display()
        );
        entries.push(entry.path());
    }
    for entry in &entries {
        give_all(entry, account)?;
    }
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    account.own(folder)
}

/// Without following links. The folder was root's alone until now, so nobody can have put one there meanwhile.
fn give_all(path: &Path, account: &Account) -> anyhow::Result<()> {
    if path.symlink_metadata()?.is_dir() {
        for entry in std::fs::read_dir(path)? {
            give_all(&entry?.path(), account)?;
        }
    }
    std::os::unix::fs::lchown(path, Some(account.uid), Some(account.gid))
        .with_context(|| format!("cannot give {} to {account}", path.display()))
}

/// Moves a state folder to where the account can reach it and leaves a link.
fn move_away(folder: &Path, account: &Account) -> anyhow::Result<PathBuf> {
    let target = private_home()?.join(format!("{:016x}", rand::rng().random::<u64>()));
    std::fs::DirBuilder::new().mode(0o700).create(&target)?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // Another file system, perhaps.
        let moved = Command::new("mv").arg("--").arg(entry.path()).arg(&target).status().context("cannot run mv")?;
        ensure!(moved.success(), "cannot move {} to {}", entry.path().display(), target.display());
    }
    // Where an earlier version put the data of Postgres for the same reason.
    let marker = target.join("postgres.location");
    if let Ok(data) = std::fs::read_to_string(&marker) {
        let data = Path::new(data.trim());
        if data.starts_with(ELSEWHERE) && data.is_dir() {
            std::fs::rename(data, target.join("postgres"))?;
            let _ = std::fs::remove_file(target.join("postgres/state_dir"));
            give_all(&target.join("postgres"), account)?;
        }
        std::fs::remove_file(&marker)?;
    }
    account.own(&target)?;
    std::fs::write(record_of(&target), format!("{}\n", folder.display()))?;
    std::fs::remove_dir(folder)?;
    std::os::unix::fs::symlink(&target, folder)?;
    say(format_args!("{account} cannot enter {}: its content lies in {}", folder.display(), target.display()));
    Ok(target)
}

/// Returns this program where the account can execute it, with the others beside it: a copy of all, when it must be.
fn executable(account: &Account) -> anyhow::Result<PathBuf> {
    let us = std::env::current_exe().context("cannot tell where this program lies")?;
    if can(account, "-x", &us)? {
        return Ok(us);
    }
    let name = us.file_name().context("this program has no name")?;
    let build = us.metadata()?;
    // The same build has the same folder.
    let folder = private_home()?.join(format!("programs-{}-{}", build.dev(), build.ino()));
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&folder)?;
    let programs = Programs::beside_us()?;
    for program in [&us, &programs.api, &programs.worker, &programs.simulator] {
        let target = folder.join(program.file_name().unwrap_or_default());
        let fresh = target.with_extension("new");
        std::fs::copy(program, &fresh).with_context(|| format!("cannot copy {}", program.display()))?;
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o755))?;
        // Renamed: a copy that runs cannot be written.
        std::fs::rename(fresh, target)?;
    }
    ensure!(can(account, "-x", &folder.join(name))?, "{account} cannot execute programs in {}", folder.display());
    Ok(folder.join(name))
}
