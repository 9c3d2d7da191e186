//! What the environment and `.env` say about starting. The environment wins; empty means unset.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Names that hold the token secret, any one of which makes a generated one unnecessary.
const SECRET_NAMES: [&str; 3] = ["SECRET_KEY", "JWT_SECRET", "JWT_SECRET_KEY"];

/// Variables by name, from two sources.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    process: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
}

impl Environment {
    /// This process' environment and the `.env` of the working directory, when there is one.
    #[expect(clippy::disallowed_methods, reason = "the one place of this program that reads the environment")]
    pub fn read() -> anyhow::Result<Self> {
        let process = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Self { process, file: read_file(Path::new(".env"))? })
    }

    /// Variables of the process only, for tests.
    pub fn of<const N: usize>(process: [(&str, &str); N]) -> Self {
        let process = process.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { process, file: BTreeMap::new() }
    }

    /// The same without `.env`: for what must not touch a configured installation by accident.
    #[must_use]
    pub fn without_file(mut self) -> Self {
        self.file.clear();
        self
    }

    /// The value that holds, unless it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.process.get(name).or_else(|| self.file.get(name)).map(|value| value.trim()).filter(|it| !it.is_empty())
    }

    /// Like [`get`](Self::get), or the content of the file that `NAME_FILE` names.
    pub fn secret(&self, name: &str) -> anyhow::Result<Option<String>> {
        if let Some(value) = self.get(name) {
            return Ok(Some(value.to_owned()));
        }
        let file_name = format!("{name}_FILE");
        let Some(path) = self.get(&file_name) else { return Ok(None) };
        let content = std::fs::read_to_string(path).with_context(|| format!("cannot read {file_name}={path}"))?;
        Ok(Some(content.trim().to_owned()).filter(|it| !it.is_empty()))
    }

    /// Names that are set to something, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names: std::collections::BTreeSet<&str> =
            self.process.keys().chain(self.file.keys()).map(String::as_str).collect();
        names.into_iter().filter(|name| self.get(name).is_some())
    }

    fn number<T: std::str::FromStr>(&self, name: &str, allowed: &str) -> anyhow::Result<Option<T>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => bail!("{name}={value} is not {allowed}"),
        }
    }
}

fn read_file(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    dotenvy::from_path_iter(path)
        .and_then(Iterator::collect)
        // The parser's message would quote the line, and the line may hold a key.
        .map_err(|_| anyhow::anyhow!("{} cannot be read as lines of NAME=value", path.display()))
}

/// How to start, after checks.
#[derive(Clone, Debug)]
pub struct Settings {
    pub environment: Environment,
    /// Absolute.
    pub state_dir: PathBuf,
    pub host: String,
    pub port: Option<u16>,
    pub workers: usize,
    pub production: bool,
}

impl Settings {
    pub fn from_environment(environment: Environment) -> anyhow::Result<Self> {
        let state_dir = PathBuf::from(environment.get("STATE_DIR").unwrap_or(".local"));
        let port = environment.number("PORT", "a port number from 1 to 65535")?;
        if port == Some(0) {
            bail!("PORT=0 is not a port number from 1 to 65535");
        }
        let workers = environment.number("WORKERS", "a number from 1 to 64")?.unwrap_or(2);
        if !(1..=64).contains(&workers) {
            bail!("WORKERS={workers} is not a number from 1 to 64");
        }
        Ok(Self {
            state_dir: std::path::absolute(&state_dir).with_context(|| format!("STATE_DIR={}", state_dir.display()))?,
            host: environment.get("HOST").unwrap_or("127.0.0.1").to_owned(),
            port,
            workers,
            production: environment.get("ENVIRONMENT").is_some_and(|it| it.eq_ignore_ascii_case("production")),
            environment,
        })
    }

    /// Whether a secret for tokens is configured; otherwise one is generated.
    pub fn has_token_secret(&self) -> bool {
        SECRET_NAMES
            .iter()
            .any(|name| self.environment.get(name).or(self.environment.get(&format!("{name}_FILE"))).is_some())
    }

    /// Names of the variables that hold keys of real providers.
    pub fn provider_keys(&self) -> Vec<String> {
        self.environment.names().filter(|name| is_provider_key(name)).map(str::to_owned).collect()
    }
}

/// `OPENAI_API_KEY`, `OPENROUTER_API_KEY_2`, `A4F_API_KEY_FILE` and the like.
fn is_provider_key(name: &str) -> bool {
    let name = name.strip_suffix("_FILE").unwrap_or(name);
    let Some((_, number)) = name.split_once("_API_KEY") else { return false };
    number.is_empty()
        || number.strip_prefix('_').is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_means_unset_and_defaults_hold() {
        let settings =
            Settings::from_environment(Environment::of([("PORT", ""), ("STATE_DIR", "there")])).expect("is valid");
        assert_eq!(settings.port, None);
        assert_eq!(settings.workers, 2);
        assert!(settings.state_dir.is_absolute() && settings.state_dir.ends_with("there"));
    }

    #[test]
    fn bad_numbers_are_named() {
        for (name, value) in [("PORT", "http"), ("PORT", "70000"), ("PORT", "0"), ("WORKERS", "0"), ("WORKERS", "-1")] {
            let error = Settings::from_environment(Environment::of([(name, value)])).expect_err("is refused");
            assert!(error.to_string().starts_with(&format!("{name}={value} is not")), "{error}");
        }
    }

    #[test]
    fn provider_keys_are_recognised_by_name() {
        let environment = Environment::of([
            ("OPENAI_API_KEY", "a"),
            ("OPENAI_API_KEY_2", "a"),
            ("OPENROUTER_API_KEY_1", ""),
            ("A4F_API_KEY_FILE", "/run/secret"),
            ("OPENAI_API_KEYS", "a"),
            ("OPENAI_BASE_URL", "http://x"),
        ]);
        let settings = Settings::from_environment(environment).expect("is valid");
        assert_eq!(settings.provider_keys(), ["A4F_API_KEY_FILE", "OPENAI_API_KEY", "OPENAI_API_KEY_2"]);
    }
}
