//! Serving until told to stop.
//!
//! One task a connection, HTTP/1.1. The head of a request has its time, and so has a connection between two requests, so that
//! clients that say nothing cannot use up the sockets. When the process is told to stop, no new connection is taken, idle ones
//! are closed, and answers in flight have [`GRACE`] to end. Beside the connections run the revocation feed, the
//! ear for progress events, and the upkeep.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Endpoint, Request, Response};
use shared::store::{answers, idempotency, login_attempts, sessions};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::routes;

/// How long answers in flight may take after the stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long the head of a request may take, and how long a connection may idle between requests.
const HEAD: Duration = Duration::from_secs(75);
/// How long to wait when no connection can be taken, as when the process is out of file descriptors.
const BREATH: Duration = Duration::from_millis(50);
const UPKEEP: Duration = Duration::from_mins(1);
/// How many minutes lie between two sweeps of the tables.
const SWEEP: u64 = 60;
/// Rows that one statement deletes at most.
const CHUNK: i64 = 5_000;

/// Serves until `app.stopping` is cancelled, then finishes what is in flight.
pub async fn serve(app: Arc<App>, listener: TcpListener) -> io::Result<()> {
    let local = listener.local_addr()?;
    let endpoint = Arc::new(routes::endpoint(&app));
    let connections = TaskTracker::new();
    let feed = app.sessions.follow(&app.store, &app.stopping);
    let taking = async {
        while let Some((stream, peer)) = next(&listener, &app.stopping).await {
            connections.spawn(connection(stream, local, peer, Arc::clone(&endpoint), app.stopping.clone()));
        }
    };
    let hearing = app.board.hear(&app.settings.redis, &app.waiters);
    tokio::join!(taking, feed, hearing, upkeep(&app));
    drop(listener);
    connections.close();
    if tokio::time::timeout(GRACE, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "answers in flight were cut off at the stop");
    }
    Ok(())
}

/// The next connection; `None` when it is time to stop.
async fn next(listener: &TcpListener, stopping: &CancellationToken) -> Option<(TcpStream, SocketAddr)> {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => return None,
        };
        match accepted {
            Ok(connection) => return Some(connection),
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be taken");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

async fn connection<E: Endpoint<Output = Response>>(
    stream: TcpStream,
    local: SocketAddr,
    peer: SocketAddr,
    endpoint: Arc<E>,
    stopping: CancellationToken,
) {
    // Small answers go out at once; events of a stream do not wait for each other.
    drop(stream.set_nodelay(true));
    let service = service_fn(move |request| {
        let endpoint = Arc::clone(&endpoint);
        let (local, peer) = (LocalAddr(Addr::SocketAddr(local)), RemoteAddr(Addr::SocketAddr(peer)));
        async move {
            let request: Request = (request, local, peer, Scheme::HTTP).into();
            Ok::<hyper::Response<_>, Infallible>(endpoint.get_response(request).await.into())
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = stopping.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        // The client went away or spoke no HTTP: its affair.
        tracing::debug!(error = %error, "a connection ended badly");
    }
}

/// Small regular duties, until the process stops.
async fn upkeep(app: &App) {
    let mut ticks = tokio::time::interval(UPKEEP);
    let mut minute = 0_u64;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.stopping.cancelled() => return,
        }
        app.door_limit.forget_the_idle();
        app.open_limit.forget_the_idle();
        app.downloads.forget_the_idle();
        minute += 1;
        if minute.is_multiple_of(SWEEP)
            && let Err(error) = sweep(app).await
        {
            tracing::warn!(error = %error, "old sessions, keys and cached answers could not be swept");
        }
    }
}

/// Deletes what is past its time. Every process does so; the second finds nothing.
async fn sweep(app: &App) -> Result<(), shared::store::StoreError> {
    let mut connection = app.store.pool().acquire().await?;
    sessions::sweep(&mut connection, app.settings.auth.refresh_ttl()).await?;
    login_attempts::sweep(&mut *connection).await?;
    while idempotency::sweep(&mut *connection, CHUNK).await? == CHUNK as u64 {}
    while answers::sweep(&mut *connection, CHUNK).await? == CHUNK as u64 {}
    Ok(())
}
