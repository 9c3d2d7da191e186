//! The program as a person calls it.

use std::path::Path;
use std::process::{Output, Stdio};

use nix::sys::signal::Signal;
use tokio::process::Command;

use crate::folder::{Folder, is_alive, pid_in, signal};

fn program(state_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_broadside-stack"));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("STATE_DIR", state_dir).current_dir(state_dir);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn with_servers(folder: &Folder, script: &str) -> Output {
    program(folder.path()).args(["test", "--", "sh", "-c", script]).output().await.expect("the program runs")
}

#[tokio::test]
async fn a_command_gets_servers_and_its_exit_code_comes_through() {
    let folder = Folder::new();
    let output = with_servers(&folder, "echo $DATABASE_URL; echo $REDIS_URL; exit 7").await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("postgres://broadside_app:") && said.contains("redis://default:"), "{said}");
    assert!(!folder.path().join("test").exists(), "something is left of the servers");
}

#[tokio::test]
async fn two_commands_run_side_by_side() {
    let folder = Folder::new();
    let (one, other) =
        tokio::join!(with_servers(&folder, "echo $DATABASE_URL"), with_servers(&folder, "echo $DATABASE_URL"));
    assert!(one.status.success() && other.status.success());
    assert_ne!(one.stdout, other.stdout);
}

#[tokio::test]
async fn a_told_stop_ends_the_command_and_the_servers() {
    let folder = Folder::new();
    let note = folder.path().join("command.pid");
    let mut child = program(folder.path())
        .args(["test", "--", "sh", "-c", "echo $$ > command.pid; exec sleep 600"])
        .spawn()
        .expect("the program runs");
    let command = pid_in(&note, None).await;
    let ours = i32::try_from(child.id().expect("runs")).expect("is a number");
    signal(ours, Signal::SIGTERM);
    let status = child.wait().await.expect("ends");
    assert_eq!(status.code(), Some(128 + 15));
    assert!(!is_alive(command));
    assert!(!folder.path().join("test").exists(), "something is left of the servers");
}

#[tokio::test]
async fn wrong_settings_are_one_clear_line() {
    let folder = Folder::new();
    for (name, value) in [("PORT", "eighty"), ("WORKERS", "0")] {
        let output = program(folder.path()).arg("run").env(name, value).output().await.expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(said.starts_with(&format!("error: {name}={value} is not")) && said.lines().count() == 1, "{said}");
    }
}
