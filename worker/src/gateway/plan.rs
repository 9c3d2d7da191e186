//! The plan of one step of one post: which key of which pool is asked for which model, in order.
//!
//! It is made once. Every target is tried at most once for each class of failure, but for the repeats that a verdict
//! allows, and those have a budget of their own: going on to another key never uses up a repeat, nor the other way round.

use tokio::time::Instant;

use super::catalog::{Catalog, Route};
use super::profiles::Limits;
use super::verdict::{Again, Class, Effect, NextModel, OtherPool, Verdict};

/// One way to make a call. `model` counts in the route, the others in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) model: usize,
    pub(crate) provider: usize,
    pub(crate) pool: usize,
    pub(crate) key: usize,
}

#[derive(Debug)]
struct Candidate {
    target: Target,
    out: bool,
    /// Classes of the failures it had.
    seen: Vec<Class>,
}

/// What may be called next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offers {
    /// One tier a model, in the route's order; in each one key of every pool, in turn. None is empty.
    pub(crate) tiers: Vec<Vec<Target>>,
    /// The soonest opening of what is left out, and why it is closed.
    pub(crate) soonest: Option<(Instant, Class)>,
}

/// What a failure leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// The same target at once or after a short pause.
    Again { pause: Pause, double_cap: bool },
    /// Whatever the plan picks.
    Onward,
    /// No other target can help.
    Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    None,
    Jittered,
}

#[derive(Debug)]
pub(crate) struct Plan {
    candidates: Vec<Candidate>,
    repeats_left: u32,
    declined: bool,
    /// Models that were tried at another pool, where that is allowed once.
    moved: Vec<usize>,
}

impl Plan {
    /// Every way there is, in the route's order; `turn` says which pool and key of a model come first. With `references` only
    /// models that make images of pictures are asked.
    pub(crate) fn new(catalog: &Catalog, route: &Route, turn: usize, references: bool) -> Self {
        let mut candidates = Vec::new();
        for (index, model) in route.models.iter().enumerate().filter(|(_, model)| model.references || !references) {
            let pools = &catalog.providers[model.provider].pools;
            for pool in rotated(pools, turn) {
                // A pool's keys turn once all its provider's pools had theirs.
                for key in rotated(&catalog.pools[pool].keys, turn / pools.len().max(1)) {
                    let target = Target { model: index, provider: model.provider, pool, key };
                    candidates.push(Candidate { target, out: false, seen: Vec::new() });
                }
            }
        }
        Self { candidates, repeats_left: catalog.limits.repeats, declined: false, moved: Vec::new() }
    }

    /// What is left to be called; `aside` says what is put aside, why and until when.
    pub(crate) fn offers(
        &self,
        limits: &Limits,
        aside: impl Fn(Target) -> Option<(Class, Instant)>,
        now: Instant,
    ) -> Offers {
        let mut offers = Offers::default();
        let mut note = |until: Instant, class: Class| {
            if offers.soonest.is_none_or(|(known, _)| until < known) {
                offers.soonest = Some((until, class));
            }
        };
        let mut tier: Vec<Target> = Vec::new();
        for Candidate { target, out, .. } in &self.candidates {
            if tier.last().is_some_and(|last| last.model != target.model) {
                offers.tiers.push(std::mem::take(&mut tier));
            }
            if *out || tier.iter().any(|other| other.pool == target.pool) {
                continue;
            }
            // Told twice to slow down: it is left alone for the rest of this step.
            if self.limited(*target) > 1 {
                note(now + limits.rest(), Class::RateLimited);
            } else if let Some((class, until)) = aside(*target) {
                note(until, class);
            } else {
                tier.push(*target);
            }
        }
        if !tier.is_empty() {
            offers.tiers.push(tier);
        }
        offers
    }

    /// Takes in that `target` failed, and says what that leads to.
    pub(crate) fn failed(&mut self, target: Target, verdict: &Verdict, policy_tries_next: bool) -> Course {
        let Some(at) = self.candidates.iter().position(|candidate| candidate.target == target) else {
            return Course::Onward;
        };
        let repeated = self.candidates[at].seen.contains(&verdict.class);
        self.candidates[at].seen.push(verdict.class);
        if verdict.again == Again::AfterRest {
            if verdict.other_pool == OtherPool::No {
                self.drop_where(|other| other.model == target.model && other.pool != target.pool);
            }
            return Course::Onward;
        }
        if verdict.again != Again::No && !repeated && self.repeats_left > 0 {
            self.repeats_left -= 1;
            let pause = if verdict.again == Again::Jittered { Pause::Jittered } else { Pause::None };
            return Course::Again { pause, double_cap: verdict.again == Again::DoubleCap };
        }
        self.leave(target, verdict);
        match verdict.next_model {
            NextModel::No => Course::Stop,
            NextModel::IfConfigured if !policy_tries_next => Course::Stop,
            NextModel::Once if self.declined => Course::Stop,
            NextModel::Once => {
                self.declined = true;
                Course::Onward
            }
            NextModel::OtherHost => {
                self.drop_where(|other| other.provider == target.provider);
                Course::Onward
            }
            NextModel::Yes | NextModel::IfConfigured => Course::Onward,
        }
    }

    /// Drops what the failure of `target` says is of no use either.
    fn leave(&mut self, target: Target, verdict: &Verdict) {
        let same_place = |other: Target| other.model == target.model && other.pool == target.pool;
        match (verdict.effect, verdict.other_pool) {
            // Its rest says when it may be asked again.
            (Effect::PoolRests(_) | Effect::SlowDown(_), _) => {}
            (Effect::KeyAside, _) => self.drop_where(|other| other.key == target.key),
            (Effect::PoolAside(_), _) => self.drop_where(|other| other.pool == target.pool),
            (_, OtherPool::Yes) => self.drop_where(same_place),
            (_, OtherPool::Once) if !self.moved.contains(&target.model) => {
                self.moved.push(target.model);
                self.drop_where(same_place);
            }
            (_, OtherPool::Once | OtherPool::No) => self.drop_where(|other| other.model == target.model),
        }
    }

    /// How often the model was told at this pool that it is over a limit.
    fn limited(&self, target: Target) -> usize {
        let same = |other: &&Candidate| other.target.model == target.model && other.target.pool == target.pool;
        let classes = self.candidates.iter().filter(same).flat_map(|candidate| &candidate.seen);
        classes.filter(|class| **class == Class::RateLimited).count()
    }

    fn drop_where(&mut self, useless: impl Fn(Target) -> bool) {
        for candidate in &mut self.candidates {
            candidate.out |= useless(candidate.target);
        }
    }
}

fn rotated(items: &[usize], turn: usize) -> impl Iterator<Item = usize> + '_ {
    let start = turn % items.len().max(1);
    items[start..].iter().chain(&items[..start]).copied()
}

#[cfg(test)]
mod tests;
