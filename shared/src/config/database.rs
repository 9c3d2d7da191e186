//! `[database]`: Postgres.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::ConfigError;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `postgresql://user:password@host:port/name`.
    pub url: SecretString,
    /// Fill a URL that lacks them.
    pub user: String,
    pub password: SecretString,
    /// Connections that one process opens at most.
    pub max_connections: u32,
}

impl DatabaseSettings {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.url().map(|_| ())
    }

    /// The whole URL, with the user and the password filled in.
    pub fn url(&self) -> Result<SecretString, ConfigError> {
        const NAME: &str = "DATABASE_URL";
        let text = self.url.expose_secret();
        if text.is_empty() {
            return Err(ConfigError::Missing(
                NAME,
                "It looks like postgresql://user:password@localhost:5432/broadside",
            ));
        }
        let invalid = |why: &str| ConfigError::Invalid { name: NAME, why: why.to_owned() };
        let mut url = Url::parse(text).map_err(|_| invalid("it is not a URL"))?;
        match url.scheme() {
            "postgres" | "postgresql" => {}
            "psql" => return Err(invalid("write postgresql:// in place of psql://")),
            _ => return Err(invalid("it must begin with postgresql://")),
        }
        let cannot = |()| invalid("a user and a password cannot be added to it");
        if url.username().is_empty() && !self.user.is_empty() {
            url.set_username(&self.user).map_err(cannot)?;
        }
        if url.password().is_none() && !self.password.expose_secret().is_empty() {
            url.set_password(Some(self.password.expose_secret())).map_err(cannot)?;
        }
        Ok(url.to_string().into())
    }
}
