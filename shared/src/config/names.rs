//! The names of the environment, `.env` included.

use std::collections::BTreeMap;

use super::ConfigError;

/// Plain names and the keys of the tree that they set.
const PLAIN: [(&str, &str); 22] = [
    ("ENVIRONMENT", "environment"),
    ("HOST", "http.host"),
    ("PORT", "http.port"),
    ("PUBLIC_URL", "http.public_url"),
    ("CORS_ORIGINS", "http.cors_origins"),
    ("RATE_LIMIT_REQUESTS", "http.rate_limit_requests"),
    ("RATE_LIMIT_WINDOW", "http.rate_limit_window_seconds"),
    ("JWT_SECRET_KEY", "auth.secret"),
    ("JWT_SECRET", "auth.secret"),
    ("SECRET_KEY", "auth.secret"),
    ("JWT_ALGORITHM", "auth.algorithm"),
    ("JWT_EXPIRATION", "auth.access_seconds"),
    ("DATABASE_URL", "database.url"),
    ("DATABASE_USER", "database.user"),
    ("DATABASE_PASSWORD", "database.password"),
    ("REDIS_URL", "redis.url"),
    ("WORKER_CONCURRENCY", "worker.concurrency"),
    ("LOG_LEVEL", "log.level"),
    ("LOG_DIR", "log.dir"),
    ("DEBUG", "log.debug"),
    ("S3_BUCKET_NAME", "storage.s3.bucket"),
    ("AWS_REGION", "storage.s3.region"),
];

/// A snapshot of the environment's names and values.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Reads the environment, and `.env` in the working directory for what the environment leaves unset.
    #[expect(clippy::disallowed_methods, reason = "the one place of the programs that reads the environment")]
    pub fn read() -> Result<Self, ConfigError> {
        let mut names = BTreeMap::new();
        // Not from the folders above: the settings of another project may lie there.
        match dotenvy::from_path_iter(".env") {
            Ok(pairs) => {
                for pair in pairs {
                    let (name, value) = pair?;
                    names.insert(name, value);
                }
            }
            Err(error) if error.not_found() => {}
            Err(error) => return Err(error.into()),
        }
        names.extend(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        );
        Ok(Self(names))
    }

    /// The value of a name, or the contents of the file that `NAME_FILE` names. Empty values count as unset.
    pub fn get(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let filled = |name: &str| self.0.get(name).filter(|value| !value.trim().is_empty());
        if let Some(value) = filled(name) {
            return Ok(Some(value.clone()));
        }
        let file_name = format!("{name}_FILE");
        let Some(path) = filled(&file_name) else { return Ok(None) };
        match std::fs::read_to_string(path) {
            Ok(value) => Ok(Some(value.trim_end_matches(['\r', '\n']).to_owned())),
            Err(source) => Err(ConfigError::File { name: file_name, source }),
        }
    }

    /// The keys of the tree that plain names set. A later name of the same key wins.
    pub(super) fn plain(&self) -> Result<Vec<(&'static str, String)>, ConfigError> {
        let mut set = Vec::new();
        for (name, key) in PLAIN {
            if let Some(value) = self.get(name)? {
                set.push((key, value));
            }
        }
        if let Some(minutes) = self.get("ACCESS_TOKEN_EXPIRE_MINUTES")? {
            let minutes: u64 = minutes.trim().parse().map_err(|_| ConfigError::Invalid {
                name: "ACCESS_TOKEN_EXPIRE_MINUTES",
                why: "it must be a whole number of minutes".to_owned(),
            })?;
            set.push(("auth.access_seconds", (minutes * 60).to_string()));
        }
        if let Some(state) = self.get("STATE_DIR")? {
            set.push(("storage.path", format!("{}/media", state.trim_end_matches('/'))));
        }
        Ok(set)
    }

    /// The keys of the tree that `BROADSIDE_SECTION__KEY` names set.
    pub(super) fn prefixed(&self) -> Result<Vec<(String, String)>, ConfigError> {
        let mut set = Vec::new();
        for name in self.0.keys().filter(|name| name.starts_with("BROADSIDE_") && name.contains("__")) {
            let name = name.strip_suffix("_FILE").unwrap_or(name);
            let key = name.trim_start_matches("BROADSIDE_").to_lowercase().replace("__", ".");
            if let Some(value) = self.get(name)? {
                set.push((key, value));
            }
        }
        Ok(set)
    }
}

/// Names and values given in code, for tests.
impl<const N: usize> From<[(&str, &str); N]> for Names {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}
