//! The body of a submit: counted while it is read, and few large ones in memory at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use poem::http::StatusCode;
use poem::{Body, Request, RequestBody, Result};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::{Any, Type};
use poem_openapi::{Object, impl_apirequest_for_payload};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::app::App;
use crate::parse::is_json;
use crate::problem::Problem;

/// Bodies above this many bytes need a permit.
const LARGE: usize = 1 << 20;
/// How many large bodies are in memory at once.
const AT_ONCE: usize = 2;
/// How long a large body waits for its permit.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a body may pause, and take as a whole.
const PAUSE: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_mins(2);

/// The permits for large bodies of one process, and how long anything is waited for.
#[derive(Clone)]
pub struct LargeBodies {
    permits: Arc<Semaphore>,
    patience: Duration,
    pause: Duration,
}

impl LargeBodies {
    pub fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), patience: PATIENCE, pause: PAUSE }
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Problem> {
        match timeout(self.patience, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Problem::unavailable(
                "busy",
                "Other large batches are being read. Try again.",
                Duration::from_secs(2),
            )),
        }
    }
}

impl Default for LargeBodies {
    fn default() -> Self {
        Self::new()
    }
}

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
    let deadline = Instant::now() + WHOLE;
    let mut permit = None;
    if length.is_some_and(|length| length > LARGE) {
        permit = Some(large.permit().await?);
    }
    let mut bytes = Vec::with_capacity(length.unwrap_or_default().min(most));
    let mut too_large = 0;
    let mut chunks = body.into_bytes_stream();
    loop {
        let chunk = match timeout_at(deadline.min(Instant::now() + large.pause), chunks.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(_))) => return Err(Problem::malformed("The body broke off.")),
            Ok(None) => break,
            Err(_) => {
                let detail = "The body did not come in time.";
                return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail));
            }
        };
        if too_large > 0 || bytes.len() + chunk.len() > most {
            // Read on a while without keeping it: a client that is still sending would not see the answer.
            bytes = Vec::new();
            too_large += chunk.len();
            if too_large > most {
                break;
            }
            continue;
        }
        if permit.is_none() && bytes.len() + chunk.len() > LARGE {
            permit = Some(large.permit().await?);
        }
        bytes.extend_from_slice(&chunk);
    }
    if too_large > 0 {
        return Err(Problem::too_large());
    }
    Ok(BatchBody { bytes: bytes.into(), _permit: permit })
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

    use super::{LARGE, LargeBodies, read};

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

    /// Permits for those who cannot wait.
    fn impatient() -> LargeBodies {
        let soon = Duration::from_millis(20);
        LargeBodies { patience: soon, pause: soon, ..LargeBodies::new() }
    }

    #[tokio::test]
    async fn only_two_large_bodies_are_read_at_once() {
        let large = impatient();
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
        let problem = read(silent, None, 1_000, &impatient()).await.err().expect("given up");
        assert_eq!(problem.code(), "body_timeout");
    }
}
