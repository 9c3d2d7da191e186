//! Calls written into the ledger by hand, for journeys that add them up.

use chrono::{DateTime, Utc};
use serde_json::Value;
use shared::domain::{BatchId, CallId, CampaignId, PostId, ProjectId};

use crate::app::TestApp;
use crate::member::Member;

/// One call and what it was made for.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: &'static str,
    pub(crate) step: &'static str,
    pub(crate) model: &'static str,
    pub(crate) key: &'static str,
    /// `settled`, `failed`, `unknown`, `sent` or `reserved`.
    pub(crate) state: &'static str,
    pub(crate) cost: i64,
    pub(crate) reserved: i64,
    pub(crate) usage: Option<Value>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) campaign: Option<CampaignId>,
    pub(crate) project: Option<ProjectId>,
}

impl Entry {
    /// A settled caption of a post in the member's campaign.
    pub(crate) fn caption(member: &Member<'_>, cost: i64, at: &str) -> Self {
        Self {
            kind: "post",
            step: "caption",
            model: "gpt-5-mini",
            key: "key-1",
            state: "settled",
            cost,
            reserved: 2_000_000,
            usage: Some(serde_json::json!({"input_tokens": 100, "output_tokens": 10, "cached_tokens": 0})),
            at: at.parse().expect("a time"),
            campaign: Some(member.campaign),
            project: None,
        }
    }

    /// Writes it under a batch of its own.
    pub(crate) async fn write(self, app: &TestApp, member: &Member<'_>) -> (BatchId, CallId) {
        let (batch, work, call) = (BatchId::new(), PostId::new(), CallId(at(self.at)));
        let pool = app.app.store.pool();
        sqlx::query(
            "INSERT INTO batch_jobs (id, campaign_id, user_id, created_by, name, total_posts, kind, project_id, status, released,
                                     failed_posts, finished_at)
             VALUES ($1, $2, $3, $3, 'b', 1, $4, $5, 'failed', 1, 1, now())",
        )
        .bind(batch)
        .bind(self.campaign)
        .bind(member.user)
        .bind(self.kind)
        .bind(self.project)
        .execute(pool)
        .await
        .expect("a batch");
        sqlx::query(
            "INSERT INTO attempts (work_id, step, ordinal, call_id, epoch, revision, user_id, batch_job_id, provider, pool,
                                   key_label, model, state, outcome, reserved_nanos, cost_nanos, cost_source, usage,
                                   started_at, duration_ms)
             VALUES ($1, $2, 1, $3, 1, 1, $4, $5, 'openai', 'main', $6, $7, $8,
                     CASE $8 WHEN 'settled' THEN 'ok' WHEN 'failed' THEN 'error' END, $9, $10, 'prices', $11, $12, 800)",
        )
        .bind(work)
        .bind(self.step)
        .bind(call)
        .bind(member.user)
        .bind(batch)
        .bind(self.key)
        .bind(self.model)
        .bind(self.state)
        .bind(self.reserved)
        .bind(self.cost)
        .bind(&self.usage)
        .bind(self.at)
        .execute(pool)
        .await
        .expect("a call");
        (batch, call)
    }
}

/// A `UUIDv7` of that moment.
fn at(time: DateTime<Utc>) -> uuid::Uuid {
    let millis = u64::try_from(time.timestamp_millis()).expect("after 1970");
    let random = uuid::Uuid::now_v7().as_u64_pair();
    uuid::Uuid::from_u64_pair((millis << 16) | 0x7000 | (random.0 & 0xfff), random.1)
}
