//! A job as callers see it.

use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{Any, Type};
use poem_openapi::{ApiResponse, Object};
use serde_json::Value;
use shared::store::generations::Generation;
use uuid::Uuid;

use crate::batches::text_header;
use crate::generations::GenerationView;
use crate::media::Links;

/// A job: what was asked for and how it stands.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Job")]
pub(super) struct JobView {
    pub(super) id: Uuid,
    /// A short integer name.
    pub(super) number: i64,
    /// The kind of generation that it makes.
    pub(super) r#type: String,
    /// `pending`, `processing`, `completed`, `failed`, `cancelling` or `cancelled`.
    pub(super) status: String,
    pub(super) project_id: Option<Uuid>,
    pub(super) parameters: Any<Value>,
    /// Where the result is, once there is one.
    pub(super) result_url: Option<String>,
    /// The result itself.
    pub(super) result: Option<Any<Value>>,
    pub(super) cost_nanos: i64,
    pub(super) cost_usd: f64,
    pub(super) error_class: Option<String>,
    pub(super) error_message: Option<String>,
    pub(super) created_at: String,
    pub(super) completed_at: Option<String>,
}

impl JobView {
    pub(super) fn of(generation: Generation, links: &Links) -> Self {
        let view = GenerationView::of(generation, links);
        Self {
            id: view.id,
            number: view.number,
            r#type: view.kind,
            status: view.status,
            project_id: view.project_id,
            parameters: view.parameters,
            result_url: view.result_url,
            result: view.result,
            cost_nanos: view.cost_nanos,
            cost_usd: view.cost_usd,
            error_class: view.error_class,
            error_message: view.error_message,
            created_at: view.created_at,
            completed_at: view.completed_at,
        }
    }
}

/// 202: the job is in the books.
pub(super) struct JobAccepted {
    pub(super) view: JobView,
    pub(super) headers: Vec<(HeaderName, String)>,
}

impl IntoResponse for JobAccepted {
    fn into_response(self) -> Response {
        let location = format!("/api/v1/jobs/{}", self.view.id);
        let mut response = Json(self.view).into_response();
        response.set_status(StatusCode::ACCEPTED);
        for (name, value) in std::iter::once((header::LOCATION, location)).chain(self.headers) {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl ApiResponse for JobAccepted {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The job is accepted; workers do it",
                status: Some(202),
                status_range: None,
                content: vec![MetaMediaType { content_type: "application/json", schema: JobView::schema_ref() }],
                headers: vec![
                    text_header("Location", "Where the job is found"),
                    text_header("Idempotent-Replay", "`true` when an earlier request with the same key made it"),
                ],
            }],
        }
    }

    fn register(registry: &mut Registry) {
        JobView::register(registry);
    }
}
