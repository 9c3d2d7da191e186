//! A private Postgres and Redis over their life: first start, second start, kill -9, a server left running.

use std::os::unix::fs::PermissionsExt;

use nix::sys::signal::Signal;
use sqlx::{Connection, PgConnection};
use stack::servers::postgres::Postgres;
use stack::servers::{Durability, Servers};
use stack::settings::Environment;
use stack::shutdown::Shutdown;
use stack::state::State;

use crate::folder::{Folder, is_alive, pid_in, signal, until};

async fn start(state: &State) -> Servers {
    Servers::start(state, &Environment::default(), Durability::Throwaway, &Shutdown::default())
        .await
        .expect("both servers start")
}

async fn connect(url: &str) -> Option<PgConnection> {
    PgConnection::connect(url).await.ok()
}

async fn execute(url: &str, statement: &'static str) {
    let mut connection = connect(url).await.expect("Postgres answers");
    sqlx::query(statement).execute(&mut connection).await.expect(statement);
}

#[tokio::test]
async fn data_stays_from_start_to_start_and_nothing_is_left_running() {
    let folder = Folder::new();
    for statement in ["CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (1)"] {
        let state = State::open(folder.path()).expect("opens");
        let servers = start(&state).await;
        let pids = [pid_in(&state.pid_file("postgres"), None).await, pid_in(&state.pid_file("redis"), None).await];
        execute(&servers.database_url, statement).await;
        servers.stop().await;
        assert!(pids.into_iter().all(|pid| !is_alive(pid)), "a server outlived its stop");
        assert!(!state.pid_file("postgres").exists() && !state.pid_file("redis").exists());
    }
}

#[tokio::test]
async fn strangers_are_kept_out() {
    let folder = Folder::new();
    let state = State::open(folder.path()).expect("opens");
    let servers = start(&state).await;
    let password = state.existing_secret("database.password").expect("is readable").expect("was made");
    let mode = std::fs::metadata(folder.path().join("database.password")).expect("exists").permissions().mode();
    assert_eq!(mode & 0o077, 0, "others may read the password");
    assert!(connect(&servers.database_url.replace(&password, "guess")).await.is_none(), "Postgres let a stranger in");

    let (_, address) = servers.redis_url.split_once('@').expect("a password is in the URL");
    let client = redis::Client::open(format!("redis://{address}")).expect("is a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis answers");
    let refused = redis::cmd("PING").query_async::<String>(&mut connection).await.expect_err("a password is needed");
    assert!(
        refused.to_string().contains("NOAUTH") || refused.to_string().contains("AuthenticationFailed"),
        "{refused}"
    );
    servers.stop().await;
}

#[tokio::test]
async fn a_killed_postgres_comes_back_with_its_data_at_the_same_address() {
    let folder = Folder::new();
    let state = State::open(folder.path()).expect("opens");
    let servers = start(&state).await;
    execute(&servers.database_url, "CREATE TABLE kept (id int)").await;
    let first = pid_in(&state.pid_file("postgres"), None).await;
    signal(first, Signal::SIGKILL);
    pid_in(&state.pid_file("postgres"), Some(first)).await;
    until("Postgres answers again", async || connect(&servers.database_url).await).await;
    execute(&servers.database_url, "INSERT INTO kept VALUES (1)").await;
    servers.stop().await;
}

#[tokio::test]
async fn a_postgres_left_running_is_stopped_first() {
    let folder = Folder::new();
    let state = State::open(folder.path()).expect("opens");
    let left = Postgres::prepare(&state, Durability::Throwaway).await.expect("is made");
    let part = left.part(&state);
    let mut unwatched = part.spawn().await.expect("starts");
    until("Postgres is ready", async || part.ready.probe().await.then_some(())).await;
    execute(&left.url(), "CREATE TABLE kept (id int)").await;

    let (servers, ended) = tokio::join!(start(&state), unwatched.wait());
    assert!(ended.expect("is waited for").success(), "it was not asked kindly");
    execute(&servers.database_url, "INSERT INTO kept VALUES (1)").await;
    servers.stop().await;
}

#[tokio::test]
async fn a_process_id_left_in_the_data_is_no_obstacle() {
    let folder = Folder::new();
    let state = State::open(folder.path()).expect("opens");
    let server = Postgres::prepare(&state, Durability::Throwaway).await.expect("is made");
    // Ours: alive, and no Postgres.
    std::fs::write(server.data().join("postmaster.pid"), format!("{}\n/nowhere\n", std::process::id()))
        .expect("is written");
    start(&state).await.stop().await;
}

#[tokio::test]
async fn named_servers_are_used_and_none_is_started() {
    let folder = Folder::new();
    let state = State::open(folder.path()).expect("opens");
    let named = Environment::of([("DATABASE_URL", "postgres://somewhere/db"), ("REDIS_URL", "redis://elsewhere")]);
    let servers = Servers::start(&state, &named, Durability::Kept, &Shutdown::default()).await.expect("nothing to do");
    assert_eq!(servers.ours(), (false, false));
    assert_eq!((&*servers.database_url, &*servers.redis_url), ("postgres://somewhere/db", "redis://elsewhere"));
    assert!(!folder.path().join("postgres").exists());
    servers.stop().await;
}
