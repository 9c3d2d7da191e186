//! What callers are told about projects.

use poem_openapi::Object;
use shared::store::projects::Project;
use uuid::Uuid;

use crate::time::rfc3339;

/// A project, and what belongs to it.
#[derive(Object)]
#[oai(rename = "Project")]
pub(crate) struct ProjectView {
    pub(super) id: Uuid,
    /// A short name for clients that cannot hold a UUID.
    number: i64,
    user_id: Uuid,
    name: String,
    description: Option<String>,
    status: String,
    /// How many campaigns belong to it; deleted ones do not count.
    campaigns: i64,
    /// How many generations were asked for in it.
    generations: i64,
    /// What its batches and generations have cost, also those of campaigns that are deleted: in nano-dollars (10⁻⁹ US
    /// dollars).
    cost_nanos: i64,
    cost_usd: f64,
    created_at: String,
    updated_at: String,
}

impl From<Project> for ProjectView {
    fn from(project: Project) -> Self {
        Self {
            id: project.id.into(),
            number: project.number,
            user_id: project.user_id.into(),
            name: project.name,
            description: project.description,
            status: project.status,
            campaigns: project.campaigns,
            generations: project.generations,
            cost_nanos: project.cost.0,
            cost_usd: project.cost.to_usd(),
            created_at: rfc3339(project.created_at),
            updated_at: rfc3339(project.updated_at),
        }
    }
}
