//! Overhead: what the gateway computes for each call, beside a bare client that makes the same calls, and how often it
//! asks Redis. The provider is a process of its own that answers at once.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use shared::config::{Names, Settings};
use shared::domain::{CallId, Step};
use shared::store::advance::{Bill, Quote, Refusal};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use worker::gateway::{Gateway, SendGuard};
use worker::prompts::{self, CaptionBrief};
use worker::settle::Ledger;

use crate::ground::Ground;
use crate::options::Options;
use crate::process::cpu_time;
use crate::profile::Profile;
use crate::report::Report;

const AT_ONCE: usize = 16;
const ROUNDS: usize = 5;

pub(crate) async fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let calls = options.scale.pick(1_000, 5_000);
    let (_simulator, url) = simulator(options).await?;
    let gateway = gateway(ground, options, &url)?;
    let bare = Bare::new(&url)?;
    // Connections, buffers, whatever is made once.
    bare_round(&bare, 200).await?;
    gateway_round(&gateway, 200).await?;

    let mut redis = redis::Client::open(ground.redis.as_str())?.get_multiplexed_async_connection().await?;
    let (mut by_bare, mut by_gateway) = (Vec::new(), Vec::new());
    let mut commands: BTreeMap<String, u64> = BTreeMap::new();
    for _ in 0..ROUNDS {
        by_bare.push(per_call(calls, bare_round(&bare, calls)).await?);
        let before = command_counts(&mut redis).await?;
        by_gateway.push(per_call(calls, gateway_round(&gateway, calls)).await?);
        for (name, count) in command_counts(&mut redis).await? {
            *commands.entry(name.clone()).or_default() += count - before.get(&name).copied().unwrap_or_default();
        }
    }
    let (bare, whole) = (median(by_bare), median(by_gateway));
    let sends = (calls * ROUNDS) as f64;
    let micros = |seconds: f64| format!("{:.0} us", seconds * 1e6);
    let mut report = Report::new(format!(
        "overhead: {calls} calls, {AT_ONCE} at once, medians of {ROUNDS} rounds, CPU time of this process"
    ));
    report.fact("a bare client, each call", micros(bare));
    report.fact("the gateway, each call", micros(whole));
    report.fact("the gateway's own part", micros(whole - bare));
    // Those that this measurement asks with are not the gateway's.
    let scripts = commands.get("evalsha").copied().unwrap_or_default();
    report.promise(
        "script calls in Redis for each send",
        format_args!("{:.3}", scripts as f64 / sends),
        "<= 1.1",
        scripts as f64 / sends <= 1.1,
    );
    commands.retain(|name, count| *count > 0 && name != "info");
    let all: Vec<String> =
        commands.iter().map(|(name, count)| format!("{name} {:.3}", *count as f64 / sends)).collect();
    report.fact("commands in Redis for each send, those of scripts among them", all.join(", "));
    if cfg!(debug_assertions) {
        report.fact("this is a debug build", "its CPU times are not those of a release");
    }
    Ok(report)
}

/// The simulator as a process, so that this process' CPU time is the client's alone.
async fn simulator(options: &Options) -> Result<(Child, String)> {
    let program = options.programs.join("broadside-simulator");
    let mut child = Command::new(&program)
        .args(["--threads", "1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {} (see --programs)", program.display()))?;
    let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    let url = lines.next_line().await?.context("the simulator says where it is")?;
    Ok((child, url))
}

fn gateway(ground: &Ground, options: &Options, url: &str) -> Result<Gateway> {
    let profile = Profile::shipped(options)?
        .at("openai", url)
        .in_flight("openai", 10_000)
        .route("caption", &[("openai", "gpt-4o-mini")]);
    let file = profile.write(&ground.folder)?.display().to_string();
    let names = Names::from([
        ("DATABASE_URL", ground.url.as_str()),
        ("REDIS_URL", ground.redis.as_str()),
        ("BROADSIDE_REDIS__NAMESPACE", ground.namespace.as_str()),
        ("BROADSIDE_PROVIDERS__PROFILES", file.as_str()),
        ("OPENAI_API_KEY", "k1"),
    ]);
    let settings = Settings::load(&names)?;
    Ok(Gateway::from_settings(&settings, &names, Arc::new(Semaphore::new(AT_ONCE)), Arc::new(Always))?)
}

