//! Live events of a batch: a `snapshot`, then `progress` with what changed, four a second at most, and `done` at the end.
//!
//! The id of an event is the version of the batch, so a stream that breaks is resumed by the version that was seen last: the
//! reader gets a snapshot of how things stand, or nothing if nothing has changed. A stream never goes back. It ends when the
//! batch is finished, when the caller's session is, and when the process is told to stop. A slow reader costs nothing: it
//! is told of the latest state, not of every state between.

mod events;
mod listener;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use poem::Request;
use poem::web::websocket::WebSocket;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use shared::domain::BatchId;
use uuid::Uuid;

use crate::app::App;
use crate::problem::Problem;
use crate::routes::Chapter;
use events::{Live, Stream};
use listener::{LinkQuery, listener};
use socket::Upgraded;

/// How often a silent stream shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Live events.
pub struct StreamsApi {
    app: Arc<App>,
}

impl StreamsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Batches")]
impl StreamsApi {
    /// A batch's events, as server-sent events
    ///
    /// `snapshot` holds the whole batch, `progress` what changed (`counts` and `version` always), `done` the whole batch once
    /// more before the stream ends. The id is the batch's version; `Last-Event-ID` resumes. Call it with a token, or by
    /// the `events_url` of a batch, which needs none.
    #[oai(path = "/batch-jobs/:id/events", method = "get")]
    #[expect(clippy::too_many_arguments, reason = "one argument a parameter of the operation")]
    async fn events(
        &self,
        request: &Request,
        id: Path<Uuid>,
        #[oai(name = "Last-Event-ID")] last_event: Header<Option<String>>,
        last_event_id: Query<Option<String>>,
        user: Query<Option<Uuid>>,
        session: Query<Option<Uuid>>,
        expires: Query<Option<u64>>,
        kid: Query<Option<String>>,
        sig: Query<Option<String>>,
    ) -> Result<Live, Problem> {
        let link = LinkQuery { user: user.0, session: session.0, expires: expires.0, kid: kid.0, sig: sig.0 };
        let batch = BatchId(id.0);
        let caller = listener(&self.app, request, batch, link)?;
        let seen = last_event.0.or(last_event_id.0).and_then(|id| id.trim().parse().ok());
        Ok(Live::new(Stream::open(&self.app, caller, batch, seen).await?))
    }

    /// A batch's events, over a WebSocket
    ///
    /// The same events as text: `{"event", "id", "data"}`. What the client sends is not read.
    #[oai(path = "/batch-jobs/:id/ws", method = "get")]
    #[expect(clippy::too_many_arguments, reason = "one argument a parameter of the operation")]
    async fn socket(
        &self,
        request: &Request,
        id: Path<Uuid>,
        last_event_id: Query<Option<String>>,
        user: Query<Option<Uuid>>,
        session: Query<Option<Uuid>>,
        expires: Query<Option<u64>>,
        kid: Query<Option<String>>,
        sig: Query<Option<String>>,
        socket: WebSocket,
    ) -> Result<Upgraded, Problem> {
        let link = LinkQuery { user: user.0, session: session.0, expires: expires.0, kid: kid.0, sig: sig.0 };
        let batch = BatchId(id.0);
        let caller = listener(&self.app, request, batch, link)?;
        let seen = last_event_id.0.and_then(|id| id.trim().parse().ok());
        Ok(Upgraded::new(socket, Stream::open(&self.app, caller, batch, seen).await?))
    }
}
