//! Listening, serving, stopping.
//!
//! A simulator has threads of its own, so that a test's runtime and the simulator's do not slow each other down, and so
//! that it can be stopped from anywhere, also by being dropped.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::{Builder, Runtime},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    admin::Admin, bill::Bill, body::ResetSwitch, config::SimulatorConfig, connection::Connection, provider::Provider,
    routes::route,
};

/// Starts simulators.
#[derive(Debug)]
pub struct Simulator;

/// A simulator that serves until it is shut down or dropped.
#[derive(Debug)]
pub struct Running {
    admin: Admin,
    address: SocketAddr,
    origin: String,
    runtime: Option<Runtime>,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl Simulator {
    /// Binds the address and serves it at once, on threads of its own.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound or threads cannot be started.
    pub fn start(config: SimulatorConfig) -> io::Result<Running> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(config.threads.max(1))
            .thread_name("simulator")
            .enable_all()
            .build()?;
        let listener = {
            let _entered = runtime.enter();
            listen(config.listen)?
        };
        let address = listener.local_addr()?;
        let origin = format!("http://{address}");
        let provider = Arc::new(Provider::new(config));
        // The cell is new, so this always sets it.
        let _ = provider.origin.set(origin.clone());
        let stop = CancellationToken::new();
        let connections = TaskTracker::new();
        let door = Door { provider: provider.clone(), stop: stop.clone(), connections: connections.clone() };
        connections.spawn_on(door.accept(listener), runtime.handle());
        connections.close();
        Ok(Running { admin: Admin { provider }, address, origin, runtime: Some(runtime), stop, connections })
    }
}

impl Running {
    /// What a client takes as base URL: `http://127.0.0.1:PORT/v1`.
    pub fn url(&self) -> String {
        format!("{}/v1", self.origin)
    }

    /// `http://127.0.0.1:PORT`, under which `/_sim/...` lies.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Controls that outlive this handle's borrow.
    pub fn admin(&self) -> Admin {
        self.admin.clone()
    }

    /// All calls so far.
    pub fn bill(&self) -> Bill {
        self.admin.bill()
    }

    /// Takes no more calls, lets those in flight end within the configured grace, then closes all connections.
    pub async fn shutdown(mut self) {
        let grace = self.admin.provider.config.grace;
        self.stop.cancel();
        self.admin.release();
        if let Some(runtime) = self.runtime.take() {
            let connections = self.connections.clone();
            let ended = runtime.spawn(async move { tokio::time::timeout(grace, connections.wait()).await });
            if !matches!(ended.await, Ok(Ok(()))) {
                tracing::info!("calls were cut off at the end of the grace");
            }
            runtime.shutdown_background();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A burst of new connections must not be turned away, so the queue is long.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

/// Lets connections in.
struct Door {
    provider: Arc<Provider>,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl Door {
    async fn accept(self, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    drop(self.connections.spawn(serve(self.provider.clone(), stream, self.stop.clone())));
                }
                Err(error) => {
                    // Out of descriptors, most likely: others have to be closed first.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

async fn serve(provider: Arc<Provider>, stream: TcpStream, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone at once");
        return;
    }
    let reset = ResetSwitch::default();
    let switch = reset.clone();
    let service = service_fn(move |request| route(provider.clone(), request, switch.clone()));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(Connection { stream, reset }), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients hang up, and faults cut answers short. Both are everyday life here.
        tracing::debug!(%error, "a connection ended early");
    }
}
