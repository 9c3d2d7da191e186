//! The events of one stream, and their form as server-sent events.

use std::sync::Arc;

use futures::stream;
use poem::http::StatusCode;
use poem::web::sse::{Event as SseEvent, SSE};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use shared::domain::BatchId;
use tokio::sync::watch;

use super::HEARTBEAT;
use crate::app::App;
use crate::batches::Scene;
use crate::caller::Caller;
use crate::problem::Problem;

/// One event of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) kind: &'static str,
    /// The batch's version.
    pub(super) id: i64,
    /// JSON.
    pub(super) data: Arc<str>,
}

/// The events of one batch for one caller.
pub(super) struct Stream {
    app: Arc<App>,
    caller: Caller,
    scenes: watch::Receiver<Arc<Scene>>,
    /// The scene that the caller was told of last.
    told: Option<Arc<Scene>>,
    /// The version that the caller had seen before.
    seen: Option<i64>,
    ended: bool,
}

impl Stream {
    pub(super) async fn open(
        app: &Arc<App>,
        caller: Caller,
        batch: BatchId,
        seen: Option<i64>,
    ) -> Result<Self, Problem> {
        let batch = app.board.read(caller.user, batch).await?.ok_or_else(|| Problem::not_found("batch"))?;
        let scenes = app.board.follow(batch);
        Ok(Self { app: Arc::clone(app), caller, scenes, told: None, seen, ended: false })
    }

    /// Whether there is nothing to tell, and never will be.
    fn is_over(&self) -> bool {
        let scene = self.scenes.borrow();
        scene.batch.status.is_final() && self.seen == Some(scene.batch.version)
    }

    /// The next event, when there is one; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Event> {
        if self.ended {
            return None;
        }
        let Some(mut told) = self.told.take() else {
            let scene = Arc::clone(&self.scenes.borrow_and_update());
            self.told = Some(Arc::clone(&scene));
            if self.seen == Some(scene.batch.version) {
                return Box::pin(self.next()).await;
            }
            return Some(self.whole("snapshot", &scene));
        };
        loop {
            if told.batch.status.is_final() {
                self.ended = true;
                return Some(self.whole("done", &told));
            }
            tokio::select! {
                changed = self.scenes.changed() => {
                    if changed.is_err() {
                        self.ended = true;
                        return None;
                    }
                }
                () = self.app.stopping.cancelled() => {
                    self.ended = true;
                    return None;
                }
                () = self.app.sessions.revoked(self.caller.session) => {
                    self.ended = true;
                    return None;
                }
            }
            let scene = Arc::clone(&self.scenes.borrow_and_update());
            if scene.tag != told.tag && scene.batch.version >= told.batch.version {
                let event = Event { kind: "progress", id: scene.batch.version, data: scene.delta_since(&told) };
                self.told = Some(scene);
                return Some(event);
            }
            told = scene;
        }
    }

    fn whole(&self, kind: &'static str, scene: &Scene) -> Event {
        let url = self.app.links.events(scene.batch.id, self.caller.user, self.caller.session);
        Event { kind, id: scene.batch.version, data: scene.snapshot(url) }
    }
}

/// A stream as server-sent events.
pub(super) struct Live(Response);

impl Live {
    pub(super) fn new(stream: Stream) -> Self {
        if stream.is_over() {
            // The one answer that keeps an EventSource from coming again.
            return Self(Response::builder().status(StatusCode::NO_CONTENT).finish());
        }
        let events = stream::unfold(stream, |mut stream| async {
            let event = stream.next().await?;
            let event = SseEvent::message(&*event.data).event_type(event.kind).id(event.id.to_string());
            Some((event, stream))
        });
        Self(SSE::new(events).keep_alive(HEARTBEAT).into_response())
    }
}

impl IntoResponse for Live {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Live {
    fn meta() -> MetaResponses {
        let response = |status, description, content| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content,
            headers: vec![],
        };
        let schema = MetaSchemaRef::Inline(Box::new(MetaSchema::new("string")));
        let events = MetaMediaType { content_type: "text/event-stream", schema };
        MetaResponses {
            responses: vec![
                response(200, "The events", vec![events]),
                response(204, "The batch is finished, and the caller has seen it", vec![]),
            ],
        }
    }

    fn register(_: &mut Registry) {}
}
