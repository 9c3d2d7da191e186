//! Who may be called now: pools that rest, keys and pools put aside, models retired.
//!
//! Known to this process only. Admission shared by all workers takes the place of this struct's inside; its three
//! questions stay: how does a target stand, what did a failure teach, when is the soonest opening.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::plan::Target;
use super::profiles::Limits;
use super::verdict::{Class, Effect};

/// "Retry after 0 seconds" is said by providers that mean a moment.
const SHORTEST_REST: Duration = Duration::from_millis(100);

/// How a target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Open,
    /// Over a limit until then.
    Resting(Instant),
    /// Not to be called until then, and why.
    Aside(Class, Instant),
}

#[derive(Debug, Default)]
pub(crate) struct Admission {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    /// Limits belong to a pool and a model.
    rests: HashMap<(usize, String), Instant>,
    keys: HashMap<usize, Instant>,
    pools: HashMap<usize, Instant>,
    retired: HashMap<(usize, String), Instant>,
}

impl Admission {
    /// How `target` with `model` stands at `now`.
    pub(crate) fn standing(&self, target: Target, model: &str, now: Instant) -> Standing {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if book.keys.is_empty() && book.pools.is_empty() && book.rests.is_empty() && book.retired.is_empty() {
            return Standing::Open;
        }
        let ahead = |until: Option<&Instant>| until.copied().filter(|until| *until > now);
        let place = (target.pool, model.to_owned());
        if let Some(until) = ahead(book.keys.get(&target.key)) {
            Standing::Aside(Class::KeyRefused, until)
        } else if let Some(until) = ahead(book.pools.get(&target.pool)) {
            Standing::Aside(Class::OutOfCredit, until)
        } else if let Some(until) = ahead(book.retired.get(&place)) {
            Standing::Aside(Class::ModelMissing, until)
        } else if let Some(until) = ahead(book.rests.get(&place)) {
            Standing::Resting(until)
        } else {
            Standing::Open
        }
    }

    /// Keeps what a failure of `target` teaches, and says whether that is news. Times only grow: a shorter rest never ends
    /// a longer one.
    pub(crate) fn learn(&self, target: Target, model: &str, effect: Effect, limits: &Limits, now: Instant) -> bool {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let place = || (target.pool, model.to_owned());
        match effect {
            Effect::None => false,
            Effect::KeyAside => keep(&mut book.keys, target.key, now, limits.quarantine()),
            Effect::PoolAside(wait) => {
                keep(&mut book.pools, target.pool, now, wait.unwrap_or_default().max(limits.quarantine()))
            }
            Effect::PoolRests(wait) => {
                keep(&mut book.rests, place(), now, wait.unwrap_or(limits.rest()).max(SHORTEST_REST))
            }
            Effect::ModelRetired => keep(&mut book.retired, place(), now, limits.retired()),
        }
    }
}

/// Keeps that `key` is closed for `time`; says whether it was open.
fn keep<K: Eq + Hash>(book: &mut HashMap<K, Instant>, key: K, now: Instant, time: Duration) -> bool {
    let kept = book.entry(key).or_insert(now);
    let news = *kept <= now;
    *kept = (now + time).max(*kept);
    news
}
