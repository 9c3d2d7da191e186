//! Finds the programs of the servers, and installs them from Debian's packages when they are missing.

use std::cmp::Reverse;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use nix::unistd::geteuid;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Where Debian keeps each major version of Postgres.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";
/// Installs without starting or configuring a server of the machine; see the script.
const INSTALL: &str = include_str!("install.sh");

/// The folder with `postgres` and `initdb`: that of the wanted major version, else the one in
/// `PATH`, else the newest of Debian's.
pub fn postgres(version: Option<&str>) -> Option<PathBuf> {
    let in_path =
        in_path("postgres").and_then(|it| it.canonicalize().ok()).and_then(|it| Some(it.parent()?.to_owned()));
    let mut debian: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN_POSTGRES)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    debian.sort_by_key(|(major, _)| Reverse(*major));
    in_path
        .into_iter()
        .chain(debian.into_iter().map(|(_, bin)| bin))
        .filter(|bin| is_program(&bin.join("postgres")) && is_program(&bin.join("initdb")))
        .find(|bin| version.is_none_or(|wanted| major_version(bin).is_some_and(|it| it == wanted)))
}

/// The major version as `PG_VERSION` of a data folder names it.
fn major_version(bin: &Path) -> Option<String> {
    let output = std::process::Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    // postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(version.split(|c: char| !c.is_ascii_digit()).next()?.to_owned())
}

pub fn redis() -> Option<PathBuf> {
    ["redis-server", "valkey-server"].into_iter().find_map(in_path)
}

/// A program by its name, in `PATH` or where Debian keeps servers.
#[expect(clippy::disallowed_methods, reason = "PATH is the machine's, not a setting of ours")]
pub fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/bin", "/usr/sbin", "/usr/local/bin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_absolute() && is_program(candidate))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

/// Installs what is needed and missing; fails with the command to type when that is not possible.
pub async fn install_missing(needs_postgres: bool, needs_redis: bool) -> anyhow::Result<()> {
    let mut packages = Vec::new();
    if needs_postgres && postgres(None).is_none() {
        packages.push("postgresql");
    }
    if needs_redis && redis().is_none() {
        packages.push("redis-server");
    }
    if packages.is_empty() {
        return Ok(());
    }
    let advice =
        format!("sudo apt-get update && sudo apt-get install -y --no-install-recommends {}", packages.join(" "));
    if in_path("apt-get").is_none() {
        bail!(
            "not installed: {}. This machine has no apt-get: install by hand, or name servers by DATABASE_URL and REDIS_URL",
            packages.join(", ")
        );
    }
    let Some(mut shell) = root_shell().await else {
        bail!("not installed: {}. Installing needs root; type: {advice}", packages.join(", "));
    };
    super::announce_installation(&packages);
    run_script(&mut shell, &packages).await.with_context(|| format!("could not install; try by hand: {advice}"))?;
    if (needs_postgres && postgres(None).is_none()) || (needs_redis && redis().is_none()) {
        bail!("apt-get ended well, and still not all is there: {}. Type: {advice}", packages.join(", "));
    }
    Ok(())
}

/// A shell with root's rights, when there is one without asking for a password.
async fn root_shell() -> Option<Command> {
    if geteuid().is_root() {
        return Some(Command::new("sh"));
    }
    let sudo = in_path("sudo")?;
    let allowed = Command::new(&sudo)
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await;
    allowed.is_ok_and(|it| it.success()).then(|| {
        let mut command = Command::new(sudo);
        command.args(["-n", "sh"]);
        command
    })
}

async fn run_script(shell: &mut Command, packages: &[&str]) -> anyhow::Result<()> {
    let mut child = shell
        .args(["-s", "--"])
        .args(packages)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(INSTALL.as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        bail!("apt-get said: {}", lines[lines.len().saturating_sub(4)..].join(" | "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installed_version_is_found_by_its_number_and_no_other() {
        let Some(bin) = postgres(None) else { return };
        let version = major_version(&bin).expect("it tells its version");
        assert!(postgres(Some(&version)).is_some());
        assert!(postgres(Some("7")).is_none());
    }
}
