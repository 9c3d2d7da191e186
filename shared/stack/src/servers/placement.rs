//! Where the data of Postgres lies.
//!
//! In the state folder, as long as the account that Postgres runs as can enter it. When we are root,
//! as with the servers of tests, that account may not go where the state folder is; the data lies
//! under `/var/lib/broadside` then and a file `postgres.location` in the state folder says where.
//! The folder there names the state folder that it belongs to, so that a copy of a state folder
//! never shares data with its original.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use rand::RngExt;

use super::account::Account;
use crate::part::command;
use crate::state::{State, private_folder, write_private};

const MARKER: &str = "postgres.location";
/// Folder for what cannot stay in a state folder; only root may write it.
pub(crate) const ELSEWHERE: &str = "/var/lib/broadside";
/// Ending of a file that names the state folder whose content lies in the folder of the same name beside it.
pub(crate) const RECORD: &str = "state_dir";

/// A folder that the account owns and can reach.
#[derive(Debug)]
pub struct Place {
    pub folder: PathBuf,
    pub account: Option<Account>,
}

/// Finds the folder of an earlier start, or makes one.
pub async fn place(state: &State) -> anyhow::Result<Place> {
    let inside = state.root().join("postgres");
    if let Some(folder) = recorded(state.root())? {
        let account = Account::for_servers(Some(&folder))?;
        return Ok(Place { folder, account });
    }
    let account = Account::for_servers(inside.exists().then_some(inside.as_path()))?;
    private_folder(&inside)?;
    let Some(account) = account else {
        let (owner, us) = (inside.metadata()?.uid(), nix::unistd::geteuid().as_raw());
        if owner != us {
            bail!("{} belongs to user {owner}: start as that user (or as root) again", inside.display());
        }
        return Ok(Place { folder: inside, account: None });
    };
    account.own(&inside)?;
    if can_use(&account, &inside).await? {
        return Ok(Place { folder: inside, account: Some(account) });
    }
    std::fs::remove_dir(&inside).with_context(|| format!("{account} cannot enter {}", inside.display()))?;
    let folder = elsewhere(state.root(), &account)?;
    Ok(Place { folder, account: Some(account) })
}

/// Removes the data of a state folder, wherever it lies.
pub fn remove(root: &Path) -> anyhow::Result<()> {
    let folders = recorded(root)?.into_iter().chain([root.join("postgres")]);
    for folder in folders.filter(|it| it.exists()) {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let _ = std::fs::remove_file(root.join(MARKER));
    Ok(())
}

/// The place outside that this state folder, and no copy of it, made earlier.
fn recorded(root: &Path) -> anyhow::Result<Option<PathBuf>> {
    let marker = root.join(MARKER);
    let recorded = match std::fs::read_to_string(&marker) {
        Ok(text) => PathBuf::from(text.trim()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", marker.display())),
    };
    let Ok(owner) = std::fs::read_to_string(recorded.join("state_dir")) else { return Ok(None) };
    let owner = Path::new(owner.trim_end());
    if !recorded.starts_with(ELSEWHERE) || (owner != root && owner.join(MARKER).exists()) {
        return Ok(None);
    }
    if owner != root {
        // The state folder was moved, not copied: the data goes with it.
        write_private(&recorded.join("state_dir"), &format!("{}\n", root.display()))?;
    }
    Ok(Some(recorded))
}

fn elsewhere(root: &Path, account: &Account) -> anyhow::Result<PathBuf> {
    let folder = Path::new(ELSEWHERE).join(format!("{:016x}", rand::rng().random::<u64>()));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(ELSEWHERE)
        .context("cannot make /var/lib/broadside")?;
    private_folder(&folder)?;
    account.own(&folder)?;
    write_private(&folder.join("state_dir"), &format!("{}\n", root.display()))?;
    write_private(&root.join(MARKER), &format!("{}\n", folder.display()))?;
    Ok(folder)
}

/// Asks the system, as that account: the answer depends on every folder above.
async fn can_use(account: &Account, folder: &Path) -> anyhow::Result<bool> {
    let status = command(Path::new("test"), Some(account), None)?
        .arg("-w")
        .arg(folder)
        .current_dir("/")
        .stdin(Stdio::null())
        .status()
        .await
        .context("cannot run test")?;
    Ok(status.success())
}
