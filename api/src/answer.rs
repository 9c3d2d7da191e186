//! Answers whose status says something: 201 with a `Location`, 204.

use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{ToJSON, Type};

/// 201: it was made, and lies at `location`.
pub struct Created<T> {
    pub location: String,
    pub body: T,
    /// Whether this is what an earlier request with the same key made.
    pub replay: bool,
}

impl<T> Created<T> {
    pub fn new(location: String, body: T) -> Self {
        Self { location, body, replay: false }
    }
}

impl<T: ToJSON> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        response.set_status(StatusCode::CREATED);
        if let Ok(location) = HeaderValue::try_from(self.location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if self.replay {
            response.headers_mut().insert("idempotent-replay", HeaderValue::from_static("true"));
        }
        response
    }
}

impl<T: Type + ToJSON> ApiResponse for Created<T> {
    fn meta() -> MetaResponses {
        let location = MetaHeader {
            name: "Location".to_owned(),
            description: Some("Where it lies".to_owned()),
            required: true,
            deprecated: false,
            schema: String::schema_ref(),
        };
        let content = MetaMediaType { content_type: "application/json", schema: T::schema_ref() };
        MetaResponses { responses: vec![described("Made", 201, vec![content], vec![location])] }
    }

    fn register(registry: &mut Registry) {
        <Json<T> as Payload>::register(registry);
    }
}

/// 204: done, and nothing to say about it.
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl ApiResponse for NoContent {
    fn meta() -> MetaResponses {
        MetaResponses { responses: vec![described("Done", 204, vec![], vec![])] }
    }

    fn register(_: &mut Registry) {}
}

fn described(
    description: &'static str,
    status: u16,
    content: Vec<MetaMediaType>,
    headers: Vec<MetaHeader>,
) -> MetaResponse {
    MetaResponse { description, status: Some(status), status_range: None, content, headers }
}
