//! What callers send about budgets.

use poem_openapi::Object;
use shared::domain::{CampaignId, Nanodollars};
use shared::store::budgets::Scope;
use uuid::Uuid;

use crate::parse::{Fields, ReadBody};

/// The longest text that is looked at as a scope.
const SHORT: usize = 64;

/// A cap to be set, or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SetBudget {
    pub(super) scope: Scope,
    pub(super) cap: Option<Nanodollars>,
}

/// A budget to be set.
#[derive(Object)]
#[oai(rename = "SetBudget")]
pub(crate) struct SetBudgetSchema {
    /// `user`: everything of the caller's in each calendar month (UTC). `campaign`: one campaign over its whole life.
    scope: String,
    /// With the scope `campaign`, and only then.
    campaign_id: Option<Uuid>,
    /// What may be spent at most, in dollars; 0 lets nothing through. Null takes the budget away.
    #[oai(validator(minimum(value = "0"), maximum(value = "1000000000")))]
    cap_usd: Option<f64>,
}

impl ReadBody for SetBudget {
    type Schema = SetBudgetSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let scope = fields.text("scope", 1..=SHORT);
        let campaign = fields.optional_id("campaign_id").map(CampaignId);
        let cap = fields.dollars("cap_usd");
        let scope = match (scope?.as_str(), campaign) {
            ("campaign", Some(campaign)) => Some(Scope::Campaign(campaign)),
            ("campaign", None) if fields.errors().iter().any(|error| error.pointer == "/campaign_id") => None,
            ("campaign", None) => fields.wrong("campaign_id", "required", "is required with the scope campaign"),
            ("user", None) => Some(Scope::UserMonth),
            ("user", Some(_)) => fields.wrong("campaign_id", "not_allowed", "goes with the scope campaign only"),
            _ => fields.wrong("scope", "not_allowed", "must be user or campaign"),
        };
        Some(Self { scope: scope?, cap: cap? })
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{CampaignId, Nanodollars};
    use shared::store::budgets::Scope;
    use uuid::Uuid;

    use super::SetBudget;
    use crate::parse::{Errors, Fields, ReadBody};

    fn read(body: &str) -> Result<SetBudget, Vec<(String, &'static str)>> {
        let mut errors = Errors::new();
        let mut fields = Fields::of(serde_json::from_str(body).expect("JSON"), "", &mut errors).expect("an object");
        let read = SetBudget::read(&mut fields);
        fields.refuse_the_rest();
        match read {
            Some(read) if errors.is_empty() => Ok(read),
            _ => Err(errors.into_iter().map(|error| (error.pointer, error.code)).collect()),
        }
    }

    #[test]
    fn a_budget_names_what_it_is_on_and_how_much() {
        let set = read(r#"{"scope": "user", "cap_usd": 12.5}"#).expect("good");
        assert_eq!(set, SetBudget { scope: Scope::UserMonth, cap: Some(Nanodollars(12_500_000_000)) });
        let id = Uuid::now_v7();
        let set = read(&format!(r#"{{"scope": "campaign", "campaign_id": "{id}", "cap_usd": null}}"#)).expect("good");
        assert_eq!(set, SetBudget { scope: Scope::Campaign(CampaignId(id)), cap: None });
    }

    #[test]
    fn what_is_wrong_is_found_at_its_pointer() {
        for (body, pointer, code) in [
            (r#"{"scope": "user"}"#, "/cap_usd", "required"),
            (r#"{"cap_usd": 1}"#, "/scope", "required"),
            (r#"{"scope": "team", "cap_usd": 1}"#, "/scope", "not_allowed"),
            (r#"{"scope": "campaign", "cap_usd": 1}"#, "/campaign_id", "required"),
            (r#"{"scope": "campaign", "campaign_id": "7", "cap_usd": 1}"#, "/campaign_id", "invalid"),
            (r#"{"scope": "user", "cap_usd": -1}"#, "/cap_usd", "out_of_range"),
            (r#"{"scope": "user", "cap_usd": 1e10}"#, "/cap_usd", "out_of_range"),
            (r#"{"scope": "user", "cap_usd": "1"}"#, "/cap_usd", "wrong_type"),
            (r#"{"scope": "user", "cap_usd": 1, "cap": 1}"#, "/cap", "unknown_field"),
        ] {
            assert_eq!(read(body).expect_err(body), [(pointer.to_owned(), code)], "{body}");
        }
    }
}
