//! What callers are told about campaigns.

use poem_openapi::Object;
use poem_openapi::types::{ParseFromJSON, ToJSON};
use serde_json::Value;
use shared::store::campaigns::Campaign;
use uuid::Uuid;

use crate::time::rfc3339;

/// A campaign.
#[derive(Object)]
#[oai(rename = "Campaign")]
pub(crate) struct CampaignView {
    pub(crate) id: Uuid,
    user_id: Uuid,
    name: String,
    description: Option<String>,
    brand_name: String,
    target_audience: Option<String>,
    tone_id: Option<String>,
    status: String,
    created_at: String,
    updated_at: String,
}

impl CampaignView {
    /// As an answer is kept for a repeated request.
    pub(crate) fn kept(&self) -> Value {
        self.to_json().unwrap_or_default()
    }

    /// From a kept answer.
    pub(crate) fn from_kept(kept: Value) -> Option<Self> {
        Self::parse_from_json(Some(kept)).ok()
    }
}

impl From<Campaign> for CampaignView {
    fn from(campaign: Campaign) -> Self {
        Self {
            id: campaign.id.into(),
            user_id: campaign.user_id.into(),
            name: campaign.name,
            description: campaign.description,
            brand_name: campaign.brand_name,
            target_audience: campaign.target_audience,
            tone_id: campaign.tone_id,
            status: campaign.status,
            created_at: rfc3339(campaign.created_at),
            updated_at: rfc3339(campaign.updated_at),
        }
    }
}
