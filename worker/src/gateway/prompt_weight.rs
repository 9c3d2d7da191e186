//! How many tokens a model counts for the bytes of a request: learnt from what answers say, so that little of a limit on
//! tokens is booked for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Tokens for so many bytes are what is kept.
const BYTES: f64 = 65_536.0;
/// English has about four bytes a token; the fewest that are ever booked are half of that, and the most one a byte.
const USUAL: f64 = BYTES / 4.0;
const LEAST: f64 = BYTES / 8.0;
/// How much one answer changes what is kept.
const WEIGHT: f64 = 0.1;
/// Booked beyond what is expected. What a call used beyond that is booked when it ends.
const MARGIN: f64 = 1.02;

/// Of one model; clones learn together.
#[derive(Clone, Debug)]
pub(crate) struct PromptWeight(Arc<AtomicU32>);

impl Default for PromptWeight {
    fn default() -> Self {
        Self(Arc::new(AtomicU32::new(USUAL as u32)))
    }
}

impl PromptWeight {
    /// The tokens that a request of `bytes` is booked with.
    pub(crate) fn tokens(&self, bytes: usize) -> u64 {
        (f64::from(self.0.load(Ordering::Relaxed)) * bytes as f64 / BYTES * MARGIN).ceil() as u64
    }

    /// A request of `bytes` was counted as `tokens`.
    pub(crate) fn learn(&self, bytes: usize, tokens: u64) {
        if bytes == 0 || tokens == 0 {
            return;
        }
        let said = (tokens as f64 * BYTES / bytes as f64).clamp(LEAST, BYTES);
        let known = f64::from(self.0.load(Ordering::Relaxed));
        // Two that learn at once: one of them is forgotten, and nothing depends on it.
        self.0.store((said - known).mul_add(WEIGHT, known) as u32, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::PromptWeight;

    #[test]
    fn the_first_guess_is_four_bytes_a_token_and_answers_correct_it() {
        let weight = PromptWeight::default();
        assert_eq!(weight.tokens(4_000), 1_020);
        for _ in 0..60 {
            weight.learn(4_000, 800);
        }
        assert!((814..=820).contains(&weight.tokens(4_000)), "{}", weight.tokens(4_000));
        for _ in 0..60 {
            weight.learn(3_000, 2_000);
        }
        assert!((2_030..=2_045).contains(&weight.tokens(3_000)), "{}", weight.tokens(3_000));
    }

    #[test]
    fn nothing_that_an_answer_says_makes_a_request_weigh_next_to_nothing() {
        let weight = PromptWeight::default();
        weight.learn(0, 7);
        weight.learn(4_000, 0);
        assert_eq!(weight.tokens(4_000), 1_020);
        for _ in 0..200 {
            weight.learn(4_000, 1);
        }
        assert!(weight.tokens(4_000) >= 500, "{}", weight.tokens(4_000));
    }
}
