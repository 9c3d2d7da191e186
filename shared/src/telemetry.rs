//! Logs: text or JSON, to standard error or to a file a program.
//!
//! Secrets are kept out at the source: they are `SecretString`s, which print as nothing, and no request or provider body is
//! logged.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::config::{LogFormat, LogSettings};

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("LOG_LEVEL: {0}")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    #[error("LOG_DIR: {0}")]
    Directory(#[from] io::Error),
    #[error("logging was started twice")]
    Twice,
}

/// Starts logging for a program; `program` names its file when logs go to a folder.
pub fn start(settings: &LogSettings, program: &str) -> Result<(), TelemetryError> {
    let builder = tracing_subscriber::fmt().with_env_filter(filter(settings)?).with_writer(writer(settings, program)?);
    let started = match settings.format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|_| TelemetryError::Twice)?;
    log_panics();
    Ok(())
}

/// A panic is a line of the log like any other. Its message stays out: it may hold what somebody sent.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(panic.place = place, "a part of the program panicked");
    }));
}

/// The crates of this workspace, the programs among them: what a level without a name applies to.
const OURS: [&str; 8] =
    ["api", "worker", "shared", "migration", "simulator", "broadside_api", "broadside_worker", "broadside_simulator"];

/// Builds the filter. A level alone is for our own crates; libraries say no more than warnings, unless one is asked by its
/// name, and then no more than `debug`: at `trace` they write requests and frames as they are, signed links included.
fn filter(settings: &LogSettings) -> Result<EnvFilter, TelemetryError> {
    // What stops apalis is logged where it is handled.
    let mut directives = "warn,apalis=off".to_owned();
    for part in settings.level.to_lowercase().split(',').map(str::trim).filter(|part| !part.is_empty()) {
        directives.push(',');
        directives.push_str(&directive(part, settings.debug));
    }
    Ok(EnvFilter::try_new(directives)?)
}

fn directive(part: &str, debug: bool) -> String {
    if let Some((target, level)) = part.rsplit_once('=') {
        let krate = target.split([':', '[']).next().unwrap_or_default();
        let level = if OURS.contains(&krate) || level.trim() != "trace" { level.trim() } else { "debug" };
        return format!("{}={level}", target.trim());
    }
    let level = match part {
        "warning" => "warn",
        "critical" | "fatal" => "error",
        part => part,
    };
    match level {
        "off" | "error" | "warn" | "info" | "debug" | "trace" => {
            let level = if debug && matches!(level, "info" | "warn" | "error") { "debug" } else { level };
            let quiet = if matches!(level, "off" | "error") { level } else { "warn" };
            OURS.iter().fold(quiet.to_owned(), |all, target| format!("{all},{target}={level}"))
        }
        // A name alone asks for everything of that crate.
        name => directive(&format!("{name}=trace"), debug),
    }
}

fn writer(settings: &LogSettings, program: &str) -> Result<BoxMakeWriter, TelemetryError> {
    if settings.dir.is_empty() {
        return Ok(BoxMakeWriter::new(io::stderr));
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&settings.dir)?;
    let path = format!("{}/{program}.log", settings.dir);
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    Ok(BoxMakeWriter::new(std::sync::Mutex::new(file)))
}

#[cfg(test)]
mod tests {
    use super::directive;

    #[test]
    fn a_level_alone_is_for_our_own_crates() {
        for (level, others) in
            [("trace", "warn"), ("debug", "warn"), ("warn", "warn"), ("error", "error"), ("off", "off")]
        {
            let made = directive(level, false);
            assert!(made.starts_with(&format!("{others},api={level},worker={level},")), "{made}");
        }
        assert!(directive("warning", true).starts_with("warn,api=debug,"));
    }

    #[test]
    fn no_library_writes_requests_as_they_are() {
        for (asked, given) in [
            ("hyper=trace", "hyper=debug"),
            ("hyper", "hyper=debug"),
            ("tungstenite::protocol=trace", "tungstenite::protocol=debug"),
            ("sqlx=info", "sqlx=info"),
            ("worker::gateway=trace", "worker::gateway=trace"),
            ("api[request]=trace", "api[request]=trace"),
        ] {
            assert_eq!(directive(asked, false), given, "{asked}");
        }
    }
}
