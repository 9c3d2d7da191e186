//! What others may see of a catalog: the snapshot for the API and operators, and the line for logs. Labels, never a key.

use std::fmt;

use shared::domain::Step;
use shared::gateway_state::{self, Dimension};

use super::{Catalog, Model};

impl Catalog {
    /// What others may see of it.
    pub(crate) fn shown(&self) -> gateway_state::Catalog {
        let providers = self.providers.iter().enumerate().map(|(index, provider)| gateway_state::CatalogProvider {
            name: provider.name.clone(),
            dialect: format!("{:?}", provider.dialect).to_lowercase(),
            host: provider.host.clone(),
            window_seconds: provider.bounds.window.length().as_secs(),
            pools: provider.pools.iter().map(|pool| self.shown_pool(*pool)).collect(),
            models: self.shown_models(index),
        });
        gateway_state::Catalog { providers: providers.collect() }
    }

    fn shown_pool(&self, pool: usize) -> gateway_state::CatalogPool {
        let pool = &self.pools[pool];
        let keys = pool.keys.iter().map(|key| self.keys[*key].label.clone()).collect();
        gateway_state::CatalogPool { name: pool.name.clone(), keys }
    }

    fn shown_models(&self, provider: usize) -> Vec<gateway_state::CatalogModel> {
        let mut shown: Vec<gateway_state::CatalogModel> = Vec::new();
        for (name, route) in self.routes() {
            for model in route.models.iter().filter(|model| model.provider == provider) {
                if let Some(known) = shown.iter_mut().find(|known| known.name == model.name) {
                    known.steps.push(name.to_owned());
                    continue;
                }
                let limits = Dimension::ALL.into_iter().zip(model.stated).filter(|(_, limit)| *limit > 0);
                shown.push(gateway_state::CatalogModel {
                    steps: vec![name.to_owned()],
                    name: model.name.clone(),
                    meter: self.providers[provider].meter(model).to_owned(),
                    limits: limits.collect(),
                });
            }
        }
        shown
    }
}

/// For logs: providers with their pools and the labels of their keys, and each route's models. Never a key.
impl fmt::Display for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for provider in &self.providers {
            write!(f, "{} at {} (", provider.name, provider.base)?;
            for (at, pool) in provider.pools.iter().map(|pool| &self.pools[*pool]).enumerate() {
                let labels: Vec<_> = pool.keys.iter().map(|key| self.keys[*key].label.as_str()).collect();
                write!(f, "{}pool {}: {}", if at > 0 { "; " } else { "" }, pool.name, labels.join(", "))?;
            }
            f.write_str("); ")?;
        }
        let chain = |models: &[Model]| {
            let names: Vec<_> = models.iter().map(|model| model.name.as_str()).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        let of = |step: Step| chain(self.route(step).map_or(&[][..], |route| &route.models));
        let [captions, moderation, images, texts] = [Step::Caption, Step::Moderation, Step::Image, Step::Text].map(of);
        write!(f, "captions by {captions}; moderation by {moderation}; images by {images}; texts by {texts}")?;
        for (name, route) in self.routes().filter(|(name, _)| name.parse::<Step>().is_err()) {
            write!(f, "; {name} by {}", chain(&route.models))?;
        }
        Ok(())
    }
}
