//! The answer cache: which generation answers a request, by what the request says.
//!
//! The hash is over the kind, the parameters and everything that prompts are given, so that a brand kit that changed makes
//! another request. A request that comes while the first is still being made, in whichever process, is answered by the same
//! generation. It never answers one user with another's. The cache lies in Postgres, written by the transaction that places
//! the generation ([`shared::store::answers`]).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use poem::http::{HeaderMap, HeaderName, StatusCode};
use sha2::{Digest, Sha256};
use shared::domain::UserId;
use shared::store::answers::CachedRequest;
use shared::store::generations::NewGeneration;

use crate::problem::Problem;

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

/// Names a request in the cache.
pub(super) fn request(user: UserId, new: &NewGeneration, lifetime: Duration) -> CachedRequest {
    let said = serde_json::json!([new.kind, new.parameters, new.context, new.parts, new.project, new.campaign]);
    let mut hash = [0; 16];
    hash.copy_from_slice(&Sha256::digest(said.to_string())[..16]);
    CachedRequest { user, hash, lifetime }
}

/// Returns what the caller is told of the cache.
pub(super) fn headers(request: &CachedRequest, hit: bool) -> Vec<(HeaderName, String)> {
    let named = |name, value: String| (HeaderName::from_static(name), value);
    vec![
        named("x-cache", if hit { "hit" } else { "miss" }.to_owned()),
        named("x-cache-key", URL_SAFE_NO_PAD.encode(request.hash)),
        named("x-cache-ttl", request.lifetime.as_secs().to_string()),
    ]
}
