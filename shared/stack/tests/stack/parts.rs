//! Supervision, with shells standing in for the programs.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use stack::orphans;
use stack::part::{Part, Stop};
use stack::shutdown::Shutdown;
use stack::state::State;
use stack::supervise::Running;

use crate::folder::{Folder, is_alive, pid_in, signal, until};

fn shell(state: &State, name: &str, script: &str) -> Part {
    let mut part = Part::new(state, name, "sh");
    part.arguments = vec!["-c".into(), script.into()];
    part
}

#[tokio::test]
async fn a_part_that_dies_is_started_again() {
    let folder = Folder::new();
    let state = State::open(folder.path()).expect("opens");
    let part = shell(&state, "worker-1", "exec sleep 600");
    let running = Running::start(part, &Shutdown::default()).await.expect("starts");
    let first = pid_in(&state.pid_file("worker-1"), None).await;
    signal(first, Signal::SIGKILL);
    let second = pid_in(&state.pid_file("worker-1"), Some(first)).await;
    assert!(is_alive(second));
    running.stop().await;
    assert!(!is_alive(second));
    assert!(!state.pid_file("worker-1").exists());
}

#[tokio::test]
async fn a_part_that_does_not_start_says_its_last_words() {
    let folder = Folder::new();
    let state = State::open(folder.path()).expect("opens");
    let mut part = shell(&state, "api", "echo DATABASE_URL is wrong >&2; exit 3");
    part.ready = stack::ready::Ready::Http { address: ([127, 0, 0, 1], 1).into(), path: "/readyz".into() };
    let error = Running::start(part, &Shutdown::default()).await.err().expect("fails").to_string();
    assert!(error.contains("api did not start: it ended with code 3"), "{error}");
    assert!(error.contains("DATABASE_URL is wrong"), "{error}");
}

#[tokio::test]
async fn a_part_that_ignores_the_request_is_ended_after_its_grace() {
    let folder = Folder::new();
    let state = State::open(folder.path()).expect("opens");
    let mut part = shell(&state, "worker-1", "trap '' TERM; echo ready; while true; do sleep 1; done");
    part.stop = Stop::terminate_within(Duration::from_millis(300));
    let log = part.log.clone();
    let running = Running::start(part, &Shutdown::default()).await.expect("starts");
    let pid = pid_in(&state.pid_file("worker-1"), None).await;
    until("the trap is set", async || std::fs::read_to_string(&log).is_ok_and(|it| it.contains("ready")).then_some(()))
        .await;
    let asked = Instant::now();
    running.stop().await;
    assert!(asked.elapsed() >= Duration::from_millis(300), "it was not given its grace");
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn a_part_of_an_earlier_start_is_ended_and_a_stranger_with_its_number_is_not() {
    let folder = Folder::new();
    let state = State::open(folder.path()).expect("opens");
    let part = shell(&state, "worker-1", "echo ready; while true; do sleep 0.1; done");
    let mut left = part.spawn().await.expect("starts");
    until("it runs", async || std::fs::read_to_string(&part.log).is_ok_and(|it| it.contains("ready")).then_some(()))
        .await;
    let mut stranger = tokio::process::Command::new("sleep").arg("600").kill_on_drop(true).spawn().expect("starts");
    let stranger_pid = stranger.id().expect("runs");
    std::fs::write(state.pid_file("api"), format!("{stranger_pid}\n")).expect("is written");

    let (ended, status) = tokio::join!(orphans::end(&state), left.wait());
    ended.expect("leftovers end");
    assert!(!status.expect("is waited for").success());
    assert!(stranger.try_wait().expect("is ours").is_none(), "a process that is no part was ended");
    assert!(!state.pid_file("api").exists());
}
