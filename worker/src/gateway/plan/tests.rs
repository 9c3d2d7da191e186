//! Whatever fails, and in whatever order: a plan ends, keeps to its budgets, and leaves no healthy key idle.

use std::collections::HashMap;

use proptest::prelude::*;
use shared::config::{Names, Settings};
use shared::domain::Step;
use tokio::time::Instant;

use super::{Course, Plan, Target};
use crate::gateway::catalog::Catalog;
use crate::gateway::failure::{Failure, Refused};
use crate::gateway::prices::Prices;
use crate::gateway::profiles::{Pooling, Profiles};
use crate::gateway::reply::ProviderError;
use crate::gateway::verdict::{Class, Effect, verdict};

const KEYS: usize = 3;

fn catalog(pooling: Pooling) -> Catalog {
    let names = Names::from([
        ("DATABASE_URL", "postgresql://db.example/x"),
        ("OPENAI_API_KEY_1", "k1"),
        ("OPENAI_API_KEY_2", "k2"),
        ("OPENAI_API_KEY_3", "k3"),
    ]);
    let mut profiles = Profiles::read("").expect("built in");
    profiles.providers.get_mut("openai").expect("built in").pooling = pooling;
    let settings = Settings::load(&names).expect("good");
    Catalog::build(&profiles, &Prices::read("").expect("built in"), &settings, &names).expect("good")
}

fn status(status: u16, code: &str) -> Failure {
    let error = ProviderError { code: code.to_owned(), ..ProviderError::default() };
    Failure::Status(Refused { status, error, retry_after: None })
}

fn any_failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        Just(Failure::Unreachable),
        Just(Failure::TimedOut),
        Just(Failure::NotJson),
        Just(Failure::CutShort),
        Just(Failure::Declined),
        Just(status(401, "")),
        Just(status(402, "")),
        Just(status(404, "")),
        Just(status(400, "context_length_exceeded")),
        Just(status(403, "unsupported_country_region_territory")),
        Just(status(429, "rate_limit_exceeded")),
        Just(status(429, "slow_down")),
        Just(status(500, "")),
    ]
}

/// Lets every call fail as `failure` says, and returns what was called. Rests are over at once.
fn walk(catalog: &Catalog, turn: usize, mut failure: impl FnMut(Target) -> Failure) -> Vec<(Target, Class)> {
    let (route, now) = (catalog.route(Step::Caption).expect("configured"), Instant::now());
    let mut plan = Plan::new(catalog, route, turn, false);
    let (mut calls, mut again) = (Vec::new(), None);
    let mut aside: Vec<(Target, Effect)> = Vec::new();
    for _ in 0..1000 {
        let closed = |target: Target| {
            let shut = |(other, effect): &(Target, Effect)| match effect {
                Effect::KeyAside => other.key == target.key,
                Effect::PoolAside(_) => other.pool == target.pool,
                Effect::ModelRetired => (other.pool, other.model) == (target.pool, target.model),
                _ => false,
            };
            aside.iter().any(shut).then_some((Class::KeyRefused, now + catalog.limits.quarantine()))
        };
        let offered = plan.offers(&catalog.limits, closed, now).tiers.first().map(|tier| tier[0]);
        let Some(target) = again.take().or(offered) else { return calls };
        let verdict = verdict(&failure(target));
        aside.push((target, verdict.effect));
        calls.push((target, verdict.class));
        match plan.failed(target, &verdict, false) {
            Course::Again { .. } => again = Some(target),
            Course::Onward => {}
            Course::Stop => return calls,
        }
    }
    panic!("the plan does not end: {calls:?}");
}

#[test]
fn each_pool_offers_one_key_in_turn_and_what_is_put_aside_is_left_out() {
    let (one, each) = (catalog(Pooling::One), catalog(Pooling::Each));
    let now = Instant::now();
    for (catalog, wide) in [(&one, 1), (&each, KEYS)] {
        let route = catalog.route(Step::Caption).expect("configured");
        let plan = Plan::new(catalog, route, 1, false);
        let offers = plan.offers(&catalog.limits, |_| None, now);
        assert_eq!((offers.tiers.len(), offers.soonest), (route.models.len(), None));
        assert!(offers.tiers.iter().all(|tier| tier.len() == wide));
        assert_eq!(offers.tiers[0][0].key, 1, "the second has its turn");
        let until = now + std::time::Duration::from_secs(9);
        let without = |target: Target| (target.key == 1).then_some((Class::KeyRefused, until));
        let offers = plan.offers(&catalog.limits, without, now);
        assert!(offers.tiers.iter().flatten().all(|target| target.key != 1));
        assert_eq!(offers.soonest, Some((until, Class::KeyRefused)));
    }
}

proptest! {
    #[test]
    fn a_plan_ends_and_visits_no_target_more_than_twice_for_the_same(
        failures in prop::collection::vec(any_failure(), 1..40),
        turn in 0_usize..9,
    ) {
        let catalog = catalog(Pooling::Each);
        let mut script = failures.into_iter().cycle();
        let calls = walk(&catalog, turn, |_| script.next().expect("it cycles"));
        let mut visits: HashMap<_, usize> = HashMap::new();
        for (target, class) in &calls {
            *visits.entry((target.model, target.key, *class)).or_default() += 1;
        }
        // Once, and once more where the verdict repeats or the rest is over.
        prop_assert!(visits.values().all(|visits| *visits <= 2), "{calls:?}");
    }

    #[test]
    fn every_key_is_tried_before_a_model_is_left_for_its_keys(turn in 0_usize..9, each in any::<bool>()) {
        let catalog = catalog(if each { Pooling::Each } else { Pooling::One });
        let calls = walk(&catalog, turn, |_| status(401, ""));
        prop_assert_eq!(calls.len(), KEYS);
        prop_assert!(calls.iter().all(|(target, _)| target.model == 0));
    }

    #[test]
    fn repeats_keep_to_their_budget(turn in 0_usize..9) {
        let catalog = catalog(Pooling::Each);
        let calls = walk(&catalog, turn, |_| status(500, ""));
        let targets = KEYS * catalog.route(Step::Caption).expect("configured").models.len();
        prop_assert_eq!(calls.len(), targets + catalog.limits.repeats as usize);
    }
}
