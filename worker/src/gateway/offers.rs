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

    /// Targets with their names, limits and costs.
    pub(super) fn candidates(
        &self,
        step: Step,
        route: &Route,
        tiers: &[Vec<Target>],
        weight: &Weight,
    ) -> Vec<Vec<Candidate>> {
        let candidate = |target: &Target| candidate(step, *target, &self.place(route, *target), weight);
        tiers.iter().map(|tier| tier.iter().map(candidate).collect()).collect()
    }
}

/// What a request weighs, before it is known for which model it is written.
pub(super) struct Weight {
    /// About its bytes, without pictures.
    pub(super) size: usize,
    /// The pictures in it.
    pub(super) references: usize,
    /// The most tokens that its answer may have, where it says that itself.
    pub(super) asked_cap: Option<u32>,
    pub(super) double_cap: bool,
}

fn candidate(step: Step, target: Target, place: &Place<'_>, weight: &Weight) -> Candidate {
    let Place { provider, pool, model, .. } = place;
    let size = weight.size;
    let pictures = weight.references as u64 * model.price.reference_tokens().unwrap_or_default();
    let prompt = model.prompt_weight.tokens(size) + pictures;
    let completion = u64::from(model.cap(weight.asked_cap, weight.double_cap));
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
