//! Published faults: no version in `Cargo.lock` is one that an advisory of `config/advisories.toml` covers.
//!
//! That file holds the facts of the whole `RustSec` database on one day, so that the check needs no network and covers a
//! crate that is added later. `make advisories ADVISORY_DB=<clone of rustsec/advisory-db>` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use semver::{Version, VersionReq};
use serde::Deserialize;

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/advisories.toml");

/// The head of the file.
const HEAD: &str = "\
# Published faults of Rust crates: the facts of every advisory in the RustSec database (CC0-1.0) that was not withdrawn, as
# of `commit`. `cargo test -p stack --test advisories` fails when Cargo.lock holds a version that one of them covers.
#
# A clone of `source` and `make advisories ADVISORY_DB=<that clone>` write this file anew. An advisory that cannot harm here is
# accepted by its id and a reason in `[accepted]` at the end; what is written anew keeps that table.
";

#[derive(Default, Deserialize)]
struct Snapshot {
    advisories: Vec<Advisory>,
    #[serde(default)]
    accepted: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Advisory {
    id: String,
    #[serde(rename = "crate")]
    package: String,
    /// Versions without the fault: mended ones and ones that never had it.
    #[serde(default)]
    good: Vec<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
}

impl Advisory {
    fn covers(&self, name: &str, version: &str) -> bool {
        if self.package != name {
            return false;
        }
        let version = Version::parse(version).expect("is a version");
        let is_good = |text: &String| {
            let good = VersionReq::parse(text).unwrap_or_else(|error| panic!("{}: {text:?}: {error}", self.id));
            good.matches(&version)
        };
        !self.good.iter().any(is_good)
    }
}

fn snapshot() -> Snapshot {
    toml::from_str(&std::fs::read_to_string(SNAPSHOT).expect("is readable"))
        .expect("config/advisories.toml is TOML of ours")
}

/// The crates that others published; ours may share a name with one of those.
fn locked() -> Vec<Locked> {
    let lock: Lock = toml::from_str(include_str!("../../../Cargo.lock")).expect("Cargo.lock is TOML");
    lock.package.into_iter().filter(|it| it.source.is_some()).collect()
}

#[test]
fn no_locked_version_has_an_open_advisory() {
    let (snapshot, locked) = (snapshot(), locked());
    assert!(snapshot.advisories.len() > 1_000 && locked.len() > 100, "the files are not whole");
    let open: Vec<String> = locked
        .iter()
        .flat_map(|it| {
            snapshot
                .advisories
                .iter()
                .filter(|advisory| advisory.covers(&it.name, &it.version))
                .map(move |advisory| (it, advisory))
        })
        .filter(|(_, advisory)| !snapshot.accepted.contains_key(&advisory.id))
        .map(|(it, advisory)| {
            format!(
                "{} {}: https://rustsec.org/advisories/{} (good: {:?})",
                it.name, it.version, advisory.id, advisory.good
            )
        })
        .collect();
    assert!(open.is_empty(), "open advisories; update, replace or drop the crate: {open:#?}");
}

#[test]
fn what_is_accepted_is_needed() {
    let (snapshot, locked) = (snapshot(), locked());
    for (id, reason) in &snapshot.accepted {
        let advisory =
            snapshot.advisories.iter().find(|it| it.id == *id).unwrap_or_else(|| panic!("{id} is not there"));
        assert!(!reason.is_empty(), "{id} is accepted without a reason");
        let needed = locked.iter().any(|it| advisory.covers(&it.name, &it.version));
        assert!(needed, "{id} covers no locked version any more: remove it from [accepted]");
    }
}

#[test]
fn a_version_is_held_against_its_own_crate_and_range() {
    let advisory = Advisory {
        id: "X".to_owned(),
        package: "one".to_owned(),
        good: vec![">= 2.0.3".to_owned(), "< 1.4".to_owned()],
    };
    let covers = |name: &str, version: &str| advisory.covers(name, version);
    assert!(covers("one", "1.4.0") && covers("one", "2.0.2"));
    assert!(!covers("one", "2.0.3") && !covers("one", "1.3.9") && !covers("two", "1.4.0"));
    let never_mended = Advisory { good: Vec::new(), ..advisory };
    assert!(never_mended.covers("one", "9.0.0"));
}

/// Writes the snapshot anew; see the head of this file.
#[test]
#[ignore = "needs a clone of rustsec/advisory-db"]
#[expect(clippy::disallowed_methods, reason = "the folder of a clone is no setting of the programs")]
fn the_snapshot_is_written_anew() {
    let clone = PathBuf::from(std::env::var_os("ADVISORY_DB").expect("ADVISORY_DB names a clone"));
    let mut advisories: Vec<Advisory> = folders(&clone.join("crates"))
        .iter()
        .flat_map(|package| folders(package))
        .filter_map(|file| advisory(&std::fs::read_to_string(&file).expect("is readable")))
        .collect();
    advisories.sort();
    let ids: BTreeSet<&String> = advisories.iter().map(|it| &it.id).collect();
    assert_eq!(ids.len(), advisories.len(), "an id is there twice");

    let commit = Command::new("git").arg("-C").arg(&clone).args(["log", "-1", "--format=%H %cs"]).output();
    let commit = String::from_utf8(commit.expect("git runs").stdout).expect("is text");
    let (commit, date) = commit.trim().split_once(' ').expect("a commit and its date");
    let mut text = HEAD.to_owned();
    let written = write!(
        text,
        "\nsource = \"https://github.com/rustsec/advisory-db\"\ncommit = \"{commit}\"\ndate = \"{date}\"\n\nadvisories = [\n"
    );
    written.expect("a string takes it");
    for Advisory { id, package, good } in &advisories {
        let good: Vec<String> = good.iter().map(|it| format!("\"{it}\"")).collect();
        writeln!(text, "  {{ id = \"{id}\", crate = \"{package}\", good = [{}] }},", good.join(", "))
            .expect("is taken");
    }
    text.push_str("]\n\n[accepted]\n");
    let before = if Path::new(SNAPSHOT).exists() { snapshot().accepted } else { BTreeMap::new() };
    for (id, reason) in before {
        writeln!(text, "{id} = {reason:?}").expect("is taken");
    }
    std::fs::write(SNAPSHOT, text).expect("is written");
}

fn folders(path: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(path).expect("is a folder").map(|it| it.expect("is readable").path()).collect()
}

/// The facts of one file of the database; `None` for an advisory that was withdrawn.
fn advisory(file: &str) -> Option<Advisory> {
    #[derive(Deserialize)]
    struct File {
        advisory: Facts,
        #[serde(default)]
        versions: Versions,
    }
    #[derive(Deserialize)]
    struct Facts {
        id: String,
        package: String,
        withdrawn: Option<String>,
    }
    #[derive(Default, Deserialize)]
    struct Versions {
        #[serde(default)]
        patched: Vec<String>,
        #[serde(default)]
        unaffected: Vec<String>,
    }
    let (_, rest) = file.split_once("```toml\n").expect("a block of TOML");
    let (block, _) = rest.split_once("```").expect("its end");
    let File { advisory, versions } = toml::from_str(block).expect("is TOML");
    let good = [versions.patched, versions.unaffected].concat();
    advisory.withdrawn.is_none().then_some(Advisory { id: advisory.id, package: advisory.package, good })
}
