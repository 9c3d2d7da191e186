//! What this worker knows to be closed: the mirror of what all know, for looks that must not wait for Redis.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::gateway_state::News;
use tokio::time::Instant;

use super::super::verdict::Class;
use super::ask::Candidate;

/// How long what this worker learnt itself outlasts an answer of Redis that does not hold it yet.
const UNTOLD: Duration = Duration::from_secs(2);

/// The names that a target can be closed by.
pub(crate) struct Scopes {
    pub(crate) key: String,
    pub(crate) pool: String,
    pub(crate) model: String,
}

#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    closed: HashMap<String, Kept>,
    /// By meter.
    rests: HashMap<String, Instant>,
    /// By `host` and `host/model`.
    breakers: HashMap<String, Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    until: Instant,
    class: Class,
    /// When this worker learnt it itself.
    learnt: Option<Instant>,
}

/// What is closed, and for how much longer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recalled {
    pub(crate) closed: Vec<(String, Duration, Class)>,
    /// By meter.
    pub(crate) rests: Vec<(String, Duration)>,
}

impl Memory {
    /// Whether what is called by `scopes` is put aside.
    pub(crate) fn aside(&self, scopes: impl FnOnce() -> Scopes, now: Instant) -> Option<(Class, Instant)> {
        let book = self.book();
        if book.closed.is_empty() {
            return None;
        }
        let Scopes { key, pool, model } = scopes();
        let ahead = |name: &String| book.closed.get(name).filter(|kept| kept.until > now);
        [key, pool, model].iter().find_map(ahead).map(|kept| (kept.class, kept.until))
    }

    /// Whether a candidate rests: by its limit or by a breaker.
    pub(crate) fn rests(&self, candidate: &Candidate, now: Instant) -> Option<Instant> {
        let book = self.book();
        if book.rests.is_empty() && book.breakers.is_empty() {
            return None;
        }
        let rest = book.rests.get(&candidate.meter);
        let breakers = [&candidate.host, &candidate.model].map(|name| book.breakers.get(name));
        rest.into_iter().chain(breakers.into_iter().flatten()).filter(|until| **until > now).max().copied()
    }

    /// Keeps that something is put aside; says whether that is news. Times only grow.
    pub(crate) fn put_aside(&self, name: &str, length: Duration, now: Instant) -> bool {
        let mut book = self.book();
        let news = book.closed.get(name).is_none_or(|kept| kept.until <= now);
        keep_closed(&mut book, name, now + length, Some(now));
        news
    }

    /// Keeps that a meter rests. Times only grow.
    pub(crate) fn rest(&self, meter: &str, length: Duration, now: Instant) {
        keep_later(&mut self.book().rests, meter, now + length);
    }

    /// Takes in what another worker tells.
    pub(crate) fn hear(&self, news: &News, now: Instant) {
        let mut book = self.book();
        match news {
            News::Closed { name, for_ms, .. } => {
                keep_closed(&mut book, name, now + Duration::from_millis(*for_ms), None);
            }
            News::Open { name } => {
                book.closed.remove(name);
                if let Some(model) = name.strip_prefix("model/") {
                    book.rests.remove(model);
                    let any = model.splitn(3, '/').take(2).chain(["*"]).collect::<Vec<_>>().join("/");
                    book.rests.remove(&any);
                }
            }
            News::Rest { name, for_ms } => {
                keep_later(&mut book.rests, name, now + Duration::from_millis(*for_ms));
            }
            News::Breaker { name, for_ms } => {
                keep_later(&mut book.breakers, name, now + Duration::from_millis(*for_ms));
            }
        }
    }

    /// Takes over what Redis says is put aside, but for what this worker has only just learnt.
    pub(crate) fn mirror(&self, closed: &[(String, Duration)], now: Instant) {
        let mut book = self.book();
        book.closed.retain(|_, kept| {
            kept.until > now && kept.learnt.is_some_and(|learnt| now.saturating_duration_since(learnt) < UNTOLD)
        });
        for (name, left) in closed {
            keep_closed(&mut book, name, now + *left, None);
        }
        book.rests.retain(|_, until| *until > now);
        book.breakers.retain(|_, until| *until > now);
    }

    /// Everything that is put aside, and every rest, with the time that is left.
    pub(crate) fn recall(&self, now: Instant) -> Recalled {
        let book = self.book();
        let closed = book.closed.iter().filter(|(_, kept)| kept.until > now);
        let rests = book.rests.iter().filter(|(_, until)| **until > now);
        Recalled {
            closed: closed.map(|(name, kept)| (name.clone(), kept.until - now, kept.class)).collect(),
            rests: rests.map(|(name, until)| (name.clone(), *until - now)).collect(),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep_closed(book: &mut Book, name: &str, until: Instant, learnt: Option<Instant>) {
    let class = match name.split('/').next() {
        Some("pool") => Class::OutOfCredit,
        Some("model") => Class::ModelMissing,
        _ => Class::KeyRefused,
    };
    let kept = book.closed.entry(name.to_owned()).or_insert(Kept { until, class, learnt });
    kept.until = kept.until.max(until);
    kept.learnt = learnt.or(kept.learnt);
}

fn keep_later(times: &mut HashMap<String, Instant>, name: &str, until: Instant) {
    let kept = times.entry(name.to_owned()).or_insert(until);
    *kept = until.max(*kept);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shared::gateway_state::News;
    use tokio::time::Instant;

    use super::{Memory, Scopes};
    use crate::gateway::verdict::Class;

    fn scopes() -> Scopes {
        Scopes { key: "key/a/K".into(), pool: "pool/a/p".into(), model: "model/a/p/x/y".into() }
    }

    #[test]
    fn what_redis_no_longer_holds_is_forgotten_but_not_what_was_just_learnt() {
        let (memory, now) = (Memory::default(), Instant::now());
        assert!(memory.put_aside("key/a/K", Duration::from_mins(1), now), "news");
        assert!(!memory.put_aside("key/a/K", Duration::from_mins(1), now), "no news");
        memory.mirror(&[], now + Duration::from_secs(1));
        assert_eq!(memory.aside(scopes, now).map(|(class, _)| class), Some(Class::KeyRefused));
        memory.mirror(&[], now + Duration::from_secs(3));
        assert_eq!(memory.aside(scopes, now), None);
        memory.mirror(&[("pool/a/p".to_owned(), Duration::from_secs(5))], now);
        assert_eq!(memory.aside(scopes, now), Some((Class::OutOfCredit, now + Duration::from_secs(5))));
    }

    #[test]
    fn a_release_is_obeyed_at_once() {
        let (memory, now) = (Memory::default(), Instant::now());
        memory.put_aside("model/a/p/x/y", Duration::from_mins(1), now);
        memory.rest("a/p/x/y", Duration::from_mins(1), now);
        memory.rest("a/p/*", Duration::from_mins(1), now);
        memory.hear(&News::Open { name: "model/a/p/x/y".to_owned() }, now);
        assert_eq!(memory.aside(scopes, now), None);
        assert!(memory.recall(now).rests.is_empty(), "it rests no more");
    }
}
