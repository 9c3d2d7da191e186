//! A batch as callers see it.

use std::collections::BTreeMap;

use poem_openapi::Object;
use shared::domain::{LaneState, Nanodollars, PauseReason};
use shared::store::batches::{Batch, BatchOutcome};
use uuid::Uuid;

use crate::caller::Caller;
use crate::media::Links;
use crate::time::rfc3339;

/// How many posts stand where; they sum to `total_posts`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Object)]
#[oai(rename = "Counts", read_only_all)]
pub struct CountsView {
    pub pending: i32,
    pub queued: i32,
    pub processing: i32,
    pub retrying: i32,
    pub completed: i32,
    pub failed: i32,
    pub cancelled: i32,
}

/// What a batch costs. Amounts are in nano-dollars (10⁻⁹ US dollars), exact, and in dollars for reading.
#[derive(Clone, Debug, Default, PartialEq, Object)]
#[oai(rename = "BatchCost", read_only_all)]
pub struct CostView {
    pub spent_nanos: i64,
    pub spent_usd: f64,
    /// What calls under way may cost at most.
    pub held_nanos: i64,
    pub held_usd: f64,
    /// The part of `held` that belongs to calls of which nobody knows what they cost, because they were cut off.
    pub unconfirmed_nanos: i64,
    pub unconfirmed_usd: f64,
    /// How many calls those are.
    pub unknown_attempts: i32,
    /// What the batch may cost at most; null for no limit of its own.
    pub cap_nanos: Option<i64>,
    pub cap_usd: Option<f64>,
    /// What is neither spent nor held; null without a limit, 0 when the cap lies below that.
    pub remaining_nanos: Option<i64>,
    pub remaining_usd: Option<f64>,
}

impl CostView {
    fn of(batch: &Batch) -> Self {
        let remaining = batch.cap.map(|cap| (cap - batch.spent - batch.held).max(Nanodollars::ZERO));
        Self {
            spent_nanos: batch.spent.0,
            spent_usd: batch.spent.to_usd(),
            held_nanos: batch.held.0,
            held_usd: batch.held.to_usd(),
            unconfirmed_nanos: batch.unconfirmed.0,
            unconfirmed_usd: batch.unconfirmed.to_usd(),
            unknown_attempts: batch.unknown_attempts,
            cap_nanos: batch.cap.map(|cap| cap.0),
            cap_usd: batch.cap.map(Nanodollars::to_usd),
            remaining_nanos: remaining.map(|left| left.0),
            remaining_usd: remaining.map(Nanodollars::to_usd),
        }
    }
}

/// A batch of posts and how far it is.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Batch", read_only_all)]
pub struct BatchView {
    pub id: Uuid,
    pub campaign_id: Uuid,
    pub name: String,
    /// `pending`, `processing`, `paused`, `cancelling`, `completed` (also when some posts failed), `failed` (when all did)
    /// or `cancelled`.
    pub status: String,
    /// Of a finished batch: `succeeded`, `partial`, `failed` or `cancelled`.
    pub outcome: Option<String>,
    /// Of a paused batch: `user`, `budget`, `provider_outage` or `review`.
    pub pause_reason: Option<String>,
    /// `low`, `normal` or `high`.
    pub priority: String,
    pub total_posts: i32,
    pub completed_posts: i32,
    pub failed_posts: i32,
    pub counts: CountsView,
    /// The share of posts that are final, from 0 to 100.
    pub progress: f64,
    /// What it has cost, in nano-dollars (10⁻⁹ US dollars).
    pub cost_nanos: i64,
    pub cost_usd: f64,
    /// What calls under way may cost at most.
    pub held_usd: f64,
    /// What the batch may cost at most; null for no limit.
    pub budget_usd: Option<f64>,
    pub cost: CostView,
    /// `live`, or `economy`: captions come through a provider's Batch API, and what is not there in time by live calls.
    pub mode: String,
    /// Of an economy batch: when its posts have to be made.
    pub deadline: Option<String>,
    /// Of an economy batch: `waiting` (nothing was handed in yet), `at_provider`, `falling_over` (nothing more is handed in,
    /// what is at the provider may still end), `done`, or `live` (what was left is made by live calls).
    pub lane: Option<String>,
    /// Why posts left the lane without a caption: `deadline`, `no_batch_api`, `key_refused`, `provider_failed` or
    /// `provider_expired`.
    pub lane_reason: Option<String>,
    /// The time left at the pace so far; null while it is unknown.
    pub eta_seconds: Option<u64>,
    /// Failed posts by the class of their error.
    pub errors: BTreeMap<String, i64>,
    /// Why posts failed, for people.
    pub error_log: Option<String>,
    /// Rises with every change.
    pub version: i64,
    /// 1, and one more for each retry of its failed posts.
    pub run: i32,
    pub created_by: Uuid,
    pub created_at: String,
    pub updated_at: String,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
    /// Something that keeps the batch from going on.
    #[oai(skip_serializing_if_is_none)]
    pub notice: Option<String>,
    /// The live events, by a link that works for 10 minutes without a token. The same query works at `/ws`.
    pub events_url: Option<String>,
    pub posts_url: String,
}

impl BatchView {
    /// The view without the link to its events, which is made for one caller.
    pub fn of(batch: &Batch, links: &Links) -> Self {
        let counts = batch.counts();
        Self {
            id: batch.id.0,
            campaign_id: batch.campaign_id.0,
            name: batch.name.clone(),
            status: batch.status.to_string(),
            outcome: batch.outcome().map(BatchOutcome::as_str).map(str::to_owned),
            pause_reason: batch.pause_reason.map(PauseReason::as_str).map(str::to_owned),
            priority: batch.priority.to_string(),
            total_posts: batch.total_posts,
            completed_posts: batch.completed_posts,
            failed_posts: batch.failed_posts,
            counts: CountsView {
                pending: counts.pending,
                queued: counts.queued,
                processing: counts.processing,
                retrying: counts.retrying,
                completed: counts.completed,
                failed: counts.failed,
                cancelled: counts.cancelled,
            },
            progress: batch.progress(),
            cost_nanos: batch.spent.0,
            cost_usd: batch.spent.to_usd(),
            held_usd: batch.held.to_usd(),
            budget_usd: batch.cap.map(Nanodollars::to_usd),
            cost: CostView::of(batch),
            mode: batch.mode.as_str().to_owned(),
            deadline: batch.mode.deadline().map(rfc3339),
            lane: batch.lane.map(LaneState::as_str).map(str::to_owned),
            lane_reason: batch.lane_reason.clone(),
            eta_seconds: batch.eta().map(|eta| eta.as_secs()),
            errors: batch.errors.clone(),
            error_log: batch.error_log.clone(),
            version: batch.version,
            run: batch.run,
            created_by: batch.created_by.0,
            created_at: rfc3339(batch.created_at),
            updated_at: rfc3339(batch.updated_at),
            started_at: batch.started_at.map(rfc3339),
            finished_at: batch.finished_at.map(rfc3339),
            notice: batch.lacks_workers().then(|| "no workers are running".to_owned()),
            events_url: None,
            posts_url: links.absolute(&format!("/api/v1/batch-jobs/{}/posts", batch.id)),
        }
    }

    /// The view for one caller.
    pub fn for_caller(batch: &Batch, links: &Links, caller: Caller) -> Self {
        let events_url = Some(links.events(batch.id, caller.user, caller.session));
        Self { events_url, ..Self::of(batch, links) }
    }
}
