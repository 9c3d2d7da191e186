//! The whole stack: its parts, started in the order in which they need each other and stopped in the other.
//!
//! Servers first, then the simulator, then the API, which brings the database up to date and is ready when it serves,
//! then the workers. Workers stop first, so that posts in flight are finished and recorded; Postgres stops last.

use std::net::SocketAddr;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::handed_out::{self, Recipient};
use crate::part::{Part, Stop};
use crate::port;
use crate::ready::Ready;
use crate::servers::{Durability, Servers};
use crate::settings::Environment;
use crate::shutdown::Shutdown;
use crate::state::State;
use crate::supervise::Running;

/// The workspace's programs.
#[derive(Clone, Debug)]
pub struct Programs {
    pub api: PathBuf,
    pub worker: PathBuf,
    pub simulator: PathBuf,
}

impl Programs {
    /// Built beside this one.
    pub fn beside_us() -> anyhow::Result<Self> {
        let us = std::env::current_exe().context("cannot tell where this program lies")?;
        let folder = us.parent().unwrap_or(Path::new("."));
        let find = |name: &str| {
            let path = folder.join(name);
            ensure!(path.is_file(), "{} is missing: build it with `cargo build --workspace --bins`", path.display());
            Ok(path)
        };
        Ok(Self {
            api: find("broadside-api")?,
            worker: find("broadside-worker")?,
            simulator: find("broadside-simulator")?,
        })
    }
}

/// What to start, and with what.
#[derive(Clone, Debug)]
pub struct Plan {
    pub programs: Programs,
    pub host: String,
    pub port: u16,
    pub workers: usize,
    /// How long a worker may finish what it does.
    pub drain: Duration,
    /// Whether the simulator stands in for the providers.
    pub simulated: bool,
    /// Options of the simulator, such as how long it takes to answer.
    pub simulator_options: Vec<String>,
    pub durability: Durability,
    /// May name servers to use.
    pub servers: Environment,
    /// Settings from which each program is given its own.
    pub settings: Environment,
    /// For the API and the workers, beside those.
    pub environment: Vec<(String, String)>,
    /// What signs tokens and links, where the settings have none: for the API.
    pub token_secret: Option<String>,
    /// Providers that have a key: the API gets their names, the workers the keys.
    pub providers: Vec<String>,
}

/// A stack that runs.
pub struct Assembly {
    pub servers: Servers,
    /// The root of the simulator's address, when it stands in.
    pub simulator_url: Option<String>,
    simulator: Option<Running>,
    api: Option<Running>,
    workers: Vec<Running>,
}

impl Assembly {
    /// Starts everything; when a part does not start, stops the others again.
    pub async fn start(state: &State, plan: &Plan, shutdown: &Shutdown) -> anyhow::Result<Self> {
        let servers = Servers::start(state, &plan.servers, plan.durability, shutdown).await?;
        let mut assembly = Self { servers, simulator_url: None, simulator: None, api: None, workers: Vec::new() };
        match assembly.start_programs(state, plan, shutdown).await {
            Ok(()) => Ok(assembly),
            Err(error) => {
                assembly.stop(state).await;
                Err(error)
            }
        }
    }