struct Always;

impl SendGuard for Always {
    fn may_send(&self) -> bool {
        true
    }
}

/// Books that allow everything and keep nothing: what the real ones cost is measured by the throughput.
struct NoBooks;

impl Ledger for NoBooks {
    async fn reserve(&mut self, _: Step, _: Quote) -> Result<CallId, Refusal> {
        Ok(CallId::new())
    }

    fn settle(&mut self, _: Bill) {}
}

fn brief(number: usize) -> CaptionBrief {
    CaptionBrief {
        brand: "Crust & Co".to_owned(),
        tone: "warm".to_owned(),
        topic: Some(format!("Sourdough number {number}")),
        ..CaptionBrief::default()
    }
}

async fn gateway_round(gateway: &Gateway, calls: usize) -> Result<()> {
    let mut tasks = JoinSet::new();
    for task in 0..AT_ONCE {
        let gateway = gateway.clone();
        tasks.spawn(async move {
            for number in (task..calls).step_by(AT_ONCE) {
                let served = gateway.chat(&mut NoBooks, prompts::caption(&brief(number))).await;
                served.map_err(|stop| anyhow::anyhow!("no caption: {stop:?}"))?;
            }
            Ok(())
        });
    }
    tasks.join_all().await.into_iter().collect()
}

/// The same calls without any of ours.
#[derive(Clone)]
struct Bare {
    http: reqwest::Client,
    url: String,
}

impl Bare {
    fn new(url: &str) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().http1_only().tcp_nodelay(true).build()?;
        Ok(Self { http, url: format!("{url}/chat/completions") })
    }

    async fn call(&self, number: usize) -> Result<()> {
        let ask = prompts::caption(&brief(number));
        let messages: Vec<Value> = ask
            .messages
            .iter()
            .zip(["system", "user"])
            .map(|(message, role)| json!({ "role": role, "content": message.content }))
            .collect();
        let schema = ask.schema.context("captions have a schema")?;
        let body = json!({
            "model": "gpt-4o-mini",
            "messages": messages,
            "max_completion_tokens": 1_500,
            "response_format": { "type": "json_schema", "json_schema": {
                "name": schema.name, "strict": true, "schema": schema.schema,
            }},
        });
        let request = self.http.post(&self.url).bearer_auth("k1").timeout(Duration::from_secs(30)).json(&body);
        let answer: Value = request.send().await?.error_for_status()?.json().await?;
        let text = answer["choices"][0]["message"]["content"].as_str().context("a text")?;
        (ask.read)(text).map(drop).context("a caption")
    }
}

async fn bare_round(bare: &Bare, calls: usize) -> Result<()> {
    let mut tasks = JoinSet::new();
    for task in 0..AT_ONCE {
        let bare = bare.clone();
        tasks.spawn(async move {
            for number in (task..calls).step_by(AT_ONCE) {
                bare.call(number).await?;
            }
            Ok(())
        });
    }
    tasks.join_all().await.into_iter().collect()
}

/// CPU seconds of this process for each call of a round.
async fn per_call(calls: usize, round: impl Future<Output = Result<()>>) -> Result<f64> {
    let us = std::process::id();
    let before = cpu_time(us)?;
    round.await?;
    Ok((cpu_time(us)?.saturating_sub(before)).as_secs_f64() / calls as f64)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// How often each command was called, by Redis' own count.
async fn command_counts(redis: &mut redis::aio::MultiplexedConnection) -> Result<BTreeMap<String, u64>> {
    let stats: String = redis::cmd("INFO").arg("commandstats").query_async(redis).await?;
    let read = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
    };
    Ok(stats.lines().filter_map(read).collect())
}
