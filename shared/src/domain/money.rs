//! Money, in whole nano-dollars.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

/// An amount in nano-dollars (10⁻⁹ US dollars): exact for every token price, and 9.2 billion dollars fit.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    sqlx::Type,
    sea_orm::DeriveValueType,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Nanodollars(pub i64);

impl Nanodollars {
    pub const ZERO: Self = Self(0);
    const PER_DOLLAR: i64 = 1_000_000_000;

    /// The amount in dollars, for JSON numbers that people read; sums are made in nano-dollars.
    pub fn to_usd(self) -> f64 {
        self.0 as f64 / Self::PER_DOLLAR as f64
    }

    /// An amount of dollars rounded to the nano-dollar; `None` when it is negative, not a number or too large.
    pub fn from_usd(usd: f64) -> Option<Self> {
        let nanos = (usd * Self::PER_DOLLAR as f64).round();
        (0.0..9.0e18).contains(&nanos).then_some(Self(nanos as i64))
    }
}

/// Dollars with every digit that counts: `0.0000123`, `12.5`, `0`.
impl fmt::Display for Nanodollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / 1_000_000_000, self.0.unsigned_abs() % 1_000_000_000);
        let digits = format!("{part:09}");
        match digits.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            digits => write!(f, "{sign}{whole}.{digits}"),
        }
    }
}

impl Add for Nanodollars {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Nanodollars {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Nanodollars {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Sum for Nanodollars {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::Nanodollars;

    #[test]
    fn dollars_are_written_with_every_digit_that_counts() {
        for (nanos, text) in [(0, "0"), (12_300, "0.0000123"), (12_500_000_000, "12.5"), (-1, "-0.000000001")] {
            assert_eq!(Nanodollars(nanos).to_string(), text);
        }
    }

    #[test]
    fn dollars_are_read_to_the_nano_dollar_or_refused() {
        assert_eq!(Nanodollars::from_usd(0.1), Some(Nanodollars(100_000_000)));
        for bad in [-0.01, f64::NAN, f64::INFINITY, 1e10] {
            assert_eq!(Nanodollars::from_usd(bad), None);
        }
    }
}
