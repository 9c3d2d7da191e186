//! What callers send to make a job.

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;
use shared::domain::{Kind, ProjectId};
use uuid::Uuid;

use crate::generations::{Asked, kinds};
use crate::parse::{Fields, ReadBody};

/// Work to be done.
#[derive(Object)]
#[oai(rename = "NewJob")]
pub(super) struct NewJobSchema {
    /// A kind of generation: `text`, `image`, `text_to_image`, `product_render`, `seo_content`, `content_plan`,
    /// `marketing_plan` or `design`.
    r#type: String,
    project_id: Option<Uuid>,
    /// As the body of the operation that makes the same at once.
    parameters: Any<Value>,
}

pub(super) struct NewJob(pub(super) Asked);

impl ReadBody for NewJob {
    type Schema = NewJobSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let kind = fields.text("type", 1..=40).and_then(|name| match name.replace('-', "_").parse::<Kind>() {
            Ok(kind) if kind != Kind::Post => Some(kind),
            _ => fields.wrong("type", "invalid", format!("must be one of {}", kinds())),
        });
        let project = fields.optional_id("project_id").map(ProjectId);
        let parameters = match fields.given("parameters") {
            Some(raw) => Some(raw),
            None => fields.wrong("parameters", "required", "is required"),
        };
        let (kind, raw) = (kind?, parameters?);
        let pointer = fields.pointer_to("parameters");
        let mut parameters = Fields::of(raw, pointer, fields.errors())?;
        let asked = kinds::read(kind, &mut parameters);
        parameters.refuse_the_rest();
        let mut asked = asked?;
        asked.refers.project = project.or(asked.refers.project);
        Some(Self(asked))
    }
}

/// The kinds that there are jobs of.
fn kinds() -> String {
    let kinds = Kind::ALL.iter().filter(|kind| **kind != Kind::Post).map(|kind| kind.as_str());
    kinds.collect::<Vec<_>>().join(", ")
}
