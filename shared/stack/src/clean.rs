//! Removes what a stack left in its state folder: data, media, logs, secrets.
//!
//! Only names that a stack makes are removed, so that a state folder that was pointed at a folder
//! with other things in it keeps those.

use std::path::Path;

use anyhow::Context;

use crate::servers::placement;
use crate::state::State;
use crate::terminal::say;

const FOLDERS: [&str; 6] = ["media", "images", "log", "run", "demo", "test"];
const FILES: [&str; 5] = ["database.password", "postgres.password", "secret_key", "demo.lock", "lock"];

/// Refused while a stack runs from the folder.
pub fn clean(root: &Path) -> anyhow::Result<u8> {
    if !root.exists() {
        say(format_args!("{} is clean: it does not exist", root.display()));
        return Ok(0);
    }
    let state = State::open(root)?;
    // These have folders of their own for Postgres, which may lie elsewhere.
    let nested = ["demo".into(), "test".into()];
    for folder in nested.iter().map(|it: &String| state.root().join(it)) {
        for inner in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            placement::remove(&inner.path())?;
        }
        placement::remove(&folder)?;
    }
    placement::remove(state.root())?;
    for folder in FOLDERS.map(|it| state.root().join(it)).into_iter().filter(|it| it.exists()) {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    for file in FILES {
        let _ = std::fs::remove_file(state.root().join(file));
    }
    let _ = std::fs::remove_dir(state.root());
    say(format_args!("{} is clean", root.display()));
    Ok(0)
}
