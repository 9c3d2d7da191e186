//! What the environment and `.env` say about starting. The environment wins; empty means unset.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use shared::profiles::{KeyName, Profiles};

use crate::handed_out;

/// Names that hold the token secret, any one of which makes a generated one unnecessary.
const SECRET_NAMES: [&str; 3] = ["SECRET_KEY", "JWT_SECRET", "JWT_SECRET_KEY"];

/// Variables by name, from two sources, and the content of the files that settings name. It can be handed to another
/// process, which need not be able to read those files.
#[derive(Clone, Default, Deserialize, Serialize)]
pub struct Environment {
    process: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
    /// Content of the file that `BROADSIDE_CONFIG` names.
    config: toml::Table,
    /// Contents of the files that further settings name, by the names that set them.
    files: BTreeMap<String, String>,
}

/// Values may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Environment {
    /// Returns this process' environment.
    #[expect(clippy::disallowed_methods, reason = "the one place of this program that reads the environment")]
    pub fn of_process() -> Self {
        let process = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { process, ..Self::default() }
    }

    /// Reads the `.env` of the working directory, where there is one, and every file that a setting names.
    pub fn read_files(mut self) -> anyhow::Result<Self> {
        self.file = read_file(Path::new(".env"))?;
        if let Some(path) = self.get("BROADSIDE_CONFIG") {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read BROADSIDE_CONFIG={path}"))?;
            self.config = text.parse().with_context(|| format!("BROADSIDE_CONFIG={path} is not TOML"))?;
        }
        for (name, section, key) in handed_out::FILES {
            if let Some(path) = self.setting("", section, key)? {
                let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {name}={path}"))?;
                self.files.insert(name.to_owned(), text);
            }
        }
        // Our programs run elsewhere.
        for (name, given) in [
            ("BROADSIDE_LOG__DIR", self.setting("LOG_DIR", "log", "dir")?),
            ("BROADSIDE_STORAGE__PATH", self.get("BROADSIDE_STORAGE__PATH").map(str::to_owned)),
        ] {
            if let Some(folder) = given {
                let folder = std::path::absolute(&folder).with_context(|| format!("{name}={folder}"))?;
                self.process.insert(name.to_owned(), folder.display().to_string());
            }
        }
        self.read_secrets()?;
        Ok(self)
    }

    /// Replaces `NAME_FILE` by what that file holds, for the names that our programs know.
    fn read_secrets(&mut self) -> anyhow::Result<()> {
        let profiles = self.profiles()?;
        let named: Vec<String> =
            self.names().filter_map(|name| name.strip_suffix("_FILE")).map(str::to_owned).collect();
        for name in named.iter().filter(|name| handed_out::may_be_a_secret(name, &profiles)) {
            if let Some(value) = self.secret(name)? {
                let file_name = format!("{name}_FILE");
                let source = if self.process.remove(&file_name).is_some() { &mut self.process } else { &mut self.file };
                source.insert(name.clone(), value);
                self.file.remove(&file_name);
            }
        }
        Ok(())
    }

    /// Returns the provider profiles that the settings name, or the built-in ones.
    pub fn profiles(&self) -> anyhow::Result<Profiles> {
        Ok(match self.file("BROADSIDE_PROVIDERS__PROFILES") {
            Some(text) => Profiles::parse("BROADSIDE_PROVIDERS__PROFILES", text)?,
            None => Profiles::read("")?,
        })
    }

    /// Returns the content of the file that a setting names.
    pub fn file(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(String::as_str)
    }

    /// Returns what the file that `BROADSIDE_CONFIG` names holds.
    pub fn config(&self) -> &toml::Table {
        &self.config
    }

    /// Returns the same with those names only, and no files.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&str) -> bool) -> Self {
        let process = self.process.iter().filter(|(name, _)| keep(name));
        Self { process: process.map(|(name, value)| (name.clone(), value.clone())).collect(), ..Self::default() }
    }

    /// Returns what a program needs to speak to the person at the terminal.
    pub fn of_the_terminal(&self) -> BTreeMap<String, String> {
        let wanted = ["PATH", "TERM", "LANG", "LC_ALL", "COLUMNS", "RUST_BACKTRACE", "NO_COLOR"];
        self.only(|name| wanted.contains(&name)).process
    }

    /// Variables of the process only, given in code.
    pub fn of<const N: usize>(process: [(&str, &str); N]) -> Self {
        process.into_iter().fold(Self::default(), |environment, (name, value)| environment.with(name, value))
    }

    /// One variable more, or another value of it.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.process.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same without `.env`: for what must not touch a configured installation by accident.
    #[must_use]
    pub fn without_file(mut self) -> Self {
        self.file.clear();
        self
    }

    /// What the programs will take for a setting of ours, by their order: `BROADSIDE_SECTION__KEY`, the plain name, the
    /// configuration file.
    pub fn setting(&self, plain: &str, section: &str, key: &str) -> anyhow::Result<Option<String>> {
        let prefixed = format!("BROADSIDE_{}__{}", section.to_uppercase(), key.to_uppercase());
        if let Some(value) = self.secret(&prefixed)?.or(self.secret(plain)?) {
            return Ok(Some(value));
        }
        let configured = match section {
            "" => self.config.get(key),
            _ => self.config.get(section).and_then(|it| it.get(key)),
        };
        Ok(configured.map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned)).filter(|it| !it.is_empty()))
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
        let names: BTreeSet<&str> = self.process.keys().chain(self.file.keys()).map(String::as_str).collect();
        names.into_iter().filter(|name| self.get(name).is_some())
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
    /// Where the API listens; this machine only unless told otherwise.
    pub host: String,
    pub port: Option<u16>,
    pub workers: usize,
    /// How long a worker that is told to stop may finish what it does.
    pub drain: Duration,
    pub production: bool,
}

