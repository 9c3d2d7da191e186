//! The demonstration's folder: empty at the start, pictures and logs in it in the end.

use std::path::Path;

use anyhow::{Context, bail};

use crate::orphans;
use crate::servers::placement;
use crate::state::State;

/// Opens the folder and removes what the demonstration before left. A folder that no stack made is left alone.
pub(super) async fn open_empty(path: &Path) -> anyhow::Result<State> {
    let foreign = !path.join("lock").exists() && path.read_dir().is_ok_and(|mut it| it.next().is_some());
    if foreign {
        bail!("{} holds something that is no demo: choose another folder with STATE_DIR=", path.display());
    }
    let state = State::open(path)?;
    orphans::end(&state).await?;
    placement::remove(state.root())?;
    for name in ["images", "media", "log", "run"] {
        let folder = state.root().join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
    }
    for name in ["database.password", "postgres.password"] {
        let _ = std::fs::remove_file(state.root().join(name));
    }
    for name in ["images", "log", "run"] {
        crate::state::private_folder(&state.root().join(name))?;
    }
    Ok(state)
}
