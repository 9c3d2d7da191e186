//! The state folder: everything that outlives a start, and what tells others where the parts are.
//!
//! ```text
//! STATE_DIR/
//!   lock                 held while a stack runs from here; holds its process id
//!   postgres/            data of the private Postgres (or postgres.location, see servers::placement)
//!   database.password    secrets, readable by their owner only
//!   secret_key
//!   media/               generated images
//!   log/<part>.log       output of each part; the start before it as <part>.log.1
//!   run/<part>.pid       process ids, while the parts run
//!   run/env              addresses of the servers as shell assignments
//!   run/*.toml           copies of the files that settings name
//! ```
//!
//! Only its owner may enter it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use nix::unistd::geteuid;

use crate::secret;

/// Refuses to open a link (`O_NOFOLLOW` of Linux on the machines that we build for).
const O_NOFOLLOW: i32 = nix::libc::O_NOFOLLOW;

/// Every name that a stack makes in its state folder.
pub(crate) const MADE_HERE: [&str; 14] = [
    "database.password",
    "demo",
    "demo.lock",
    "images",
    "lock",
    "log",
    "media",
    "postgres",
    "postgres.location",
    "postgres.password",
    "run",
    "secret_key",
    "state_dir",
    "test",
];

/// A state folder that this process holds the lock of.
#[derive(Debug)]
pub struct State {
    root: PathBuf,
    lock: File,
}

impl State {
    /// Makes the folder when it is missing and locks it; a folder in use is refused.
    pub fn open(root: &Path) -> anyhow::Result<Self> {
        let mut builder = std::fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(root);
        made.with_context(|| format!("cannot make the state folder {}", root.display()))?;
        let root = root.canonicalize().with_context(|| format!("cannot enter {}", root.display()))?;
        close_to_others(&root)?;
        let lock = take_lock(&root)?;
        for folder in ["log", "run"] {
            private_folder(&root.join(folder))?;
        }
        Ok(Self { root, lock })
    }

