//! What callers are told about costs.

use poem_openapi::Object;
use shared::domain::Kind;
use shared::store::costs::{Call, Filter, Group, Grouping, Sum, Summary};
use uuid::Uuid;

use crate::posts::AttemptView;
use crate::time::rfc3339;

/// What calls have cost together. Amounts are in nano-dollars (10⁻⁹ US dollars), exact, and in dollars for reading.
#[derive(Clone, Debug, Default, Object)]
#[oai(rename = "Costs", read_only_all)]
pub(super) struct SumView {
    calls: i64,
    cost_nanos: i64,
    cost_usd: f64,
    /// Calls that were cut off, of which nobody knows whether they were billed, and what they may have cost at most. They are
    /// not part of `cost`.
    unconfirmed_calls: i64,
    unconfirmed_nanos: i64,
    unconfirmed_usd: f64,
    input_tokens: i64,
    output_tokens: i64,
    /// Images that were made and could be used.
    images: i64,
}

impl From<Sum> for SumView {
    fn from(sum: Sum) -> Self {
        Self {
            calls: sum.calls,
            cost_nanos: sum.cost.0,
            cost_usd: sum.cost.to_usd(),
            unconfirmed_calls: sum.unconfirmed_calls,
            unconfirmed_nanos: sum.unconfirmed.0,
            unconfirmed_usd: sum.unconfirmed.to_usd(),
            input_tokens: sum.input_tokens,
            output_tokens: sum.output_tokens,
            images: sum.images,
        }
    }
}

/// Calls that have something in common.
#[derive(Clone, Debug, Default, Object)]
#[oai(rename = "CostsOfGroup", read_only_all)]
struct GroupView {
    /// What they have in common: the id of a campaign, `openai/main/key-1`, `2026-11`. Null for those without: calls of no
    /// project.
    key: Option<String>,
    /// The name of a campaign or a project.
    name: Option<String>,
    #[oai(flatten)]
    costs: SumView,
}

impl From<Group> for GroupView {
    fn from(Group { key, name, sum }: Group) -> Self {
        Self { key, name, costs: sum.into() }
    }
}

/// Costs by group, and in all.
#[derive(Clone, Debug, Object)]
#[oai(rename = "CostsSummary", read_only_all)]
pub(super) struct SummaryView {
    /// What it is grouped by.
    group: String,
    from: Option<String>,
    /// The moment that follows the period.
    to: Option<String>,
    total: SumView,
    /// The dearest first; days and months in their order.
    groups: Vec<GroupView>,
    /// Whether there are more groups than are listed; the total counts them all.
    has_more: bool,
}

impl SummaryView {
    pub(super) fn of(filter: &Filter, grouping: Grouping, summary: Summary) -> Self {
        Self {
            group: grouping.to_string(),
            from: filter.from.map(rfc3339),
            to: filter.to.map(rfc3339),
            total: summary.total.into(),
            groups: summary.groups.into_iter().map(GroupView::from).collect(),
            has_more: summary.has_more,
        }
    }
}

/// One call to a provider, and what it was made for.
#[derive(Clone, Debug, Object)]
#[oai(rename = "CallCost", read_only_all)]
pub(super) struct CallView {
    /// A short integer name.
    number: i64,
    /// `post`, or the kind of generation.
    kind: String,
    #[oai(flatten)]
    call: AttemptView,
    /// Of posts.
    batch_job_id: Option<Uuid>,
    post_id: Option<Uuid>,
    /// Of the other kinds.
    generation_id: Option<Uuid>,
    campaign_id: Option<Uuid>,
    project_id: Option<Uuid>,
}

impl From<Call> for CallView {
    fn from(call: Call) -> Self {
        let of_post = call.kind == Kind::Post;
        Self {
            number: call.number,
            kind: call.kind.to_string(),
            call: call.attempt.into(),
            batch_job_id: of_post.then_some(call.batch.0),
            post_id: of_post.then_some(call.work.0),
            generation_id: (!of_post).then_some(call.batch.0),
            campaign_id: call.campaign.map(|id| id.0),
            project_id: call.project.map(|id| id.0),
        }
    }
}
