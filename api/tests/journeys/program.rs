//! The program itself: its arguments, what it needs to start, how it stops.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use shared::testing::Ground;

const PROGRAM: &str = env!("CARGO_BIN_EXE_broadside-api");
const SECRET: &str = "a secret of the tests, long enough to be one";

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(std::env::temp_dir()).env_clear().envs(environment.iter().copied());
    command.output().expect("it runs")
}

/// Asserts that it refuses to start, and says why in one line.
#[track_caller]
fn refuses(environment: &[(&str, &str)], why: &str) {
    let output = run(&[], environment);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.starts_with("broadside-api: ") && said.contains(why), "{said}");
}

#[test]
fn it_says_in_one_line_why_it_does_not_start() {
    const DATABASE: (&str, &str) = ("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing");
    refuses(&[], "DATABASE_URL is not set");
    refuses(&[("DATABASE_URL", "psql://a/b")], "write postgresql:// in place of psql://");
    refuses(&[DATABASE], "openssl rand -hex 32");
    refuses(&[DATABASE, ("SECRET_KEY", "too short")], "it has 9 bytes and needs 32");
    refuses(&[DATABASE, ("SECRET_KEY", SECRET), ("JWT_ALGORITHM", "RS256")], "HS256");
    refuses(&[DATABASE, ("SECRET_KEY", SECRET)], "the database cannot be reached");
}

#[test]
fn the_document_and_the_help_need_no_servers() {
    let document = run(&["openapi"], &[]);
    assert_eq!(String::from_utf8(document.stdout).expect("text"), api::routes::document());
    assert!(String::from_utf8_lossy(&run(&["--help"], &[]).stdout).contains("migrate-down"));
    assert!(String::from_utf8_lossy(&run(&["--version"], &[]).stdout).contains(env!("CARGO_PKG_VERSION")));
    assert_eq!(run(&["no-such-thing"], &[]).status.code(), Some(1));
}

/// The program, serving on a free port; dropping it ends it.
pub(crate) struct Serving {
    pub(crate) program: tokio::process::Child,
    pub(crate) url: String,
    media: std::path::PathBuf,
}

impl Serving {
    pub(crate) async fn start(ground: &Ground, environment: &[(&str, &str)], log: Stdio) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port().to_string();
        drop(listener);
        let media = std::env::temp_dir().join(format!("broadside-{}", ground.settings.redis.namespace));
        let program = tokio::process::Command::new(PROGRAM)
            .current_dir(std::env::temp_dir())
            .env("DATABASE_URL", ground.url())
            .env("SECRET_KEY", SECRET)
            .env("HOST", "127.0.0.1")
            .env("PORT", &port)
            .env("BROADSIDE_STORAGE__PATH", &media)
            .envs(environment.iter().copied())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("it runs");
        let url = format!("http://127.0.0.1:{port}");
        let http = reqwest::Client::builder().build().expect("a client");
        let began = Instant::now();
        while http.get(format!("{url}/readyz")).send().await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "it never serves");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { program, url, media }
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(mut self) -> Option<i32> {
        let id = self.program.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        let ended = tokio::time::timeout(Duration::from_secs(10), self.program.wait()).await.expect("it stops");
        ended.expect("a status").code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.media));
    }
}

#[tokio::test]
async fn it_serves_and_stops_well_on_a_signal() {
    let serving = Serving::start(&Ground::fresh().await, &[], Stdio::null()).await;
    assert_eq!(serving.stop().await, Some(0));
}
