//! A request for a generation that was read and found good.

use serde::Serialize;
use serde_json::{Value, json};
use shared::domain::{AssetId, CampaignId, Handle, Kind, Nanodollars, ProjectId, SegmentId};

/// What is asked for, before what it names was looked up.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) kind: Kind,
    /// As the kind's parameters are written.
    pub(crate) parameters: Value,
    /// What it is about, for people.
    pub(crate) prompt: String,
    pub(crate) parts: u16,
    pub(crate) refers: Referred,
    /// What it may cost at most.
    pub(crate) cap: Option<Nanodollars>,
    /// Who the client says that it asks for.
    pub(crate) external_user: Option<String>,
    /// The route of models to ask in place of the usual one.
    pub(crate) route: Option<&'static str>,
    /// A parameter that follows from the day, because nobody said it.
    pub(crate) of_the_day: Option<&'static str>,
}

/// What a request names that has to be the caller's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Referred {
    pub(crate) project: Option<ProjectId>,
    pub(crate) campaign: Option<CampaignId>,
    pub(crate) segment: Option<Handle<SegmentId>>,
    /// The picture that it is to show.
    pub(crate) asset: Option<AssetId>,
}

impl Asked {
    /// One part, which names nothing.
    pub(crate) fn new(kind: Kind, parameters: &impl Serialize, prompt: &str) -> Self {
        Self {
            kind,
            // The parameters of every kind are plain structs: writing them cannot fail.
            parameters: serde_json::to_value(parameters).unwrap_or_default(),
            prompt: prompt.to_owned(),
            parts: 1,
            refers: Referred::default(),
            cap: None,
            external_user: None,
            route: None,
            of_the_day: None,
        }
    }

    /// What the caller said: the same for the same request, on whatever day it comes again.
    pub(super) fn said(&self) -> String {
        let mut parameters = self.parameters.clone();
        if let (Some(name), Some(parameters)) = (self.of_the_day, parameters.as_object_mut()) {
            parameters.remove(name);
        }
        let refers = &self.refers;
        json!({
            "kind": self.kind, "parameters": parameters, "project": refers.project, "campaign": refers.campaign,
            "segment": refers.segment, "asset": refers.asset, "cap": self.cap, "route": self.route,
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::domain::Kind;

    use super::Asked;

    #[test]
    fn a_day_that_nobody_named_is_not_part_of_what_was_said() {
        let plan = |day: &str, of_the_day| {
            let parameters = json!({ "topic": "Bread", "start_date": day });
            Asked { of_the_day, ..Asked::new(Kind::ContentPlan, &parameters, "Bread") }.said()
        };
        assert_eq!(plan("2026-12-01", Some("start_date")), plan("2026-12-02", Some("start_date")));
        assert_ne!(plan("2026-12-01", None), plan("2026-12-02", None));
    }
}
