//! Provider profiles for trials: the ones that ship, pointed at other addresses, with other limits and routes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use simulator::Limits;
use toml::{Table, Value};

use crate::options::{Options, Stating};

/// The profiles that ship.
const SHIPPED: &str = include_str!("../../../config/providers.toml");

/// A `providers.toml` in the making.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    table: Table,
    limits: Stating,
}

impl Profile {
    /// What ships.
    pub(crate) fn shipped(options: &Options) -> Result<Self> {
        Self::stating(options.limits)
    }

    fn stating(limits: Stating) -> Result<Self> {
        Ok(Self { table: SHIPPED.parse().context("config/providers.toml")?, limits })
    }

    /// Sends the calls of a provider to `base`; each of its keys is a pool of its own.
    pub(crate) fn at(mut self, provider: &str, base: &str) -> Self {
        let table = self.table(&["providers", provider]);
        table.insert("base_url".to_owned(), base.into());
        table.insert("pooling".to_owned(), "each".into());
        table.remove("base_url_name");
        self
    }

    /// States a provider's limits for each pool and model, in a window of so many seconds.
    pub(crate) fn limited(mut self, provider: &str, limits: Limits, window_seconds: u64) -> Self {
        if self.limits == Stating::Nothing {
            return self;
        }
        let table = self.table(&["providers", provider]);
        let stated = [
            ("requests_per_minute", limits.requests),
            ("tokens_per_minute", limits.tokens),
            ("images_per_minute", limits.images),
        ];
        for (name, limit) in stated {
            if let Some(limit) = limit {
                table.insert(name.to_owned(), whole(limit));
            }
        }
        table.insert("window_seconds".to_owned(), whole(window_seconds));
        self
    }

    /// States how many calls a provider takes at once, for each pool.
    pub(crate) fn in_flight(mut self, provider: &str, calls: usize) -> Self {
        if self.limits == Stating::Limits {
            self.table(&["providers", provider]).insert("in_flight".to_owned(), whole(calls as u64));
        }
        self
    }

    /// The models that a step asks, in order: provider and model.
    pub(crate) fn route(mut self, step: &str, models: &[(&str, &str)]) -> Self {
        let models = models.iter().map(|(provider, model)| {
            let pair = [("provider", *provider), ("model", *model)];
            Value::Table(pair.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect())
        });
        let models = Value::Array(models.collect());
        self.table(&["routes", step]).insert("models".to_owned(), models);
        self
    }

    /// Sets one number of a route, such as `deadline_seconds`.
    pub(crate) fn route_number(mut self, step: &str, name: &str, number: u64) -> Self {
        self.table(&["routes", step]).insert(name.to_owned(), whole(number));
        self
    }

    /// Sets one number of the limits on a post's tries.
    pub(crate) fn limit(mut self, name: &str, number: u64) -> Self {
        self.table(&["limits"]).insert(name.to_owned(), whole(number));
        self
    }

    /// Writes the file.
    pub(crate) fn write(&self, folder: &Path) -> Result<PathBuf> {
        let path = folder.join("providers.toml");
        std::fs::write(&path, toml::to_string(&self.table)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// The table at a path; made where it is missing.
    fn table(&mut self, path: &[&str]) -> &mut Table {
        let mut table = &mut self.table;
        for name in path {
            let entry = table.entry((*name).to_owned()).or_insert_with(|| Value::Table(Table::new()));
            if !entry.is_table() {
                *entry = Value::Table(Table::new());
            }
            let Value::Table(inner) = entry else { unreachable!("it was made a table") };
            table = inner;
        }
        table
    }
}

fn whole(number: u64) -> Value {
    Value::Integer(number as i64)
}

#[cfg(test)]
mod tests {
    use super::{Profile, Stating};

    #[test]
    fn what_is_not_changed_is_what_ships() {
        let profile = Profile::stating(Stating::Limits)
            .expect("it parses")
            .at("openai", "http://127.0.0.1:1/v1")
            .route("caption", &[("openai", "gpt-4o-mini")])
            .limit("repeats", 1);
        let text = toml::to_string(&profile.table).expect("it is written");
        assert!(text.contains("base_url = \"http://127.0.0.1:1/v1\"") && text.contains("repeats = 1"), "{text}");
        assert!(text.contains("[limits]") && text.contains("a4f"), "{text}");
    }
}
