//! Who calls: the tenant of everything that the call reads or writes.

use std::sync::Arc;

use poem::http::header;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use shared::domain::{SessionId, UserId};

use crate::app::App;
use crate::door::RequestSpan;
use crate::problem::Problem;

/// A caller with a token that is good: signed by us, not expired, its session not revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub user: UserId,
    pub session: SessionId,
}

impl Caller {
    /// Reads the bearer token of a request.
    pub fn of(request: &Request) -> Result<Self, Problem> {
        let app = request.data::<Arc<App>>().ok_or_else(|| Problem::internal(&"a request without its app"))?;
        let header = request.headers().get(header::AUTHORIZATION).ok_or_else(|| {
            Problem::unauthorized("unauthenticated", "Send an access token: Authorization: Bearer <token>.")
        })?;
        let token = header.to_str().ok().and_then(bearer).ok_or_else(|| {
            Problem::unauthorized("unauthenticated", "The Authorization header must read: Bearer <token>.")
        })?;
        let caller = app.tokens.verify(token)?;
        // Also for a session that has ended: whose token was refused belongs in the log.
        RequestSpan::names(request, caller.user);
        app.sessions.check(caller.session)?;
        Ok(caller)
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

impl<'a> ApiExtractor<'a> for Caller {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            "access_token",
            MetaSecurityScheme {
                ty: "http",
                description: Some("The `access_token` of a login."),
                name: None,
                key_in: None,
                scheme: Some("bearer"),
                bearer_format: Some("JWT"),
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["access_token"]
    }

    async fn from_request(request: &'a Request, _: &mut RequestBody, _: ExtractParamOptions<()>) -> Result<Self> {
        Ok(Self::of(request)?)
    }
}
