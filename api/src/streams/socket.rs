//! The events of a stream over a WebSocket.

use futures::{SinkExt, StreamExt};
use poem::web::websocket::{CloseCode, Message, WebSocket, WebSocketStream};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaResponse, MetaResponses, Registry};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::HEARTBEAT;
use super::events::{Event, Stream};

/// The largest message that a client may send: nothing of it is read.
const INCOMING: usize = 4 * 1024;

/// A connection that became a WebSocket.
pub(super) struct Upgraded(Response);

impl Upgraded {
    pub(super) fn new(socket: WebSocket, stream: Stream) -> Self {
        let config = WebSocketConfig::default().max_message_size(Some(INCOMING)).max_frame_size(Some(INCOMING));
        // A future that is only ever polled by one task, in a place that asks for more than that.
        let stream = std::sync::Mutex::new(Some(stream));
        let upgraded = socket.config(config).on_upgrade(move |socket| async move {
            let stream = stream.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some(stream) = stream
                && let Err(error) = serve(socket, stream).await
            {
                tracing::debug!(error = %error, "a WebSocket broke");
            }
        });
        Self(upgraded.into_response())
    }
}

async fn serve(socket: WebSocketStream, mut stream: Stream) -> std::io::Result<()> {
    let (mut sink, mut source) = socket.split();
    let mut heartbeat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
    loop {
        tokio::select! {
            event = stream.next() => match event {
                Some(event) => sink.send(Message::text(text(&event))).await?,
                None => break,
            },
            _ = heartbeat.tick() => sink.send(Message::ping(Vec::new())).await?,
            message = source.next() => match message {
                // Pings are answered by the protocol; anything else says nothing to us.
                Some(Ok(message)) if !message.is_close() => {}
                _ => return Ok(()),
            },
        }
    }
    sink.send(Message::close_with(CloseCode::Normal, "")).await?;
    sink.close().await
}

fn text(event: &Event) -> String {
    format!(r#"{{"event":"{}","id":{},"data":{}}}"#, event.kind, event.id, event.data)
}

impl IntoResponse for Upgraded {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Upgraded {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The connection becomes a WebSocket",
                status: Some(101),
                status_range: None,
                content: vec![],
                headers: vec![],
            }],
        }
    }

    fn register(_: &mut Registry) {}
}
