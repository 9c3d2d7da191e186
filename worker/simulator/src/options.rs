//! The program's options: flags, or environment variables of the same name (`--chat-latency-ms` is
//! `SIMULATOR_CHAT_LATENCY_MS`). A flag wins over the environment.

use std::{collections::HashMap, path::Path, str::FromStr};

use anyhow::{Context, bail};
use simulator::{Latency, LimitScope, Limits, Prices, ProviderKey, Scenario, SimulatorConfig, TokenCharge};

pub(crate) const HELP: &str = "\
A stand-in for OpenAI-compatible providers.

Usage: broadside-simulator [OPTIONS]

  --listen ADDRESS            where to listen; port 0 takes a free one [127.0.0.1:0]
  --keys KEY[@POOL],...       keys that are accepted; keys of one pool share its limits [any key]
  --rpm N, --tpm N, --ipm N   requests, tokens and images per minute and pool [no limits]
  --limits-per-model          each model of a pool has the limits to itself
  --tokens-as-used            charge the tokens that were used, not those that were reserved
  --chat-latency-ms N         median time to a text completion [0]
  --chat-latency-sigma X      its log-normal spread, 0 to 3 [0]
  --image-latency-ms N        median time to an image [0]
  --image-latency-sigma X     its log-normal spread, 0 to 3 [0]
  --batch-latency-ms N        median time from the creation of a batch to its first line [0]
  --scenario FILE             faults from the start (TOML)
  --prices FILE               price list [the one that was built in]
  --retire-models             models past their shutdown date are gone
  --retired MODEL,...         these models are gone [none]
  --context-tokens N          tokens that a model takes at most [128000]
  --image-pool N              draw only N different pictures (for benchmarks)
  --seed N                    decides latencies and random faults [1]
  --threads N                 threads that serve connections [all cores]
  --help                      this text

Every option can also be given in the environment: --chat-latency-ms as SIMULATOR_CHAT_LATENCY_MS.
The base URL is printed on standard output, everything else is logged on standard error.
";

/// Options with a value.
const VALUED: [&str; 17] = [
    "listen",
    "keys",
    "rpm",
    "tpm",
    "ipm",
    "chat-latency-ms",
    "chat-latency-sigma",
    "image-latency-ms",
    "image-latency-sigma",
    "batch-latency-ms",
    "scenario",
    "prices",
    "retired",
    "context-tokens",
    "image-pool",
    "seed",
    "threads",
];

/// Options that are there or not.
const SWITCHES: [&str; 3] = ["limits-per-model", "tokens-as-used", "retire-models"];

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    Serve(Box<SimulatorConfig>),
    Help,
}

pub(crate) fn read(
    arguments: impl Iterator<Item = String>,
    environment: impl Iterator<Item = (String, String)>,
) -> anyhow::Result<Command> {
    let mut given = from_environment(environment)?;
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        if argument == "--help" || argument == "-h" {
            return Ok(Command::Help);
        }
        let Some(name) = argument.strip_prefix("--") else { bail!("unexpected argument `{argument}` (see --help)") };
        let (name, inline) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (name, None),
        };
        let value = if SWITCHES.contains(&name) {
            inline.unwrap_or_else(|| "true".into())
        } else if VALUED.contains(&name) {
            inline.or_else(|| arguments.next()).with_context(|| format!("--{name} needs a value"))?
        } else {
            bail!("unknown option --{name} (see --help)")
        };
        given.insert(name.to_owned(), value);
    }
    Ok(Command::Serve(Box::new(Given(given).config()?)))
}

fn from_environment(variables: impl Iterator<Item = (String, String)>) -> anyhow::Result<HashMap<String, String>> {
    let mut given = HashMap::new();
    for (variable, value) in variables {
        let Some(name) = variable.strip_prefix("SIMULATOR_") else { continue };
        // Where others reach the simulator is told to them under this name.
        if name == "URL" {
            continue;
        }
        let name = name.to_ascii_lowercase().replace('_', "-");
        if !VALUED.contains(&name.as_str()) && !SWITCHES.contains(&name.as_str()) {
            bail!("unknown variable {variable} (see --help)");
        }
        given.insert(name, value);
    }
    Ok(given)
}

struct Given(HashMap<String, String>);

impl Given {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn parsed<T: FromStr>(&self, name: &str) -> anyhow::Result<Option<T>> {
        let Some(value) = self.text(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| anyhow::anyhow!("--{name}: `{value}` is not valid"))
    }

    fn switch(&self, name: &str) -> anyhow::Result<bool> {
        Ok(self.parsed(name)?.unwrap_or(false))
    }

