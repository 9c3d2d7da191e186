//! The span that every line of the log about one request is written in.

use std::net::IpAddr;

use poem::Request;
use shared::domain::UserId;
use tracing::Span;
use tracing::field::{Empty, display};

use super::RequestId;

/// Span of one request: its id, the client's address and, once it is known, the user.
#[derive(Clone, Debug)]
pub(crate) struct RequestSpan(pub(super) Span);

impl RequestSpan {
    pub(super) fn new(id: &RequestId, address: IpAddr) -> Self {
        Self(tracing::info_span!("request", request.id = %id, client.address = %address, user.id = Empty))
    }

    /// Writes the user who calls into the span.
    pub(crate) fn names(request: &Request, user: UserId) {
        if let Some(Self(span)) = request.data::<Self>() {
            span.record("user.id", display(user));
        }
    }
}
