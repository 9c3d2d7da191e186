//! What the plan offers, as the admission wants to know it.

use shared::domain::Step;
use tokio::time::Instant;

use super::Inner;
use super::admission::{Candidate, Scopes};
use super::catalog::Route;
use super::plan::{Offers, Plan, Target};
use super::run::Place;

impl Inner {
    pub(super) fn place<'a>(&'a self, route: &'a Route, target: Target) -> Place<'a> {
        Place {
            provider: &self.catalog.providers[target.provider],
            pool: &self.catalog.pools[target.pool],
            key: &self.catalog.keys[target.key],
            model: &route.models[target.model],
        }
    }

    /// What the plan has left, without what is put aside.
    pub(super) fn offers(&self, plan: &Plan, route: &Route) -> Offers {
        let now = Instant::now();
        let aside = |target| self.admission.memory().aside(|| scopes(&self.place(route, target)), now);
        plan.offers(&self.catalog.limits, aside, now)
    }

    /// Targets with their names, limits and costs; `size` is about that of the request, in bytes.
    pub(super) fn candidates(
        &self,
        step: Step,
        route: &Route,
        tiers: &[Vec<Target>],
        size: usize,
        double_cap: bool,
    ) -> Vec<Vec<Candidate>> {
        let candidate = |target: &Target| candidate(step, *target, &self.place(route, *target), size, double_cap);
        tiers.iter().map(|tier| tier.iter().map(candidate).collect()).collect()
    }
}

fn candidate(step: Step, target: Target, place: &Place<'_>, size: usize, double_cap: bool) -> Candidate {
    let Place { provider, pool, model, .. } = place;
    let prompt = model.prompt_weight.tokens(size);
    let completion = u64::from(model.completion_cap) * if double_cap { 2 } else { 1 };
    let cost = match step {
        Step::Caption | Step::Text => [1, prompt + completion, 0],
        Step::Image => [1, prompt, 1],
        Step::Moderation => [1, prompt, 0],
    };
    Candidate {
        target,
        meter: format!("{}/{}/{}", provider.name, pool.name, provider.meter(model)),
        pool: format!("{}/{}", provider.name, pool.name),
        host: provider.host.clone(),
        model: format!("{}/{}", provider.host, model.name),
        size,
        cost,
        stated: model.stated,
        window: provider.bounds.window,
        start: provider.bounds.start,
        most: provider.bounds.most,
        deadline: model.deadline,
        refunds: provider.bounds.refunds,
    }
}

/// The names that a place can be put aside by.
pub(super) fn scopes(place: &Place<'_>) -> Scopes {
    let (provider, pool) = (&place.provider.name, &place.pool.name);
    Scopes {
        key: format!("key/{provider}/{}", place.key.label),
        pool: format!("pool/{provider}/{pool}"),
        model: format!("model/{provider}/{pool}/{}", place.model.name),
    }
}
