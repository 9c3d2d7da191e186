//! Calls without a token, on the paths of back ends that knew none.
//!
//! `BROADSIDE_COMPAT__OPEN_AS` names the user that such calls act as. Until it is set, and until somebody has registered
//! under that name, they are refused like everywhere else. A token that is sent wins, and must be good: a front end whose
//! token has expired must not go on as somebody else.

use std::sync::Arc;

use poem::http::header;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use shared::domain::{SessionId, UserId};
use shared::store::users;
use uuid::Uuid;

use crate::app::App;
use crate::auth::AccountError;
use crate::caller::Caller;
use crate::door::RequestSpan;
use crate::problem::Problem;

/// Who calls: the bearer of a token, or whoever calls without one act as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenCaller {
    pub user: UserId,
    session: SessionId,
    proof: Proof,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Token,
    Nothing,
}

impl OpenCaller {
    /// Reads the token of a request, or what stands in for one.
    pub async fn of(request: &Request) -> Result<Self, Problem> {
        let app = request.data::<Arc<App>>().ok_or_else(|| Problem::internal(&"a request without its app"))?;
        let name = &app.settings.compat.open_as;
        if name.is_empty() || request.headers().contains_key(header::AUTHORIZATION) {
            let Caller { user, session } = Caller::of(request)?;
            return Ok(Self { user, session, proof: Proof::Token });
        }
        let Some(found) = users::credentials(app.store.orm(), name).await? else {
            return Err(Problem::unauthorized(
                "unauthenticated",
                "Nobody has registered yet under the name that calls without a token act as.",
            ));
        };
        RequestSpan::names(request, found.user.id);
        if found.suspended {
            return Err(AccountError::Suspended.into());
        }
        Ok(Self { user: found.user.id, session: SessionId(Uuid::nil()), proof: Proof::Nothing })
    }

    /// Counts a call that generates: without a token, each address has only so many.
    pub fn admit(self, app: &App, request: &Request) -> Result<(), Problem> {
        match self.proof {
            Proof::Token => Ok(()),
            Proof::Nothing => app.open_limit.admit(request),
        }
    }
}

/// Without a token the session is one that nobody has opened, and so nobody can end.
impl From<OpenCaller> for Caller {
    fn from(open: OpenCaller) -> Self {
        Self { user: open.user, session: open.session }
    }
}

impl<'a> ApiExtractor<'a> for OpenCaller {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Caller::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        Caller::security_schemes()
    }

    async fn from_request(request: &'a Request, _: &mut RequestBody, _: ExtractParamOptions<()>) -> Result<Self> {
        Ok(Self::of(request).await?)
    }
}
