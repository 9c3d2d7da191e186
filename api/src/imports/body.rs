//! The body of an import: a file as it is, or in a form.

use std::sync::Arc;

use poem::{Request, RequestBody, Result};
use poem_openapi::error::ContentTypeError;
use poem_openapi::payload::{Binary, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::source::{FileFormat, Source};
use crate::app::App;
use crate::batches::Incoming;
use crate::problem::Problem;

/// A file that is on its way.
pub(super) struct ImportBody(pub(super) Source);

impl<'a> ApiExtractor<'a> for ImportBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(_: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        let media = |content_type, schema| MetaMediaType { content_type, schema };
        let text = || MetaSchemaRef::Inline(Box::new(MetaSchema::new("string")));
        let mut form = MetaSchema::new("object");
        form.properties = vec![("file", Binary::<Vec<u8>>::schema_ref())];
        form.required = vec!["file"];
        Some(MetaRequest {
            description: Some("One post a row"),
            content: vec![
                media("text/csv", text()),
                media("application/x-ndjson", text()),
                media("multipart/form-data", MetaSchemaRef::Inline(Box::new(form))),
            ],
            required: true,
        })
    }

    async fn from_request(request: &'a Request, body: &mut RequestBody, _: ExtractParamOptions<()>) -> Result<Self> {
        let app = request.data::<Arc<App>>().ok_or_else(|| Problem::internal(&"a request without its app"))?;
        let content_type = request.content_type().ok_or(ContentTypeError::ExpectContentType)?;
        if request.header("content-encoding").is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            return Err(Problem::unsupported("Send the file as it is, without a content encoding.").into());
        }
        let length = request.header("content-length").and_then(|length| length.parse().ok());
        let most = app.settings.http.batch_body_bytes;
        let incoming = |body: poem::Body| Incoming::new(body, length, most, &app.large_bodies);
        if let Ok(boundary) = multer::parse_boundary(content_type) {
            return Ok(Self(Source::form(incoming(body.take()?), boundary)));
        }
        match FileFormat::of_content_type(content_type) {
            Some(format) => Ok(Self(Source::plain(incoming(body.take()?), format))),
            None => Err(ContentTypeError::NotSupported { content_type: content_type.to_owned() }.into()),
        }
    }
}