    fn latency(&self, kind: &str) -> anyhow::Result<Latency> {
        let sigma: f64 = self.parsed(&format!("{kind}-latency-sigma"))?.unwrap_or(0.0);
        if !(0.0..=3.0).contains(&sigma) {
            bail!("--{kind}-latency-sigma must be between 0 and 3");
        }
        Ok(Latency { median_ms: self.parsed(&format!("{kind}-latency-ms"))?.unwrap_or(0), sigma })
    }

    fn config(&self) -> anyhow::Result<SimulatorConfig> {
        let usual = SimulatorConfig::default();
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let listed = |name: &str| {
            let values = self.text(name).unwrap_or_default().split(',').map(str::trim);
            values.filter(|value| !value.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let scenario = match self.text("scenario") {
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| format!("scenario {path}"))?;
                Scenario::from_toml(&text).map_err(|why| anyhow::anyhow!("scenario {path}: {why}"))?
            }
            None => usual.scenario,
        };
        let prices = match self.text("prices") {
            Some(path) => Prices::read(Path::new(path))?,
            None => usual.prices,
        };
        Ok(SimulatorConfig {
            listen: self.parsed("listen")?.unwrap_or(usual.listen),
            keys: listed("keys").iter().map(|key| ProviderKey::from(key.as_str())).collect(),
            limits: Limits { requests: self.parsed("rpm")?, tokens: self.parsed("tpm")?, images: self.parsed("ipm")? },
            limit_scope: if self.switch("limits-per-model")? { LimitScope::PoolAndModel } else { LimitScope::Pool },
            token_charge: if self.switch("tokens-as-used")? { TokenCharge::Used } else { TokenCharge::Reserved },
            chat_latency: self.latency("chat")?,
            image_latency: self.latency("image")?,
            batch_latency: self.latency("batch")?,
            scenario,
            retired: known(listed("retired"), &prices)?,
            prices,
            retire_models: self.switch("retire-models")?,
            context_tokens: self.parsed("context-tokens")?.unwrap_or(usual.context_tokens),
            image_pool: self.parsed("image-pool")?,
            seed: self.parsed("seed")?.unwrap_or(usual.seed),
            threads: self.parsed("threads")?.unwrap_or(cores),
            ..SimulatorConfig::default()
        })
    }
}

/// A name that no model has is a mistake.
fn known(models: Vec<String>, prices: &Prices) -> anyhow::Result<Vec<String>> {
    match models.iter().find(|id| !prices.lists(id)) {
        Some(id) => bail!("--retired: the price list has no `{id}`"),
        None => Ok(models),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<Command> {
        read(
            arguments.iter().map(ToString::to_string),
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    fn config(arguments: &[&str], environment: &[(&str, &str)]) -> SimulatorConfig {
        match read_all(arguments, environment) {
            Ok(Command::Serve(config)) => *config,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn flags_win_over_the_environment() {
        let environment = [("SIMULATOR_CHAT_LATENCY_MS", "100"), ("SIMULATOR_RPM", "60"), ("HOME", "/")];
        let config = config(&["--chat-latency-ms", "200", "--ipm=5", "--keys", "k1@acme, k2"], &environment);
        assert_eq!(config.chat_latency.median_ms, 200);
        assert_eq!(config.limits, Limits { requests: Some(60), tokens: None, images: Some(5) });
        assert_eq!(config.keys, [ProviderKey::new("k1").in_pool("acme"), ProviderKey::new("k2")]);
    }

    #[test]
    fn switches_need_no_value() {
        let config = config(
            &["--retire-models", "--seed", "9", "--retired", "gpt-4, dall-e-3"],
            &[("SIMULATOR_LIMITS_PER_MODEL", "true")],
        );
        assert_eq!(config.retired, ["gpt-4", "dall-e-3"]);
        assert!(config.retire_models);
        assert_eq!((config.limit_scope, config.seed), (LimitScope::PoolAndModel, 9));
    }

    #[test]
    fn mistakes_are_named() {
        let refused = |arguments: &[&str]| read_all(arguments, &[]).expect_err("refused").to_string();
        assert!(refused(&["--rpn", "3"]).contains("--rpn"));
        assert!(refused(&["--rpm", "many"]).contains("many"));
        assert!(refused(&["--rpm"]).contains("needs a value"));
        assert!(refused(&["run"]).contains("run"));
        assert!(refused(&["--retired", "gpt-none"]).contains("gpt-none"));
        assert!(refused(&["--chat-latency-sigma", "7"]).contains("between 0 and 3"));
        let unknown = read_all(&[], &[("SIMULATOR_RPN", "3")]).expect_err("refused");
        assert!(unknown.to_string().contains("SIMULATOR_RPN"));
    }
}
