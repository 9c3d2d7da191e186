//! What callers are told about campaigns.

use poem_openapi::Object;
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
    project_id: Option<Uuid>,
    created_at: String,
    updated_at: String,
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
            project_id: campaign.project_id.map(Uuid::from),
            created_at: rfc3339(campaign.created_at),
            updated_at: rfc3339(campaign.updated_at),
        }
    }
}
