//! An estimate as callers see it.

use poem_openapi::Object;
use shared::domain::Nanodollars;

use super::sums::{Range, StepSum};

/// An amount: exact in nano-dollars (10⁻⁹ US dollars), and in dollars for reading.
#[derive(Clone, Copy, Debug, Object)]
#[oai(rename = "Amount")]
pub(crate) struct AmountView {
    nanos: i64,
    usd: f64,
}

/// What one step of all posts would cost.
#[derive(Clone, Debug, Object)]
#[oai(rename = "EstimateStep")]
pub(crate) struct StepView {
    /// `caption` or `image`.
    step: String,
    /// How many posts want it.
    calls: u64,
    /// Who would be asked first.
    provider: String,
    model: String,
    low: AmountView,
    expected: AmountView,
    high: AmountView,
}

/// What a batch would cost.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Estimate")]
pub(crate) struct EstimateView {
    /// Short answers, and nothing asked twice.
    low: AmountView,
    /// What calls usually use.
    expected: AmountView,
    /// Every call at the most that it can cost, and every caption asked a second time.
    high: AmountView,
    steps: Vec<StepView>,
    /// The date of the price list.
    price_version: String,
}

impl EstimateView {
    pub(super) fn of(steps: &[StepSum<'_>], price_version: &str) -> Self {
        let mut sum = Range::default();
        for step in steps {
            sum.add(step.cost);
        }
        Self {
            low: sum.low.into(),
            expected: sum.expected.into(),
            high: sum.high.into(),
            steps: steps.iter().map(StepView::from).collect(),
            price_version: price_version.to_owned(),
        }
    }
}

impl From<&StepSum<'_>> for StepView {
    fn from(sum: &StepSum<'_>) -> Self {
        Self {
            step: sum.step.name().to_owned(),
            calls: sum.calls as u64,
            provider: sum.choice.provider.clone(),
            model: sum.choice.model.clone(),
            low: sum.cost.low.into(),
            expected: sum.cost.expected.into(),
            high: sum.cost.high.into(),
        }
    }
}

impl From<Nanodollars> for AmountView {
    fn from(amount: Nanodollars) -> Self {
        Self { nanos: amount.0, usd: amount.to_usd() }
    }
}
