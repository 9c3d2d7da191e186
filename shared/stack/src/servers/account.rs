//! As whom servers run that are started by root: those of tests. Postgres refuses to run as root, and neither server needs
//! its rights. A whole stack gives them up before it starts anything (see [`crate::privileges`]).

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Context;
use nix::unistd::{Uid, User, geteuid};

/// An account of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// None unless we are root: then servers run as ourselves. Data that exists stays its owner's;
    /// otherwise Debian's own account for Postgres is taken, and `nobody` where that is missing.
    pub fn for_servers(existing_data: Option<&Path>) -> anyhow::Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        if let Some(data) = existing_data.and_then(|path| path.metadata().ok())
            && data.uid() != 0
        {
            return Ok(Some(Self { uid: data.uid(), gid: data.gid() }));
        }
        for name in ["postgres", "nobody"] {
            if let Some(user) = User::from_name(name).context("cannot read the accounts of this machine")? {
                return Ok(Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }));
            }
        }
        anyhow::bail!("Postgres cannot run as root, and there is no account postgres or nobody to run it as")
    }

    /// Gives a file or folder to this account.
    pub fn own(&self, path: &Path) -> anyhow::Result<()> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
            .with_context(|| format!("cannot give {} to {self}", path.display()))
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match User::from_uid(Uid::from_raw(self.uid)) {
            Ok(Some(user)) => write!(f, "user {}", user.name),
            _ => write!(f, "user {}", self.uid),
        }
    }
}
