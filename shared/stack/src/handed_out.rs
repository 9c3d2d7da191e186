//! What each part is given of the environment: what it needs, and no key of another.
//!
//! Provider keys go to workers, what signs tokens to the API, the simulator's options to the simulator; the servers get
//! nothing but the machine's own settings. A name that is none of ours goes to nobody. Settings that name files are
//! handed out as copies in the state folder, since a part may run as another account and in another folder than we do.

use std::path::Path;

use shared::profiles::Profiles;

use crate::settings::Environment;
use crate::state::{State, write_private};

/// Settings of the machine that every program may need.
const MACHINE: [&str; 11] = [
    "HOME",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "PATH",
    "RUST_BACKTRACE",
    "TMPDIR",
    "TZ",
    "USER",
    "LC_ALL",
];
/// How the network is reached.
const NETWORK: [&str; 10] = [
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];
/// What only the API reads: it signs tokens and links, and answers requests.
const API: [&str; 12] = [
    "ACCESS_TOKEN_EXPIRE_MINUTES",
    "CORS_ORIGINS",
    "HOST",
    "JWT_ALGORITHM",
    "JWT_EXPIRATION",
    "JWT_SECRET",
    "JWT_SECRET_KEY",
    "PORT",
    "PUBLIC_URL",
    "RATE_LIMIT_REQUESTS",
    "RATE_LIMIT_WINDOW",
    "SECRET_KEY",
];
/// What the API and the workers read.
const SHARED: [&str; 12] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "DATABASE_PASSWORD",
    "DATABASE_USER",
    "DEBUG",
    "ENVIRONMENT",
    "LOG_DIR",
    "LOG_LEVEL",
    "S3_BUCKET_NAME",
    "WORKER_CONCURRENCY",
];
/// Set by the stack itself, from whichever name they came.
const OURS: [&str; 3] = ["BROADSIDE_CONFIG", "BROADSIDE_DATABASE__URL", "BROADSIDE_REDIS__URL"];
/// Keys of the tree that name files, with the names that set them.
pub(crate) const FILES: [(&str, &str, &str); 3] = [
    ("BROADSIDE_CHECKS__PLATFORMS", "checks", "platforms"),
    ("BROADSIDE_PROVIDERS__PRICES", "providers", "prices"),
    ("BROADSIDE_PROVIDERS__PROFILES", "providers", "profiles"),
];

/// Kind of program that is given an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    Api,
    Worker,
    Simulator,
    /// Postgres or Redis.
    Server,
}

/// Returns the machine's own settings, which any program may see.
pub fn of_the_machine(environment: &Environment) -> Environment {
    environment.only(|name| is_of_the_machine(name) || name == "LOG_LEVEL")
}

fn is_of_the_machine(name: &str) -> bool {
    MACHINE.contains(&name) || name.starts_with("LC_")
}

/// Tells whether a name of ours may be given by a file that `NAME_FILE` names.
pub(crate) fn may_be_a_secret(name: &str, profiles: &Profiles) -> bool {
    API.contains(&name)
        || SHARED.contains(&name)
        || ["DATABASE_URL", "REDIS_URL"].contains(&name)
        || (name.starts_with("BROADSIDE_") && name.contains("__"))
        || is_of_a_provider(name, profiles)
}

fn is_of_a_provider(name: &str, profiles: &Profiles) -> bool {
    profiles.providers.values().any(|provider| {
        provider.base_url_name.as_deref() == Some(name) || provider.key_names.iter().any(|key| key.covers(name))
    })
}

/// Returns the names and values for a program.
pub fn environment(all: &Environment, profiles: &Profiles, recipient: Recipient) -> Vec<(String, String)> {
    let is_for = |name: &str| {
        let is_section = |section: &str| name.starts_with(&format!("BROADSIDE_{section}__"));
        let is_key = name.starts_with("BROADSIDE_") && name.contains("__") && !OURS.contains(&name);
        is_of_the_machine(name)
            || match recipient {
                Recipient::Api => NETWORK.contains(&name) || API.contains(&name) || SHARED.contains(&name) || is_key,
                Recipient::Worker => {
                    NETWORK.contains(&name)
                        || SHARED.contains(&name)
                        || is_of_a_provider(name, profiles)
                        || (is_key && !is_section("AUTH") && !is_section("HTTP") && !is_section("COMPAT"))
                }
                Recipient::Simulator => name.starts_with("SIMULATOR_"),
                Recipient::Server => false,
            }
    };
    let chosen = all.names().filter(|name| is_for(name));
    chosen.filter_map(|name| Some((name.to_owned(), all.get(name)?.to_owned()))).collect()
}

/// Writes copies of the files that settings name, for a program, and returns the settings that name the copies.
pub fn files(all: &Environment, state: &State, recipient: Recipient) -> anyhow::Result<Vec<(String, String)>> {
    let folder = state.root().join("run");
    let mut named = Vec::new();
    let mut write = |name: &str, path: &Path, text: &str| {
        write_private(path, text)?;
        named.push((name.to_owned(), path.display().to_string()));
        anyhow::Ok(())
    };
    for (name, section, key) in FILES {
        if let Some(text) = all.file(name) {
            write(name, &folder.join(format!("{section}-{key}.toml")), text)?;
        }
    }
    let mut config = all.config().clone();
    let program = if recipient == Recipient::Api { "api" } else { "worker" };
    if recipient != Recipient::Api {
        config.remove("auth");
    }
    if !config.is_empty() {
        write("BROADSIDE_CONFIG", &folder.join(format!("{program}.toml")), &config.to_string())?;
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::{Recipient, environment};
    use crate::settings::Environment;
    use shared::profiles::Profiles;

    #[test]
    fn everybody_gets_what_it_needs_and_nothing_else() {
        let all = [
            ("PATH", "/usr/bin"),
            ("LC_TIME", "C"),
            ("HTTPS_PROXY", "http://proxy"),
            ("SECRET_KEY", "s"),
            ("BROADSIDE_AUTH__PREVIOUS_SECRET", "s"),
            ("BROADSIDE_DATABASE__MAX_CONNECTIONS", "5"),
            ("BROADSIDE_DATABASE__URL", "u"),
            ("OPENAI_API_KEY", "k"),
            ("OPENROUTER_API_KEY_1", "k"),
            ("OPENAI_BASE_URL", "u"),
            ("AWS_SECRET_ACCESS_KEY", "a"),
            ("SIMULATOR_RPM", "5"),
            ("GITHUB_TOKEN", "t"),
            ("STRIPE_SECRET_KEY", "t"),
        ];
        let all = Environment::of(all);
        let profiles = Profiles::read("").expect("built in");
        let given = |recipient| {
            let names = environment(&all, &profiles, recipient).into_iter().map(|(name, _)| name);
            names.filter(|name| !["PATH", "LC_TIME"].contains(&&**name)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            given(Recipient::Api),
            "AWS_SECRET_ACCESS_KEY BROADSIDE_AUTH__PREVIOUS_SECRET BROADSIDE_DATABASE__MAX_CONNECTIONS HTTPS_PROXY SECRET_KEY"
        );
        assert_eq!(
            given(Recipient::Worker),
            "AWS_SECRET_ACCESS_KEY BROADSIDE_DATABASE__MAX_CONNECTIONS HTTPS_PROXY OPENAI_API_KEY OPENAI_BASE_URL \
             OPENROUTER_API_KEY_1"
        );
        assert_eq!(given(Recipient::Simulator), "SIMULATOR_RPM");
        assert_eq!(given(Recipient::Server), "");
    }
}
