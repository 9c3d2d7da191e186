//! Logs: text or JSON, to standard error or to a file a program.
//!
//! Secrets are kept out at the source: they are `SecretString`s, which print as nothing, and no request or provider body is
//! logged.

use std::fs::OpenOptions;
use std::io;

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

fn filter(settings: &LogSettings) -> Result<EnvFilter, TelemetryError> {
    let level = match settings.level.to_lowercase().as_str() {
        "warning" => "warn".to_owned(),
        "critical" | "fatal" => "error".to_owned(),
        _ => settings.level.to_lowercase(),
    };
    let level =
        if settings.debug && matches!(level.as_str(), "info" | "warn" | "error") { "debug".to_owned() } else { level };
    // Libraries that speak of every statement and connection stay quiet unless they are asked by name. What stops apalis is
    // logged where it is handled.
    Ok(EnvFilter::try_new(format!("sqlx=warn,hyper=warn,h2=warn,reqwest=warn,sea_orm=warn,apalis=off,{level}"))?)
}

fn writer(settings: &LogSettings, program: &str) -> Result<BoxMakeWriter, TelemetryError> {
    if settings.dir.is_empty() {
        return Ok(BoxMakeWriter::new(io::stderr));
    }
    std::fs::create_dir_all(&settings.dir)?;
    let file = OpenOptions::new().create(true).append(true).open(format!("{}/{program}.log", settings.dir))?;
    Ok(BoxMakeWriter::new(std::sync::Mutex::new(file)))
}
