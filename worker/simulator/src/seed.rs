//! Repeatable choices.
//!
//! Everything that looks random in an answer (a phrase, a colour, a delay) is drawn from a [`Seed`], so that the same
//! request gets the same answer in every process and on every machine. It is written out here because a library's
//! generator may change its sequence between versions.

/// A small deterministic generator (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) fn new(value: u64) -> Self {
        Self(value)
    }

    /// A seed that depends on every byte of every part, and on where one part ends.
    pub(crate) fn of(parts: &[&str]) -> Self {
        let mut state = 0x51ed_270b_9f3a_77c5_u64;
        for part in parts {
            state = absorbed(state, part.as_bytes());
        }
        Self(mix(state))
    }

    /// A seed that depends on every byte of a file.
    pub(crate) fn of_bytes(file: &[u8]) -> Self {
        Self(mix(absorbed(0x51ed_270b_9f3a_77c5, file)))
    }

    /// A seed for one purpose, independent of those for other purposes.
    pub(crate) fn branch(&self, purpose: &str) -> Self {
        let Self(other) = Self::of(&[purpose]);
        Self(mix(self.0 ^ other))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { (self.next() % bound as u64) as usize }
    }

    /// A number in `[low, high]`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.wrapping_sub(low).max(0) as u64;
        low.wrapping_add((self.next() % span.saturating_add(1)) as i64)
    }

    /// A number in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let at = self.below(from.len());
        from.get(at)
    }
}

fn absorbed(state: u64, bytes: &[u8]) -> u64 {
    let mut state = mix(state ^ bytes.len() as u64);
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = (state ^ u64::from_le_bytes(word)).wrapping_mul(0x9fb2_1c65_1e98_df25).rotate_left(29);
    }
    state
}

fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::Seed;

    #[test]
    fn the_same_parts_give_the_same_sequence_and_a_moved_border_another() {
        assert_eq!(Seed::of(&["ab", "c"]).next(), Seed::of(&["ab", "c"]).next());
        assert_ne!(Seed::of(&["ab", "c"]).next(), Seed::of(&["a", "bc"]).next());
        assert_ne!(Seed::of(&["ab"]).next(), Seed::of(&["ab", ""]).next());
    }

    #[test]
    fn numbers_stay_within_their_bounds() {
        let mut seed = Seed::new(7);
        for _ in 0..1000 {
            assert!(seed.below(3) < 3);
            assert!((-2..=5).contains(&seed.between(-2, 5)));
            assert!((0.0..1.0).contains(&seed.unit()));
        }
        assert_eq!(seed.below(0), 0);
        assert_eq!(seed.between(4, 4), 4);
    }

    #[test]
    fn like_texts_get_unlike_numbers() {
        let mut tenths = [0; 10];
        for number in 0..5000 {
            let text = format!("Product {number} of our spring collection");
            tenths[(Seed::of(&["topic colours", &text]).unit() * 10.0) as usize] += 1;
        }
        assert!(tenths.iter().all(|count| (400..600).contains(count)), "{tenths:?}");
    }
}
