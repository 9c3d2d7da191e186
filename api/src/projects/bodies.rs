//! What callers send about projects.

use poem_openapi::Object;
use shared::store::projects::{NewProject, ProjectChange};

use crate::parse::{Fields, ReadBody};

const NAME: usize = 255;
const DESCRIPTION: usize = 10_000;
const STATUS: usize = 50;

/// A project to be made.
#[derive(Object)]
#[oai(rename = "NewProject")]
pub struct NewProjectSchema {
    #[oai(validator(max_length = 255))]
    name: String,
    #[oai(validator(max_length = 10_000))]
    description: Option<String>,
    /// `draft` when it is left out.
    #[oai(validator(max_length = 50))]
    status: Option<String>,
}

impl ReadBody for NewProject {
    type Schema = NewProjectSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let name = fields.text("name", 1..=NAME);
        let description = fields.optional_text("description", DESCRIPTION);
        let status = fields.optional_text("status", STATUS);
        Some(Self { name: name?, description, status })
    }
}

/// What changes of a project; what is left out stays.
#[derive(Object)]
#[oai(rename = "ProjectChange")]
pub struct ProjectChangeSchema {
    #[oai(validator(max_length = 255))]
    name: Option<String>,
    /// Null takes it away.
    #[oai(validator(max_length = 10_000))]
    description: Option<String>,
    #[oai(validator(max_length = 50))]
    status: Option<String>,
}

impl ReadBody for ProjectChange {
    type Schema = ProjectChangeSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        Some(Self {
            name: fields.replaced_text("name", NAME),
            description: fields.changed_text("description", DESCRIPTION),
            status: fields.replaced_text("status", STATUS),
        })
    }
}