impl Settings {
    pub fn from_environment(environment: Environment) -> anyhow::Result<Self> {
        let state_dir = PathBuf::from(environment.get("STATE_DIR").unwrap_or(".local"));
        let port = environment.setting("PORT", "http", "port")?;
        let port = port.map(|it| number("PORT", &it, 1..=u16::MAX, "a port number from 1 to 65535")).transpose()?;
        let workers = number("WORKERS", environment.get("WORKERS").unwrap_or("2"), 1..=64, "a number from 1 to 64")?;
        let drain = environment.setting("", "worker", "drain_seconds")?;
        let drain = drain.as_deref().unwrap_or("25");
        let drain = number("BROADSIDE_WORKER__DRAIN_SECONDS", drain, 0..=86_400, "a number of seconds")?;
        let production = environment.setting("ENVIRONMENT", "", "environment")?;
        Ok(Self {
            state_dir: std::path::absolute(&state_dir).with_context(|| format!("STATE_DIR={}", state_dir.display()))?,
            host: environment.setting("HOST", "http", "host")?.unwrap_or_else(|| "127.0.0.1".to_owned()),
            port,
            workers,
            drain: Duration::from_secs(drain),
            production: production.is_some_and(|it| it.eq_ignore_ascii_case("production")),
            environment,
        })
    }

    /// Whether a secret for tokens is configured; otherwise one is generated.
    pub fn has_token_secret(&self) -> anyhow::Result<bool> {
        for name in SECRET_NAMES {
            if self.environment.setting(name, "auth", "secret")?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Names of the providers that have a key, by which the API knows them without holding the keys.
    pub fn providers_with_keys(&self) -> anyhow::Result<Vec<String>> {
        let profiles = self.environment.profiles()?;
        let has_key = |names: &[KeyName]| names.iter().any(|key| self.environment.names().any(|name| key.covers(name)));
        let with_keys = profiles.providers.iter().filter(|(_, provider)| has_key(&provider.key_names));
        Ok(with_keys.map(|(name, _)| name.clone()).collect())
    }

    /// Names of the variables that hold keys of real providers.
    pub fn provider_keys(&self) -> anyhow::Result<Vec<String>> {
        let profiles = self.environment.profiles()?;
        let known: Vec<_> = profiles.providers.values().flat_map(|provider| &provider.key_names).collect();
        let is_key = |name: &&str| known.iter().any(|key| key.covers(name));
        Ok(self.environment.names().filter(is_key).map(str::to_owned).collect())
    }
}

fn number<T: FromStr + PartialOrd>(
    name: &str,
    value: &str,
    range: RangeInclusive<T>,
    allowed: &str,
) -> anyhow::Result<T> {
    match value.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => bail!("{name}={value} is not {allowed}"),
    }
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
    fn our_own_names_win_over_plain_ones_and_both_over_the_file() {
        let mut environment = Environment::of([("DATABASE_URL", "plain"), ("BROADSIDE_REDIS__URL", "ours")]);
        environment.config = "redis.url = 'file'\nhttp.port = 8100".parse().expect("is TOML");
        let setting = |plain, section, key| environment.setting(plain, section, key).expect("is readable");
        assert_eq!(setting("DATABASE_URL", "database", "url").as_deref(), Some("plain"));
        assert_eq!(setting("REDIS_URL", "redis", "url").as_deref(), Some("ours"));
        assert_eq!(setting("PORT", "http", "port").as_deref(), Some("8100"));
        assert_eq!(setting("HOST", "http", "host"), None);
    }

    #[test]
    fn provider_keys_are_recognised_by_name() {
        let environment = Environment::of([
            ("OPENAI_API_KEY", "a"),
            ("OPENAI_API_KEY_2", "a"),
            ("OPENROUTER_API_KEY_1", ""),
            ("A4F_API_KEY_FILE", "/run/secret"),
            ("OPENAI_API_KEYS", "a"),
            ("WEATHER_API_KEY", "a"),
            ("OPENAI_BASE_URL", "http://x"),
        ]);
        let settings = Settings::from_environment(environment).expect("is valid");
        assert_eq!(
            settings.provider_keys().expect("are known"),
            ["A4F_API_KEY_FILE", "OPENAI_API_KEY", "OPENAI_API_KEY_2"]
        );
    }
}
