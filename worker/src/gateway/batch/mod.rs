//! The providers' Batch API: where captions can be handed in as files, what a line of one costs, and what its answer means.
//!
//! A line is a call like any other: it has the same request, is read and judged by the same rules, and differs in its price
//! and in that its answer comes in a file. Who hands in what, and when, is the economy lane's affair.

mod desk;
mod line;

use std::fmt;

use shared::domain::Step;
use shared::store::advance::Quote;
use shared::store::economy::Route;
use tokio::time::Instant;

use super::ask::ChatAsk;
use super::bill::quote;
use super::catalog::Model;
use super::offers::scopes;
use super::plan::Target;
use super::run::{Draft, Place, Task};
use super::tasks::Writing;
use super::{Gateway, Inner};

pub(crate) use desk::{DeskError, ProviderView, Status};
pub(crate) use line::{Answered, LineEnd};

/// A key and a model through which captions can be handed in.
pub(crate) struct BatchPlace {
    target: Target,
    /// At the price of batches.
    model: Model,
    route: Route,
}

impl fmt::Debug for BatchPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchPlace").field("route", &self.route).finish_non_exhaustive()
    }
}

/// Why captions cannot be handed in anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoBatchPlace {
    /// No provider with a key has a Batch API for a model of the route.
    NoBatchApi,
    /// Those that have were all refused, or are put aside.
    KeysRefused,
}

impl NoBatchPlace {
    /// What readers of the batch see.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::NoBatchApi => "no_batch_api",
            Self::KeysRefused => "key_refused",
        }
    }
}

impl BatchPlace {
    pub(crate) fn route(&self) -> &Route {
        &self.route
    }
}

impl Gateway {
    /// The first model of the caption route that can be handed in, with the first key of its provider that is not put aside
    /// and not among `refused`.
    pub(crate) fn batch_place(&self, refused: &[String]) -> Result<BatchPlace, NoBatchPlace> {
        let mut why = NoBatchPlace::NoBatchApi;
        for place in self.inner.batch_places() {
            let named = || scopes(&self.inner.look_up(&place));
            let aside = self.inner.admission.memory().aside(named, Instant::now()).is_some();
            if !aside && !refused.contains(&place.route.key_label) {
                return Ok(place);
            }
            why = NoBatchPlace::KeysRefused;
        }
        Err(why)
    }

    /// The place where a file was handed in; `None` when it is no longer configured.
    pub(crate) fn batch_place_at(&self, route: &Route) -> Option<BatchPlace> {
        self.inner.batch_places().find(|place| place.route == *route)
    }

    /// What a line with this caption may cost at most, and the length of its request.
    pub(crate) fn quote_line<T: Send + Sync>(&self, place: &BatchPlace, ask: ChatAsk<T>) -> (Quote, usize) {
        let Draft { request, bound, .. } = Writing(ask).draft(&self.inner.look_up(place), false);
        (quote(&self.inner.catalog, &self.inner.look_up(place), bound), request.size())
    }

    /// The request of a line.
    pub(crate) fn write_line<T: Send + Sync>(&self, place: &BatchPlace, ask: ChatAsk<T>) -> serde_json::Value {
        Writing(ask).draft(&self.inner.look_up(place), false).request.into_body()
    }
}

impl Inner {
    /// Every place where captions can be handed in: models in the order of their route, keys in theirs.
    fn batch_places(&self) -> impl Iterator<Item = BatchPlace> + '_ {
        let catalog = &self.catalog;
        let models = catalog.route(Step::Caption).map_or(&[][..], |route| &route.models).iter().enumerate();
        models.flat_map(move |(index, model)| {
            let provider = &catalog.providers[model.provider];
            let batched = model.price.in_batches().filter(|_| provider.batch_api);
            let keys =
                provider.pools.iter().flat_map(|pool| catalog.pools[*pool].keys.iter().map(move |key| (*pool, *key)));
            let places = batched.map(|price| {
                let model = Model { price, ..model.clone() };
                keys.map(move |(pool, key)| BatchPlace {
                    target: Target { provider: model.provider, pool, key, model: index },
                    route: Route {
                        provider: provider.name.clone(),
                        pool: catalog.pools[pool].name.clone(),
                        key_label: catalog.keys[key].label.clone(),
                        model: model.name.clone(),
                    },
                    model: model.clone(),
                })
            });
            places.into_iter().flatten()
        })
    }

    fn look_up<'a>(&'a self, place: &'a BatchPlace) -> Place<'a> {
        let BatchPlace { target, model, .. } = place;
        Place {
            provider: &self.catalog.providers[target.provider],
            pool: &self.catalog.pools[target.pool],
            key: &self.catalog.keys[target.key],
            model,
        }
    }
}
