//! The body of a request for a marketing plan.

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;
use shared::domain::{Currency, Kind, NoAmount};
use shared::kinds::MarketingPlanParameters;

use super::{Belongings, SHORT, language};
use crate::generations::Asked;
use crate::parse::Fields;

const PRODUCT: usize = 2_000;
const USUAL_WEEKS: u64 = 12;
const MOST_WEEKS: u64 = 52;
/// Whole units of the currency.
const LARGEST: f64 = 1e12;

/// A plan to be written.
#[derive(Object)]
#[oai(rename = "NewMarketingPlan")]
pub(crate) struct Schema {
    /// What is to be sold, and what there is to know about it.
    #[oai(validator(min_length = 1, max_length = 2_000))]
    product: String,
    /// What the plan may spend, more than 0, with as many decimals as the currency has.
    budget: f64,
    /// A code of ISO 4217; `USD` when it is left out.
    currency: Option<String>,
    /// Whom it speaks to.
    #[oai(validator(max_length = 2_000))]
    audience: Option<String>,
    /// The id or the number of a segment that it speaks to.
    segment_id: Option<Any<Value>>,
    /// How long it runs, 1 to 52; 12 when it is left out.
    weeks: Option<u32>,
    /// A BCP 47 tag; the product's language when it is left out.
    #[oai(validator(max_length = 35))]
    language: Option<String>,
    #[oai(flatten)]
    belongings: Belongings,
}

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Asked> {
    let product = fields.text("product", 1..=PRODUCT);
    let currency = match fields.optional_text("currency", 10) {
        Some(code) => {
            code.parse().ok().or_else(|| fields.wrong("currency", "invalid", "must be a code of ISO 4217, such as EUR"))
        }
        None => Some(Currency::USD),
    };
    let budget = budget(fields, currency.unwrap_or(Currency::USD));
    let audience = fields.optional_text("audience", SHORT);
    let weeks = fields.whole("weeks", 1..=MOST_WEEKS).unwrap_or(USUAL_WEEKS) as u8;
    let language = language(fields);
    let (product, budget_minor, currency) = (product?, budget?, currency?);
    let budget = currency.number(budget_minor);
    let parameters = MarketingPlanParameters { product, budget, budget_minor, currency, audience, weeks, language };
    Some(Asked::new(Kind::MarketingPlan, &parameters, &parameters.product))
}

/// A decimal number, or the same as a text; in the currency's smallest unit.
fn budget(fields: &mut Fields<'_, '_>, currency: Currency) -> Option<i64> {
    let Some(raw) = fields.given("budget") else { return fields.wrong("budget", "required", "is required") };
    let text = serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
    match currency.amount(text.trim()) {
        Ok(amount) if amount > 0 && currency.number(amount) <= LARGEST => Some(amount),
        Err(NoAmount::NotDecimal) if !text.starts_with('-') => {
            fields.wrong("budget", "wrong_type", "must be a decimal number, such as 2500 or 2500.50")
        }
        Err(NoAmount::TooFine) => {
            let places = currency.decimals();
            fields.wrong("budget", "invalid", format!("must have at most {places} decimals in {currency}"))
        }
        _ => fields.wrong("budget", "out_of_range", format!("must be more than 0 and at most {LARGEST}")),
    }
}
