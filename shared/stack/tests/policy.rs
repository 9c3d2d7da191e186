//! The dependency policy of `deny.toml`, checked over what cargo resolves: licences, banned crates, sources and second
//! versions. It needs no program beside cargo and no network beside the registry's.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

const TARGET: &str = "x86_64-unknown-linux-gnu";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Policy {
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licences {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
    skip: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Ban {
    name: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

fn policy() -> Policy {
    toml::from_str(include_str!("../../../deny.toml")).expect("deny.toml is a policy")
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    metadata.packages
}

/// An SPDX expression: `OR` of `AND` of licences or of expressions in brackets. The old `/` means `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &*words;
    either(&mut rest, allowed) && rest.is_empty()
}

fn either(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut holds = all(words, allowed);
    while let ["OR", rest @ ..] = words {
        *words = rest;
        holds |= all(words, allowed);
    }
    holds
}

fn all(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut holds = one(words, allowed);
    while let ["AND", rest @ ..] = words {
        *words = rest;
        holds &= one(words, allowed);
    }
    holds
}

fn one(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let holds = either(words, allowed);
            *words = words.strip_prefix(&[")"]).unwrap_or(&["unbalanced"]);
            holds
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            allowed.contains(&format!("{licence} WITH {exception}"))
        }
        [licence, rest @ ..] => {
            *words = rest;
            allowed.contains(*licence)
        }
        [] => false,
    }
}

#[test]
fn licences_are_permissive() {
    let allowed = policy().licenses.allow;
    let refused: Vec<String> = packages()
        .into_iter()
        .filter(|it| !is_allowed(it.license.as_deref().unwrap_or_default(), &allowed))
        .map(|it| format!("{} {}: {}", it.name, it.version, it.license.unwrap_or_else(|| "no licence".to_owned())))
        .collect();
    assert!(refused.is_empty(), "licences that deny.toml does not allow: {refused:#?}");
}

#[test]
fn banned_crates_are_not_there() {
    let names: BTreeSet<String> = packages().into_iter().map(|it| it.name).collect();
    for ban in policy().bans.deny {
        assert!(!names.contains(&ban.name), "{} is banned: {}", ban.name, ban.reason);
    }
}

#[test]
fn everything_comes_from_the_registry_or_from_here() {
    let allowed: Vec<String> =
        policy().sources.allow_registry.into_iter().map(|url| format!("registry+{url}")).collect();
    for package in packages() {
        assert!(
            package.source.as_ref().is_none_or(|it| allowed.contains(it)),
            "{} comes from {:?}",
            package.name,
            package.source
        );
    }
}

#[test]
fn second_versions_are_listed_and_needed() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        versions.entry(package.name).or_default().insert(package.version);
    }
    let skipped = policy().bans.skip;
    for (name, versions) in &versions {
        let unlisted: Vec<&String> =
            versions.iter().filter(|version| !skipped.contains(&format!("{name}@{version}"))).collect();
        assert!(unlisted.len() <= 1, "{name} is there as {unlisted:?}: agree on one, or list the older in deny.toml");
    }
    for listed in &skipped {
        let (name, version) = listed.split_once('@').expect("is name@version");
        let twice = versions.get(name).is_some_and(|it| it.len() > 1 && it.contains(version));
        assert!(twice, "{listed} is no second version any more: remove it from deny.toml");
    }
}

#[test]
fn expressions_are_read_as_spdx_says() {
    let allowed: BTreeSet<String> =
        ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].into_iter().map(str::to_owned).collect();
    for good in ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "(GPL-3.0 OR MIT) AND ISC", "Apache-2.0 WITH LLVM-exception"] {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "(MIT", "GPL-3.0 OR (ISC AND GPL-3.0)"] {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}
