//! A Redis that a trial may stop and start again, on a port that stays.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::ground::Ground;

/// A server of the trial's own. It keeps nothing, and ends with the trial.
#[derive(Debug)]
pub(crate) struct RedisServer {
    port: u16,
    folder: PathBuf,
    path: String,
    process: Option<Child>,
}

impl RedisServer {
    pub(crate) async fn start(ground: &Ground) -> Result<Self> {
        // Freed here and taken again by the server: nobody else asks for ports in between, or the start fails by name.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut server = Self { port, folder: ground.folder.clone(), path: ground.path().to_owned(), process: None };
        server.again().await?;
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it at once, and with it everything it held.
    pub(crate) async fn crash(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill().await?;
        }
        Ok(())
    }

    /// Starts it, empty, and waits until it answers.
    pub(crate) async fn again(&mut self) -> Result<()> {
        let port = self.port.to_string();
        let process = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .env("PATH", &self.path)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("redis-server cannot be started")?;
        self.process = Some(process);
        let began = Instant::now();
        while !answers(&self.url()).await {
            if began.elapsed() > Duration::from_secs(10) {
                bail!("redis-server does not answer on port {port}");
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

async fn answers(url: &str) -> bool {
    let asked = async {
        let mut redis = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
        redis::cmd("PING").query_async::<String>(&mut redis).await
    };
    matches!(tokio::time::timeout(Duration::from_secs(1), asked).await, Ok(Ok(_)))
}