    async fn start_programs(&mut self, state: &State, plan: &Plan, shutdown: &Shutdown) -> anyhow::Result<()> {
        if plan.simulated {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port::free()?));
            self.simulator = Some(Running::start(simulator(state, plan, address)?, shutdown).await?);
            self.simulator_url = Some(format!("http://{address}"));
        }
        let mut addresses =
            vec![("DATABASE_URL", &*self.servers.database_url), ("REDIS_URL", &*self.servers.redis_url)];
        addresses.extend(self.simulator_url.as_deref().map(|url| ("SIMULATOR_URL", url)));
        state.write_addresses(&addresses)?;

        self.api = Some(Running::start(self.api_part(state, plan)?, shutdown).await?);
        for number in 1..=plan.workers {
            self.workers.push(Running::start(self.worker_part(state, plan, number)?, shutdown).await?);
        }
        Ok(())
    }

    fn api_part(&self, state: &State, plan: &Plan) -> anyhow::Result<Part> {
        let mut part = self.program(state, plan, "api", &plan.programs.api, Recipient::Api)?;
        part.environment.extend([
            ("HOST".into(), plan.host.clone()),
            ("PORT".into(), plan.port.to_string()),
            ("BROADSIDE_PROVIDERS__AVAILABLE".into(), plan.providers.join(",")),
        ]);
        part.environment.extend(plan.token_secret.iter().map(|it| ("SECRET_KEY".to_owned(), it.clone())));
        part.ready = Ready::Http { address: reachable(&plan.host, plan.port)?, path: "/readyz".into() };
        // It brings the database up to date first, and waits while another one does.
        part.patience = Duration::from_mins(5);
        part.stop = Stop::terminate_within(Duration::from_secs(15));
        Ok(part)
    }

    fn worker_part(&self, state: &State, plan: &Plan, number: usize) -> anyhow::Result<Part> {
        let name = format!("worker-{number}");
        let mut part = self.program(state, plan, &name, &plan.programs.worker, Recipient::Worker)?;
        if let Some(url) = &self.simulator_url {
            part.environment.extend([
                ("OPENAI_BASE_URL".into(), format!("{url}/v1")),
                ("OPENAI_API_KEY".into(), "simulator".into()),
            ]);
        }
        part.stop = Stop::terminate_within(plan.drain + Duration::from_secs(5));
        Ok(part)
    }

    fn program(
        &self,
        state: &State,
        plan: &Plan,
        name: &str,
        path: &Path,
        recipient: Recipient,
    ) -> anyhow::Result<Part> {
        let mut part = part(state, plan, name, path, recipient)?;
        part.environment.extend(handed_out::files(&plan.settings, state, recipient)?);
        part.environment.extend([
            ("DATABASE_URL".into(), self.servers.database_url.clone()),
            ("REDIS_URL".into(), self.servers.redis_url.clone()),
            ("STATE_DIR".into(), state.root().display().to_string()),
        ]);
        part.environment
            .extend(self.simulator_url.iter().map(|url| ("BROADSIDE_SIMULATOR__URL".to_owned(), url.clone())));
        part.environment.extend(plan.environment.iter().cloned());
        Ok(part)
    }

    /// Stops what was started, and only that.
    pub async fn stop(self, state: &State) {
        for worker in &self.workers {
            worker.ask_to_stop();
        }
        for part in self.workers.into_iter().chain(self.api).chain(self.simulator) {
            part.stop().await;
        }
        self.servers.stop().await;
        state.forget_addresses();
    }
}

fn simulator(state: &State, plan: &Plan, address: SocketAddr) -> anyhow::Result<Part> {
    let mut part = part(state, plan, "simulator", &plan.programs.simulator, Recipient::Simulator)?;
    part.arguments = vec!["--listen".into(), address.to_string().into()];
    part.arguments.extend(plan.simulator_options.iter().map(Into::into));
    part.ready = Ready::Listens { address };
    Ok(part)
}

/// A part with what it is given of the settings. It runs in the state folder, where no `.env` lies that it could read.
fn part(state: &State, plan: &Plan, name: &str, path: &Path, recipient: Recipient) -> anyhow::Result<Part> {
    let mut part = Part::new(state, name, path);
    part.directory = Some(state.root().to_owned());
    part.environment.extend(handed_out::environment(&plan.settings, &plan.settings.profiles()?, recipient));
    Ok(part)
}

/// Where a server that listens on `host` is reached from this machine.
fn reachable(host: &str, port: u16) -> anyhow::Result<SocketAddr> {
    let mut address = (host, port).to_socket_addrs().ok().and_then(|mut it| it.next()).context("HOST is no address")?;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(std::net::Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(address)
}
