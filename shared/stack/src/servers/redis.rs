//! A private Redis. It keeps nothing: the queue in it can be lost at any time and is made again
//! from Postgres.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use super::account::Account;
use super::find;
use crate::part::{Part, Stop};
use crate::port;
use crate::ready::Ready;
use crate::secret;
use crate::state::State;

/// A server that is ready to be started.
#[derive(Debug)]
pub struct Redis {
    program: PathBuf,
    account: Option<Account>,
    port: u16,
    password: String,
}

impl Redis {
    pub fn prepare() -> anyhow::Result<Self> {
        let program = find::redis().context("redis-server is missing")?;
        Ok(Self { program, account: Account::for_servers(None)?, port: port::free()?, password: secret::random()? })
    }

    pub fn url(&self) -> String {
        format!("redis://default:{}@127.0.0.1:{}/0", self.password, self.port)
    }

    pub fn part(&self, state: &State) -> Part {
        let mut part = Part::new(state, "redis", &self.program);
        part.arguments = vec!["-".into()];
        part.input = Some(format!(
            "bind 127.0.0.1\nport {}\nrequirepass {}\nsave \"\"\nappendonly no\ndaemonize no\nlogfile \"\"\n",
            self.port, self.password
        ));
        part.account.clone_from(&self.account);
        part.directory = Some("/".into());
        part.ready = Ready::Redis { port: self.port, password: self.password.clone() };
        part.stop = Stop::terminate_within(Duration::from_secs(10));
        part
    }
}
