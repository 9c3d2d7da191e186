//! As whom the parts of a stack run, what they are given, and who may read what they leave.
//!
//! The program and its parts are real processes; scripts stand in for the API, the workers and the simulator, in a folder
//! with a copy of the program.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::sys::signal::Signal;
use nix::unistd::geteuid;
use sqlx::{Connection, PgConnection};
use tokio::process::{Child, Command};

use crate::folder::{Folder, pid_in, signal, until};

/// Secrets of an installation, each with the parts that may know it.
const SECRETS: [(&str, &[&str]); 7] = [
    ("SECRET_KEY", &["api"]),
    ("BROADSIDE_AUTH__PREVIOUS_SECRET", &["api"]),
    ("OPENAI_API_KEY", &["worker-1"]),
    ("A4F_API_KEY", &["worker-1"]),
    ("AWS_SECRET_ACCESS_KEY", &["api", "worker-1"]),
    ("SIMULATOR_SEED", &["simulator"]),
    ("GITHUB_TOKEN", &[]),
];

/// Stands in for the API: answers every request with 200.
#[test]
#[ignore = "started by the tests below, in a process of its own"]
#[expect(clippy::disallowed_methods, reason = "the stack says by its environment where to listen")]
fn stand_in_for_the_api() {
    use std::io::{Read, Write};
    let [host, port] = ["HOST", "PORT"].map(|name| std::env::var(name).expect("the stack sets it"));
    let listener = std::net::TcpListener::bind(format!("{host}:{port}")).expect("a port");
    for stream in listener.incoming() {
        let mut stream = stream.expect("a connection");
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }
}

/// A folder with a copy of the program and scripts beside it, and one for its state.
struct Installation {
    folder: Folder,
}

