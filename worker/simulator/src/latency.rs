//! How long an answer takes: log-normal, as real providers are (many near the median, a long tail).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::seed::Seed;

/// Time from the arrival of a call to the first byte of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Half of the answers take less than this, in milliseconds.
    pub median_ms: u64,
    /// Spread of the logarithm: 0 is constant, 0.3 mild, 0.7 wild.
    #[serde(default)]
    pub sigma: f64,
}

impl Latency {
    /// No delay at all.
    pub const NONE: Self = Self { median_ms: 0, sigma: 0.0 };

    /// Every answer takes exactly this long.
    pub fn constant(delay: Duration) -> Self {
        Self { median_ms: delay.as_millis() as u64, sigma: 0.0 }
    }

    /// `sigma` must be a number from 0 to 3.
    pub(crate) fn check(self) -> Result<Self, String> {
        if self.sigma.is_finite() && (0.0..=3.0).contains(&self.sigma) {
            Ok(self)
        } else {
            Err(format!("sigma must be between 0 and 3, not {}", self.sigma))
        }
    }

    pub(crate) fn draw(self, seed: &mut Seed) -> Duration {
        let median = Duration::from_millis(self.median_ms);
        if self.median_ms == 0 || self.sigma == 0.0 {
            return median;
        }
        // Box-Muller: two uniform numbers make one normal number.
        let radius = (-2.0 * (1.0 - seed.unit()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * seed.unit()).cos();
        median.mul_f64((self.sigma * normal).exp().min(1000.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_answers_are_faster_than_the_median() {
        let latency = Latency { median_ms: 1000, sigma: 0.5 };
        let mut seed = Seed::new(1);
        let mut drawn: Vec<_> = (0..2001).map(|_| latency.draw(&mut seed)).collect();
        drawn.sort();
        let middle = drawn[1000].as_millis();
        assert!((950..1050).contains(&middle), "{middle}");
        assert!(drawn[2000] > Duration::from_secs(3), "a long tail");
    }

    #[test]
    fn no_spread_means_constant_and_zero_means_none() {
        let mut seed = Seed::new(1);
        assert_eq!(Latency::constant(Duration::from_millis(20)).draw(&mut seed), Duration::from_millis(20));
        assert_eq!(Latency::NONE.draw(&mut seed), Duration::ZERO);
    }

    #[test]
    fn a_spread_that_is_no_spread_is_refused() {
        assert!(Latency { median_ms: 1, sigma: -0.1 }.check().is_err());
        assert!(Latency { median_ms: 1, sigma: f64::NAN }.check().is_err());
    }
}
