//! `[log]`: what is logged, and how.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// A level (`WARNING` too), or directives such as `info,worker=debug`.
    pub level: String,
    pub format: LogFormat,
    /// A folder for log files; empty for standard error.
    pub dir: String,
    /// Raises the level to debug.
    pub debug: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}
