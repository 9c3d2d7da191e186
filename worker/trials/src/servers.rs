//! The servers that trials use.

use anyhow::{Context, Result};
use shared::config::Names;
use url::Url;

/// Where Postgres and Redis are.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    pub(crate) database: Url,
    pub(crate) redis: String,
    /// Where the machine finds programs.
    pub(crate) path: String,
}

impl Servers {
    pub(crate) fn named(names: &Names) -> Result<Self> {
        let needed =
            |name: &'static str| names.get(name)?.with_context(|| format!("{name} is not set: run `make trials`"));
        Ok(Self {
            database: needed("DATABASE_URL")?.parse().context("DATABASE_URL is no URL")?,
            redis: needed("REDIS_URL")?,
            path: names.get("PATH")?.unwrap_or_default(),
        })
    }
}
