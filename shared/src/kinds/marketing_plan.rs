//! A marketing plan: what for, for whom, where, for how much, when, and how one sees that it worked.

use serde::{Deserialize, Serialize};

use super::Remarks;
use crate::domain::Currency;

/// What a plan is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketingPlanParameters {
    pub product: String,
    /// As it was asked for; counted with is `budget_minor`.
    pub budget: f64,
    /// In the currency's smallest unit; more than 0.
    pub budget_minor: i64,
    pub currency: Currency,
    pub audience: Option<String>,
    /// At least 1.
    pub weeks: u8,
    /// A BCP 47 tag; the product's language when absent.
    pub language: Option<String>,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketingPlanResult {
    pub summary: String,
    pub objectives: Vec<Objective>,
    pub audience: Vec<AudienceSegment>,
    pub channels: Vec<Channel>,
    pub budget: Budget,
    pub timeline: Vec<Phase>,
    pub kpis: Vec<Kpi>,
    #[serde(default)]
    pub remarks: Remarks,
}

/// A specific, measurable, achievable, relevant and time-bound objective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    pub specific: String,
    pub measurable: String,
    pub achievable: String,
    pub relevant: String,
    pub time_bound: String,
}

/// Whom the plan speaks to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AudienceSegment {
    pub name: String,
    pub description: String,
    pub message: String,
}

/// Where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    pub name: String,
    /// What it is for.
    pub role: String,
}

/// For how much. The amounts of the lines sum to the total exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    pub currency: Currency,
    pub total: f64,
    /// In the currency's smallest unit.
    pub total_minor: i64,
    pub lines: Vec<BudgetLine>,
}

/// What is spent on one thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetLine {
    pub channel: String,
    pub activity: String,
    /// Of a hundred.
    pub share_percent: f64,
    pub amount: f64,
    /// In the currency's smallest unit.
    pub amount_minor: i64,
}

/// What is done in some weeks of the plan, counted from 1, both ends included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    pub from_week: i64,
    pub to_week: i64,
    pub name: String,
    pub activities: Vec<String>,
}

/// How one sees that it worked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kpi {
    pub name: String,
    pub channel: String,
    pub target: f64,
    pub unit: String,
    pub by_week: i64,
    pub how_measured: String,
}

/// Splits an amount by shares so that the parts sum to it exactly: each gets what its share is worth, rounded down, and what
/// is left goes, one unit each, to those who lost most by rounding (the first of equals). Shares are not negative and not all
/// zero.
pub fn split(total: i64, shares: &[f64]) -> Vec<i64> {
    // In millionths, so that what follows is exact.
    let weights: Vec<i128> = shares.iter().map(|share| (share * 1e6).round().max(0.0) as i128).collect();
    let sum: i128 = weights.iter().sum();
    if sum == 0 {
        return vec![0; shares.len()];
    }
    let whole = |weight: &i128| i128::from(total) * weight / sum;
    let mut parts: Vec<i64> = weights.iter().map(|weight| whole(weight) as i64).collect();
    let mut by_loss: Vec<usize> = (0..weights.len()).collect();
    by_loss.sort_by_key(|at| std::cmp::Reverse(i128::from(total) * weights[*at] % sum));
    let left = total - parts.iter().sum::<i64>();
    for at in by_loss.into_iter().take(left as usize) {
        parts[at] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::split;

    #[test]
    fn what_rounding_leaves_goes_to_those_who_lost_most() {
        assert_eq!(split(100, &[33.3, 33.3, 33.3]), [34, 33, 33]);
        assert_eq!(split(10_000, &[66.666, 33.334]), [6_667, 3_333]);
        assert_eq!(split(1, &[10.0, 90.0]), [0, 1]);
        assert_eq!(split(5, &[50.0, 0.0, 50.0]), [3, 0, 2]);
        assert_eq!(split(5, &[0.0, 0.0]), [0, 0]);
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_total_and_none_is_off_by_a_unit(
            total in 1_i64..=1_000_000_000_000_000,
            shares in prop::collection::vec(0.01_f64..100.0, 1..40),
        ) {
            let parts = split(total, &shares);
            prop_assert_eq!(parts.iter().sum::<i64>(), total);
            let sum: f64 = shares.iter().sum();
            for (part, share) in parts.iter().zip(&shares) {
                let exact = total as f64 * share / sum;
                // Shares are taken to the millionth.
                prop_assert!((*part as f64 - exact).abs() <= 1.0 + total as f64 * 2e-6, "{} for {}", part, exact);
            }
        }
    }
}
