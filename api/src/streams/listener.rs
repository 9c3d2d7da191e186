//! Who listens: a caller with a token, or whoever holds a signed link.

use poem::Request;
use poem::http::header;
use shared::domain::{BatchId, SessionId, UserId};
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::door::RequestSpan;
use crate::media::{LinkRefusal, Signature};
use crate::problem::Problem;

/// What a signed link to a batch's events carries.
pub(super) struct LinkQuery {
    pub(super) user: Option<Uuid>,
    pub(super) session: Option<Uuid>,
    pub(super) expires: Option<u64>,
    pub(super) kid: Option<String>,
    pub(super) sig: Option<String>,
}

/// The caller that a stream is for. A link speaks for the session that it was made in, and ends with it.
pub(super) fn listener(app: &App, request: &Request, batch: BatchId, link: LinkQuery) -> Result<Caller, Problem> {
    let Some(sig) = link.sig.filter(|_| !request.headers().contains_key(header::AUTHORIZATION)) else {
        return Caller::of(request);
    };
    let (Some(user), Some(session), Some(expires), Some(kid)) = (link.user, link.session, link.expires, link.kid)
    else {
        return Err(LinkRefusal::Invalid.into());
    };
    let caller = Caller { user: UserId(user), session: SessionId(session) };
    app.links.check_events(batch, caller.user, caller.session, &Signature { expires, kid, sig })?;
    RequestSpan::names(request, caller.user);
    app.sessions.check(caller.session)?;
    Ok(caller)
}
