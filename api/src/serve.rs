//! Serving until told to stop.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use poem::Server;
use poem::listener::TcpAcceptor;
use tokio::net::TcpListener;

use crate::app::App;
use crate::routes;

/// How long answers in flight may take after the stop.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `app.stopping` is cancelled, then finishes what is in flight.
pub async fn serve(app: Arc<App>, listener: TcpListener) -> io::Result<()> {
    let acceptor = TcpAcceptor::from_tokio(listener)?;
    let stopping = app.stopping.clone();
    let feed = async { app.sessions.follow(&app.store, &stopping).await };
    let forgetting = forget(&app);
    let server = Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(
        routes::endpoint(&app),
        stopping.cancelled(),
        Some(GRACE),
    );
    let (outcome, (), ()) = tokio::join!(server, feed, forgetting);
    outcome
}

async fn forget(app: &App) {
    let mut ticks = tokio::time::interval(Duration::from_mins(1));
    loop {
        tokio::select! {
            _ = ticks.tick() => app.door_limit.forget_the_idle(),
            () = app.stopping.cancelled() => return,
        }
    }
}