impl Installation {
    fn new() -> Self {
        let folder = Folder::new();
        for name in ["bin", "checkout"] {
            std::fs::create_dir(folder.path().join(name)).expect("is made");
        }
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("is open to all");
        let bin = folder.path().join("bin");
        std::fs::copy(env!("CARGO_BIN_EXE_broadside-stack"), bin.join("broadside-stack")).expect("is copied");
        let us = std::env::current_exe().expect("has a path");
        std::fs::copy(us, bin.join("tests")).expect("is copied");
        let tests = bin.join("tests").display().to_string();
        let api = format!("exec {tests} --ignored --exact rights::stand_in_for_the_api");
        for (name, script) in [
            ("broadside-api", &*api),
            ("broadside-worker", "exec sleep 600"),
            ("broadside-simulator", "exec sleep 600"),
        ] {
            let path = bin.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("is written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("is a program");
        }
        Self { folder }
    }

    fn checkout(&self) -> PathBuf {
        self.folder.path().join("checkout")
    }

    fn state(&self) -> PathBuf {
        self.checkout().join(".local")
    }

    /// The stack, with a `.env` that only its owner may read.
    fn run(&self, dot_env: &str) -> Child {
        let file = self.checkout().join(".env");
        std::fs::write(&file, dot_env).expect("is written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("is private");
        let mut command = Command::new(self.folder.path().join("bin/broadside-stack"));
        command.arg("run").current_dir(self.checkout()).env_clear().env("PATH", "/usr/sbin:/usr/bin:/bin");
        command.env("WORKERS", "1").env("PORT", stack::port::free().expect("one is free").to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
        command.spawn().expect("starts")
    }
}

async fn stop(mut stack: Child) {
    signal(i32::try_from(stack.id().expect("runs")).expect("is a number"), Signal::SIGTERM);
    assert!(stack.wait().await.expect("ends").success());
}

/// Every process of a stack by its name.
async fn processes(state: &Path, stack: &Child, parts: &[&str]) -> BTreeMap<String, i32> {
    let mut found = BTreeMap::from([("stack".to_owned(), i32::try_from(stack.id().expect("runs")).expect("a number"))]);
    for part in parts {
        found.insert((*part).to_owned(), pid_in(&state.join(format!("run/{part}.pid")), None).await);
    }
    found
}

fn environment_of(pid: i32) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/environ")).expect("is readable");
    String::from_utf8_lossy(&bytes).replace('\0', "\n")
}

fn owner_of(pid: i32) -> (u32, u32) {
    let found = std::fs::metadata(format!("/proc/{pid}")).expect("runs");
    (found.uid(), found.gid())
}

/// Waits until a part is past `setpriv` and the shell.
async fn settled(pid: i32) {
    until("a part is itself", async || {
        let program = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        (!["setpriv", "sh", "dash"].iter().any(|it| program.ends_with(it))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn nothing_runs_as_root_and_each_part_knows_only_its_own_keys() {
    let installation = Installation::new();
    let state = installation.state();
    let lines: Vec<String> =
        SECRETS.iter().map(|(name, _)| format!("{name}=the-value-of-{name}-is-a-secret")).collect();
    let dot_env =
        lines.join("\n").replace("SIMULATOR_SEED=the-value-of-SIMULATOR_SEED-is-a-secret", "SIMULATOR_SEED=7");
    let stack = installation.run(&dot_env);
    let parts = processes(&state, &stack, &["postgres", "redis", "api", "worker-1"]).await;
    for (name, &pid) in &parts {
        settled(pid).await;
        let (uid, gid) = owner_of(pid);
        assert!(uid != 0 && gid != 0 || !geteuid().is_root(), "{name} runs as {uid}:{gid}");
        let environment = environment_of(pid);
        for (secret, knowers) in SECRETS.iter().filter(|(secret, _)| *secret != "SIMULATOR_SEED") {
            let knows = environment.contains(&format!("the-value-of-{secret}-is-a-secret"));
            assert_eq!(knows, knowers.contains(&&**name), "{secret} in the environment of {name}");
        }
    }
    let api = environment_of(parts["api"]);
    assert!(api.contains("BROADSIDE_PROVIDERS__AVAILABLE=a4f,openai\n"), "{api}");

    let mode = |path: PathBuf| path.metadata().expect("is there").mode() & 0o777;
    assert_eq!(mode(state.clone()), 0o700);
    for file in ["lock", "database.password", "run/env", "log/api.log", "log/postgres.log"] {
        assert_eq!(mode(state.join(file)), 0o600, "{file}");
    }
    let addresses = std::fs::read_to_string(state.join("run/env")).expect("is there");
    let url =
        addresses.lines().find_map(|line| line.strip_prefix("DATABASE_URL=")).expect("is there").trim_matches('\'');
    let mut connection = PgConnection::connect(url).await.expect("Postgres answers");
    let (superuser, owns): (bool, bool) = sqlx::query_as(
        "SELECT r.rolsuper, d.datdba = r.oid FROM pg_roles r, pg_database d
         WHERE r.rolname = current_user AND d.datname = current_database()",
    )
    .fetch_one(&mut connection)
    .await
    .expect("an answer");
    assert!(!superuser && owns, "the role of the application: superuser {superuser}, owner {owns}");
    drop(connection);
    stop(stack).await;
}

#[tokio::test]
async fn the_simulator_knows_no_secret_and_a_link_leads_to_a_state_folder_out_of_reach() {
    let installation = Installation::new();
    // As with a checkout in /root.
    std::fs::set_permissions(installation.checkout(), std::fs::Permissions::from_mode(0o700)).expect("is private");
    let stack = installation.run("SECRET_KEY=a-secret-that-signs-tokens-and-links\nSIMULATOR_SEED=7\n");
    let parts = processes(&installation.state(), &stack, &["redis"]).await;
    let state = installation.state().canonicalize().expect("is there");
    if geteuid().is_root() {
        assert!(state.starts_with("/var/lib/broadside"), "{}", state.display());
        assert_eq!(state.metadata().expect("is there").mode() & 0o777, 0o700);
        assert_ne!(owner_of(parts["redis"]).0, 0);
    }
    let simulator = pid_in(&state.join("run/simulator.pid"), None).await;
    settled(simulator).await;
    let environment = environment_of(simulator);
    assert!(environment.contains("SIMULATOR_SEED=7\n") && !environment.contains("a-secret"), "{environment}");
    stop_early(stack).await;

    let mut clean = Command::new(installation.folder.path().join("bin/broadside-stack"));
    clean.arg("clean").current_dir(installation.checkout()).env_clear().env("PATH", "/usr/sbin:/usr/bin:/bin");
    assert!(clean.status().await.expect("runs").success());
    assert!(!installation.state().exists() && !state.exists(), "something is left");
}

/// The stand-in for the simulator listens to nothing, so the start goes on until it is told to stop.
async fn stop_early(mut stack: Child) {
    signal(i32::try_from(stack.id().expect("runs")).expect("is a number"), Signal::SIGTERM);
    stack.wait().await.expect("ends");
}

#[tokio::test]
async fn data_of_an_earlier_version_is_given_to_a_role_that_is_no_superuser() {
    use stack::servers::{Durability, Servers};
    let folder = Folder::new();
    let state = stack::state::State::open(folder.path()).expect("opens");
    let start = async || {
        let none = stack::settings::Environment::default();
        Servers::start(&state, &none, Durability::Kept, &stack::shutdown::Shutdown::default()).await.expect("starts")
    };
    let servers = start().await;
    let mut connection = PgConnection::connect(&servers.database_url).await.expect("answers");
    sqlx::query("CREATE TABLE kept (id int GENERATED ALWAYS AS IDENTITY, name text)")
        .execute(&mut connection)
        .await
        .expect("made");
    connection.close().await.expect("closed");
    servers.stop().await;
    // As an earlier version left it: all of it a superuser's, whose password is the only one.
    as_superuser(&state, "ALTER TABLE kept OWNER TO postgres\nALTER DATABASE broadside OWNER TO postgres\n").await;
    std::fs::remove_file(folder.path().join("database.password")).expect("is removed");

    let servers = start().await;
    let mut connection = PgConnection::connect(&servers.database_url).await.expect("answers");
    for statement in
        ["INSERT INTO kept (name) VALUES ('a')", "ALTER TABLE kept ADD COLUMN more text", "DROP TABLE kept"]
    {
        sqlx::query(statement).execute(&mut connection).await.expect(statement);
    }
    let superuser: bool = sqlx::query_scalar("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        .fetch_one(&mut connection)
        .await
        .expect("an answer");
    assert!(!superuser);
    drop(connection);
    servers.stop().await;
}

/// Runs statements without a server, one a line.
async fn as_superuser(state: &stack::state::State, statements: &str) {
    use tokio::io::AsyncWriteExt;
    let place = stack::servers::placement::place(state).await.expect("is known");
    let program = stack::servers::find::postgres(None).expect("is installed").join("postgres");
    let mut command = stack::part::command(&program, place.account.as_ref(), None).expect("can run");
    command.arg("--single").arg("-D").arg(place.folder.join("data")).arg("broadside").current_dir("/");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("starts");
    let mut input = child.stdin.take().expect("is piped");
    input.write_all(statements.as_bytes()).await.expect("is read");
    drop(input);
    assert!(child.wait().await.expect("ends").success());
}
