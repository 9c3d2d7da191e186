//! How fast this worker starts posts: what dispatch sizes the queue by.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

/// An estimate of posts started a second, which forgets within seconds.
#[derive(Debug)]
pub struct Pace(Mutex<Estimate>);

#[derive(Debug)]
struct Estimate {
    since: Instant,
    started: u32,
    per_second: f64,
}

/// How long one measurement lasts.
const WINDOW: f64 = 0.5;

impl Default for Pace {
    fn default() -> Self {
        Self(Mutex::new(Estimate { since: Instant::now(), started: 0, per_second: 0.0 }))
    }
}

impl Pace {
    /// A post was started.
    pub fn started(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).started += 1;
    }

    /// Sets the estimate, for tests.
    #[cfg(test)]
    pub(crate) fn set(&self, per_second: f64) {
        let mut estimate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *estimate = Estimate { since: Instant::now(), started: 0, per_second };
    }

    /// Posts started a second, lately.
    pub fn per_second(&self) -> f64 {
        let mut estimate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = estimate.since.elapsed().as_secs_f64();
        if elapsed >= WINDOW {
            estimate.per_second = f64::from(estimate.started) / elapsed;
            estimate.started = 0;
            estimate.since = Instant::now();
        }
        estimate.per_second
    }
}
