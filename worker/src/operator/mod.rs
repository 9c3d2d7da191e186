//! What an operator asks of the worker program at a terminal: are the keys and models usable, how do they stand, and let go
//! of what was put aside. No call of it costs money.

mod check;
mod release;
mod state;
mod terminal;

use std::time::Duration;

use anyhow::{Context, Result};
use redis::aio::ConnectionManager;
use shared::config::{Names, Settings};
use shared::{gateway_state, queue};

use terminal::say;

/// How the program is called.
pub const HELP: &str = "\
broadside-worker: makes the posts of Broadside

  broadside-worker                          work until SIGINT or SIGTERM
  broadside-worker providers check          ask every configured key for the list of models, and say what cannot be used:
                                            refused keys, missing models, shutdown dates, missing prices. Costs nothing.
                                            Exits with 1 when something cannot be used
  broadside-worker providers list           how keys, pools, models, limits and breakers stand
  broadside-worker providers release WHAT   use again what was put aside; WHAT is all, PROVIDER/KEY, PROVIDER/POOL,
                                            PROVIDER/POOL/MODEL, or a name as `list` shows it
  broadside-worker --version
  broadside-worker --help

Configuration is read from the environment and from .env; config/default.toml comments every key.
";

/// How long Redis may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Something to be done at the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Help,
    Version,
    Check,
    List,
    Release(String),
}

impl Command {
    /// Reads the arguments of the program; `None` when they are no command.
    pub fn parse(arguments: &[&str]) -> Option<Self> {
        Some(match arguments {
            ["--help" | "-h" | "help"] => Self::Help,
            ["--version" | "-V"] => Self::Version,
            ["providers", "check"] => Self::Check,
            ["providers", "list"] => Self::List,
            ["providers", "release", what] => Self::Release((*what).to_owned()),
            _ => return None,
        })
    }

    /// Does it, and says whether all is well.
    pub async fn run(&self) -> Result<bool> {
        match self {
            Self::Help => say(HELP)?,
            Self::Version => say(concat!("broadside-worker ", env!("CARGO_PKG_VERSION"), "\n"))?,
            Self::Check => {
                let names = Names::read()?;
                let (survey, unpriced) = crate::gateway::check(&Settings::load(&names)?, &names).await?;
                let (text, usable) = check::report(&survey, &unpriced);
                say(&text)?;
                return Ok(usable);
            }
            Self::List => {
                let (mut redis, namespace) = redis().await?;
                let state = in_time(gateway_state::read(&mut redis, &namespace)).await?;
                say(&state::report(&state))?;
            }
            Self::Release(what) => {
                let (mut redis, namespace) = redis().await?;
                let (text, released) = release::release(&mut redis, &namespace, what).await?;
                say(&text)?;
                return Ok(released);
            }
        }
        Ok(true)
    }
}

async fn redis() -> Result<(ConnectionManager, String)> {
    let settings = Settings::load(&Names::read()?)?;
    Ok((queue::connect(&settings.redis).await?, settings.redis.namespace))
}

/// What Redis answers, if it does so in time.
async fn in_time<T>(asked: impl Future<Output = Result<T, queue::QueueError>>) -> Result<T> {
    let answer = tokio::time::timeout(PATIENCE, asked).await.context("Redis gave no answer in time")?;
    answer.context("Redis cannot be reached")
}

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn arguments_are_read() {
        assert_eq!(Command::parse(&["providers", "check"]), Some(Command::Check));
        assert_eq!(Command::parse(&["providers", "release", "a/b"]), Some(Command::Release("a/b".to_owned())));
        for wrong in [&["providers"][..], &["providers", "release"], &["check"], &["providers", "list", "x"]] {
            assert_eq!(Command::parse(wrong), None, "{wrong:?}");
        }
    }
}
