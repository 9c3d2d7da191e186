//! What callers send about campaigns.

use poem_openapi::Object;
use shared::domain::ProjectId;
use shared::store::campaigns::{CampaignChange, NewCampaign};
use uuid::Uuid;

use crate::parse::{Fields, ReadBody};

const NAME: usize = 255;
const DESCRIPTION: usize = 10_000;
const AUDIENCE: usize = 2_000;
const SHORT: usize = 20;

/// A campaign to be made.
#[derive(Object)]
#[oai(rename = "NewCampaign")]
pub struct NewCampaignSchema {
    #[oai(validator(max_length = 255))]
    name: String,
    #[oai(validator(max_length = 10_000))]
    description: Option<String>,
    #[oai(validator(max_length = 255))]
    brand_name: String,
    #[oai(validator(max_length = 2_000))]
    target_audience: Option<String>,
    #[oai(validator(max_length = 20))]
    tone_id: Option<String>,
    /// `draft` when it is left out.
    #[oai(validator(max_length = 20))]
    status: Option<String>,
    /// The project that it belongs to. Its batches are made by that project's brand kit.
    project_id: Option<Uuid>,
}

impl ReadBody for NewCampaign {
    type Schema = NewCampaignSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let name = fields.text("name", 1..=NAME);
        let description = fields.optional_text("description", DESCRIPTION);
        let brand_name = fields.text("brand_name", 1..=NAME);
        let target_audience = fields.optional_text("target_audience", AUDIENCE);
        let tone_id = fields.optional_text("tone_id", SHORT);
        let status = fields.optional_text("status", SHORT);
        let project_id = fields.optional_id("project_id").map(ProjectId);
        Some(Self { name: name?, description, brand_name: brand_name?, target_audience, tone_id, status, project_id })
    }
}

/// What changes of a campaign; what is left out stays.
#[derive(Object)]
#[oai(rename = "CampaignChange")]
pub struct CampaignChangeSchema {
    #[oai(validator(max_length = 255))]
    name: Option<String>,
    /// Null takes it away.
    #[oai(validator(max_length = 10_000))]
    description: Option<String>,
    #[oai(validator(max_length = 255))]
    brand_name: Option<String>,
    /// Null takes it away.
    #[oai(validator(max_length = 2_000))]
    target_audience: Option<String>,
    /// Null takes it away.
    #[oai(validator(max_length = 20))]
    tone_id: Option<String>,
    #[oai(validator(max_length = 20))]
    status: Option<String>,
    /// Null takes it out of its project. Batches that it has stay what they were placed as.
    project_id: Option<Uuid>,
}

impl ReadBody for CampaignChange {
    type Schema = CampaignChangeSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        Some(Self {
            name: fields.replaced_text("name", NAME),
            description: fields.changed_text("description", DESCRIPTION),
            brand_name: fields.replaced_text("brand_name", NAME),
            target_audience: fields.changed_text("target_audience", AUDIENCE),
            tone_id: fields.changed_text("tone_id", SHORT),
            status: fields.replaced_text("status", SHORT),
            project_id: fields.changed_id("project_id").map(|id| id.map(ProjectId)),
        })
    }
}
