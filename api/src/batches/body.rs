//! The body of a submit.

use std::sync::Arc;

use bytes::Bytes;
use poem::{Body, Request, RequestBody, Result};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::{Any, Type};
use poem_openapi::{Object, impl_apirequest_for_payload};
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use super::incoming::{Incoming, LargeBodies};
use crate::app::App;
use crate::parse::is_json;
use crate::problem::Problem;

/// The bytes of a submitted batch, and the permit for them if they are many.
pub struct BatchBody {
    pub bytes: Bytes,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Payload for BatchBody {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        is_json(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        GenerateBatch::schema_ref()
    }

    fn register(registry: &mut Registry) {
        GenerateBatch::register(registry);
    }
}

impl ParsePayload for BatchBody {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let app = request.data::<Arc<App>>().ok_or_else(|| Problem::internal(&"a request without its app"))?;
        let length = request.header("content-length").and_then(|length| length.parse().ok());
        Ok(read(body.take()?, length, app.settings.http.batch_body_bytes, &app.large_bodies).await?)
    }
}

impl_apirequest_for_payload!(BatchBody);

async fn read(body: Body, length: Option<usize>, most: usize, large: &LargeBodies) -> Result<BatchBody, Problem> {
    let mut incoming = Incoming::new(body, length, most, large);
    let mut bytes = Vec::new();
    while let Some(chunk) = incoming.next().await? {
        if bytes.is_empty() {
            bytes.reserve_exact(length.unwrap_or_default().min(most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(BatchBody { bytes: bytes.into(), _permit: incoming.into_permit() })
}

/// A batch of posts to be made.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct GenerateBatch {
    #[oai(validator(min_length = 1, max_length = 255))]
    name: String,
    #[oai(validator(min_items = 1, max_items = 50_000))]
    posts: Vec<GeneratePost>,
    /// What the batch may cost at most.
    budget_usd: Option<f64>,
    /// `low`, `normal` (the default) or `high`, among the batches of one user.
    priority: Option<String>,
    /// `live` (the default), or `economy`: captions are made through a provider's Batch API, for half the price.
    mode: Option<String>,
    /// With `economy`, when the posts have to be made: RFC 3339, 1 hour to 7 days ahead. What the Batch API has not made
    /// in time is made by live calls.
    deadline: Option<String>,
}

/// One post to be made.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct GeneratePost {
    #[oai(validator(min_length = 1, max_length = 255))]
    brand_name: String,
    #[oai(validator(max_length = 500))]
    topic: Option<String>,
    /// How it should sound.
    #[oai(validator(min_length = 1, max_length = 100))]
    tone: String,
    /// What it should say.
    #[oai(validator(max_length = 20_000))]
    brief: Option<String>,
    /// The campaign's when left out.
    #[oai(validator(max_length = 2_000))]
    target_audience: Option<String>,
    /// `x`, `instagram`, `threads`, `linkedin`, `facebook`, `tiktok`, `youtube`, `pinterest` or `bluesky`.
    platform: Option<String>,
    /// A BCP 47 tag, such as `pt-BR`.
    #[oai(validator(max_length = 35))]
    language: Option<String>,
    /// `{size, quality}`, or `false` for a caption only. `size` is `1024x1024` (the default), `1024x1536`, `1536x1024`,
    /// `1024x1792` or `1792x1024`; `quality` is `low`, `medium` (the default), `high`, `standard` or `hd`.
    image: Option<Any<Value>>,
    /// The caller's own name for the post, unique in its batch.
    #[oai(validator(max_length = 255))]
    external_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use bytes::Bytes;
    use futures::stream;
    use poem::Body;

    use super::super::incoming::LARGE;
    use super::{LargeBodies, read};

    const SOON: Duration = Duration::from_millis(20);

    fn chunks(count: usize, size: usize) -> Body {
        Body::from_bytes_stream(stream::iter(
            (0..count).map(move |_| Ok::<_, io::Error>(Bytes::from(vec![b'x'; size]))),
        ))
    }

    #[tokio::test]
    async fn a_body_is_counted_while_it_is_read_whatever_its_header_says() {
        let large = LargeBodies::new();
        for length in [None, Some(10)] {
            let problem = read(chunks(20, 100), length, 1_999, &large).await.err().expect("too large");
            assert_eq!(problem.code(), "too_large");
            assert_eq!(read(chunks(20, 100), length, 2_000, &large).await.expect("read").bytes.len(), 2_000);
        }
    }

    #[tokio::test]
    async fn only_two_large_bodies_are_read_at_once() {
        let large = LargeBodies::impatient(SOON);
        let size = LARGE / 4;
        let first = read(chunks(5, size), None, LARGE * 2, &large).await.expect("a permit");
        let _second = read(chunks(5, size), Some(5 * size), LARGE * 2, &large).await.expect("a permit");
        let problem = read(chunks(5, size), None, LARGE * 2, &large).await.err().expect("no permit");
        assert_eq!(problem.code(), "busy");
        read(chunks(3, size), None, LARGE * 2, &large).await.expect("a small one needs none");
        drop(first);
        read(chunks(5, size), None, LARGE * 2, &large).await.expect("a permit again");
    }

    #[tokio::test]
    async fn a_body_that_stops_coming_is_given_up() {
        let silent = Body::from_bytes_stream(stream::pending::<io::Result<Bytes>>());
        let problem = read(silent, None, 1_000, &LargeBodies::impatient(SOON)).await.err().expect("given up");
        assert_eq!(problem.code(), "body_timeout");
    }
}
