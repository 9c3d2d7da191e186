//! The response cache: which generation answered a request, by what the request says.
//!
//! It lies in Redis under `<namespace>:answers:<user>:<hash>`, safe to lose: a loss costs one more generation. The hash is
//! over the kind, the parameters and everything that prompts are given, so that a brand kit that changed makes another
//! request. A request that comes while the first is still being made is answered by the same generation. It never answers
//! one user with another's.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use poem::http::{HeaderMap, HeaderName, StatusCode};
use sha2::{Digest, Sha256};
use shared::domain::{BatchId, UserId};
use shared::store::generations::NewGeneration;

use crate::app::App;
use crate::problem::Problem;

/// How long Redis may keep a caller waiting.
const PATIENCE: Duration = Duration::from_millis(250);
const LONGEST: u64 = 7 * 24 * 3_600;

/// For how long the caller wants an identical request answered with this one: `X-Cache-TTL`, in seconds.
pub(super) fn asked(headers: &HeaderMap) -> Result<Option<Duration>, Problem> {
    let Some(header) = headers.get("x-cache-ttl") else { return Ok(None) };
    match header.to_str().ok().and_then(|text| text.trim().parse::<u64>().ok()).filter(|seconds| *seconds <= LONGEST) {
        Some(0) => Ok(None),
        Some(seconds) => Ok(Some(Duration::from_secs(seconds))),
        None => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_parameter",
            format!("X-Cache-TTL must be a whole number of seconds, at most {LONGEST}."),
        )),
    }
}

/// A request as the cache knows it.
pub(super) struct Entry {
    key: String,
    name: String,
    lifetime: Duration,
}

impl Entry {
    pub(super) fn of(app: &App, user: UserId, new: &NewGeneration, lifetime: Duration) -> Self {
        let said = serde_json::json!([new.kind, new.parameters, new.context, new.parts, new.project, new.campaign]);
        let hash = Sha256::digest(said.to_string());
        let name = URL_SAFE_NO_PAD.encode(&hash[..16]);
        Self { key: format!("{}:answers:{user}:{name}", app.settings.redis.namespace), name, lifetime }
    }

    /// The generation that answered it before.
    pub(super) async fn find(&self, app: &App) -> Option<BatchId> {
        let mut redis = app.queue.redis();
        let mut get = redis::cmd("GET");
        let asking = get.arg(&self.key).query_async::<Option<String>>(&mut redis);
        let Ok(Ok(found)) = tokio::time::timeout(PATIENCE, asking).await else {
            tracing::debug!("the cache of answers cannot be asked");
            return None;
        };
        found?.parse().ok()
    }

    /// Keeps a generation as the answer.
    pub(super) async fn keep(&self, app: &App, id: BatchId) {
        let mut redis = app.queue.redis();
        let mut set = redis::cmd("SET");
        set.arg(&self.key).arg(id.to_string()).arg("EX").arg(self.lifetime.as_secs().max(1));
        if !matches!(tokio::time::timeout(PATIENCE, set.query_async::<()>(&mut redis)).await, Ok(Ok(()))) {
            tracing::debug!("an answer was not kept in the cache");
        }
    }

    /// What the caller is told of it.
    pub(super) fn headers(&self, hit: bool) -> Vec<(HeaderName, String)> {
        let named = |name, value: String| (HeaderName::from_static(name), value);
        vec![
            named("x-cache", if hit { "hit" } else { "miss" }.to_owned()),
            named("x-cache-key", self.name.clone()),
            named("x-cache-ttl", self.lifetime.as_secs().to_string()),
        ]
    }
}