    /// Absolute and free of links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn log(&self, part: &str) -> PathBuf {
        self.root.join("log").join(format!("{part}.log"))
    }

    pub fn pid_file(&self, part: &str) -> PathBuf {
        self.root.join("run").join(format!("{part}.pid"))
    }

    /// A secret of 256 random bits, made at the first call.
    pub fn secret(&self, name: &str) -> anyhow::Result<String> {
        if let Some(secret) = self.existing_secret(name)? {
            return Ok(secret);
        }
        let secret = secret::random()?;
        write_private(&self.root.join(name), &secret)?;
        Ok(secret)
    }

    pub fn existing_secret(&self, name: &str) -> anyhow::Result<Option<String>> {
        let path = self.root.join(name);
        match std::fs::read_to_string(&path) {
            Ok(secret) if secret.trim().is_empty() => Ok(None),
            Ok(secret) => Ok(Some(secret.trim().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Writes `run/env`: where the servers are, for shells (`. .local/run/env`).
    pub fn write_addresses(&self, addresses: &[(&str, &str)]) -> anyhow::Result<()> {
        let quoted = |value: &str| format!("'{}'", value.replace('\'', r"'\''"));
        let lines: Vec<String> = addresses.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
        write_private(&self.root.join("run/env"), &(lines.join("\n") + "\n"))
    }

    pub fn forget_addresses(&self) {
        let _ = std::fs::remove_file(self.root.join("run/env"));
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // Closing it is not enough while a process that was just begun still holds its copy. Closed it is in any case.
        let _ = self.lock.unlock();
    }
}

/// Replaces a file by one that only its owner can read; never leaves half a file.
pub fn write_private(path: &Path, content: &str) -> anyhow::Result<()> {
    let temporary = path.with_extension("new");
    let written = (|| {
        let _ = std::fs::remove_file(&temporary);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    })();
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// Makes a folder that only its owner can enter, unless it exists.
pub fn private_folder(path: &Path) -> anyhow::Result<()> {
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("cannot make {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Takes a state folder's rights from all but its owner. One that others may write is refused, since they could put links
/// in it; so is one that belongs to somebody else.
fn close_to_others(root: &Path) -> anyhow::Result<()> {
    let found = root.metadata()?;
    let owner = geteuid().as_raw();
    ensure!(
        found.uid() == owner,
        "{} belongs to user {}: start as that user, or choose another folder with STATE_DIR=",
        root.display(),
        found.uid()
    );
    let is_ours = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| MADE_HERE.iter().any(|name| *name == entry.file_name()))
    };
    if std::fs::read_dir(root)?.all(is_ours) {
        std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o700))?;
        return Ok(());
    }
    ensure!(
        found.mode() & 0o022 == 0,
        "{} holds other things and others may write it: choose a folder of its own with STATE_DIR=",
        root.display()
    );
    Ok(())
}

/// The lock belongs to the open file, so that the system frees it however this process ends.
fn take_lock(root: &Path) -> anyhow::Result<File> {
    let path = root.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(O_NOFOLLOW)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    if file.try_lock().is_err() {
        let mut holder = String::new();
        let _ = file.read_to_string(&mut holder);
        bail!(
            "a stack already runs from {} (process {}): stop it, or choose another folder with STATE_DIR=",
            root.display(),
            holder.trim()
        );
    }
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("broadside-state-{name}-{}", std::process::id()))
    }

    #[test]
    fn a_second_stack_is_refused_and_told_who_holds_the_folder() {
        let path = folder("lock");
        let first = State::open(&path).expect("opens");
        let error = State::open(&path).expect_err("is held").to_string();
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        drop(first);
        State::open(&path).expect("opens again");
        std::fs::remove_dir_all(path).expect("is removed");
    }

    #[test]
    fn secrets_stay_and_are_private() {
        let path = folder("secret");
        let state = State::open(&path).expect("opens");
        let secret = state.secret("secret_key").expect("is made");
        assert!(secret.len() >= 43);
        assert_eq!(state.secret("secret_key").expect("is read"), secret);
        let mode = std::fs::metadata(path.join("secret_key")).expect("exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::remove_dir_all(path).expect("is removed");
    }

    #[test]
    fn only_its_owner_enters_a_state_folder_and_a_link_is_no_lock() {
        let path = folder("rights");
        std::fs::DirBuilder::new().mode(0o755).create(&path).expect("is made");
        drop(State::open(&path).expect("opens"));
        let mode = |path: &Path| path.metadata().expect("exists").permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);

        std::fs::remove_file(path.join("lock")).expect("is removed");
        std::fs::write(path.join("secret_key"), "kept").expect("is written");
        std::os::unix::fs::symlink(path.join("secret_key"), path.join("lock")).expect("is made");
        State::open(&path).expect_err("it would write through the link");
        assert_eq!(std::fs::read_to_string(path.join("secret_key")).expect("is there"), "kept");

        std::fs::remove_file(path.join("lock")).expect("is removed");
        std::fs::write(path.join("something else"), "").expect("is written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).expect("may be written");
        let error = State::open(&path).expect_err("anybody may write it").to_string();
        assert!(error.contains("others may write it"), "{error}");
        assert!(!path.join("lock").exists());
        std::fs::remove_dir_all(path).expect("is removed");
    }

    #[test]
    fn addresses_are_quoted_for_a_shell() {
        let path = folder("env");
        let state = State::open(&path).expect("opens");
        state.write_addresses(&[("DATABASE_URL", "postgres://a:it's@h/db?x=1&y=$Z")]).expect("writes");
        let shell = std::process::Command::new("sh")
            .args(["-c", ". \"$1\"; printf %s \"$DATABASE_URL\"", "sh"])
            .arg(path.join("run/env"))
            .output()
            .expect("sh runs");
        assert_eq!(String::from_utf8_lossy(&shell.stdout), "postgres://a:it's@h/db?x=1&y=$Z");
        std::fs::remove_dir_all(path).expect("is removed");
    }
}
