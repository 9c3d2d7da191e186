//! The worker program's commands for operators, as processes: what they print, how they exit, and what a worker leaves for
//! the API of the models that its providers list.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use shared::notices::{self, WarningKind};
use shared::testing::Ground;
use simulator::{ProviderKey, Simulator, SimulatorConfig};
use tokio::time::{Instant, sleep};

fn program(ground: &Ground, base: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_broadside-worker"));
    program
        .env("DATABASE_URL", ground.url())
        .env("BROADSIDE_REDIS__NAMESPACE", &ground.settings.redis.namespace)
        .env("OPENAI_API_KEY", "good")
        .env("OPENAI_BASE_URL", base)
        .env("LOG_LEVEL", "error")
        .stdin(Stdio::null());
    program
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_says_what_cannot_be_used_and_exits_by_it() {
    let ground = Ground::fresh().await;
    let keys = vec![ProviderKey::new("good")];
    let provider = Simulator::start(SimulatorConfig { keys, ..SimulatorConfig::default() }).expect("a simulator");
    let good = program(&ground, &provider.url()).args(["providers", "check"]).output().expect("it runs");
    assert!(good.status.success(), "{}", text(&good));
    assert!(text(&good).contains("OPENAI_API_KEY") && text(&good).contains("ok"), "{}", text(&good));
    let mut revoked = program(&ground, &provider.url());
    let revoked = revoked.env("OPENAI_API_KEY_2", "revoked").args(["providers", "check"]).output().expect("it runs");
    assert_eq!(revoked.status.code(), Some(1));
    assert!(text(&revoked).contains("REFUSED") && !text(&revoked).contains("revoked\n"), "{}", text(&revoked));
    assert!(provider.bill().calls.is_empty(), "a check costs nothing");
    let list = program(&ground, &provider.url()).args(["providers", "list"]).output().expect("it runs");
    assert!(list.status.success() && text(&list).contains("Nothing is put aside"), "{}", text(&list));
    let wrong = program(&ground, &provider.url()).args(["providers", "chek"]).output().expect("it runs");
    assert_eq!((wrong.status.code(), text(&wrong).as_str()), (Some(1), ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_reads_the_models_once_and_leaves_what_an_operator_should_know() {
    let ground = Ground::fresh().await;
    let prices = "checked_on = \"2026-01-01\"\n[[model]]\nid = \"gpt-6-luna\"\noutput = \"text\"\ninput = 1\n\
                  output_price = 1\nsource = \"s\"\nshutdown_date = \"2020-01-01\"\n";
    let prices = prices.parse().expect("prices");
    let provider = Simulator::start(SimulatorConfig { prices, ..SimulatorConfig::default() }).expect("a simulator");
    let mut worker = program(&ground, &provider.url()).spawn().expect("it starts");
    let (began, mut redis) = (Instant::now(), ground.queue.redis());
    let found = loop {
        if let Some(found) = notices::read(&mut redis, &ground.settings.redis.namespace).await.expect("Redis answers") {
            break found;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "no reading came");
        sleep(Duration::from_millis(50)).await;
    };
    worker.kill().expect("it ends");
    worker.wait().expect("it ended");
    let of = |kind| found.warnings.iter().filter(|warning| warning.kind == kind).count();
    assert_eq!(of(WarningKind::ModelShutDown), 1, "{found:?}");
    assert!(of(WarningKind::ModelMissing) >= 4, "{found:?}");
    assert!(provider.bill().calls.is_empty());
}
