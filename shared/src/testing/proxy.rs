//! A TCP proxy between a program and its server, with faults that a test sets while it runs.
//!
//! Every connection to [`Proxy::url`] is carried to the server until a fault says otherwise. Connections are numbered in
//! the order in which they were accepted, so that a fault can be set for the existing ones, the new ones or all:
//!
//! - *silent*: both ends stay connected and nothing is forwarded in either direction; [`Proxy::heal`] forwards it then;
//! - *reset*: both ends are closed with a TCP reset; *refuse*: each new connection is reset as soon as it is accepted;
//! - *delay*: each chunk waits before it is forwarded;
//! - *lost answer* (Postgres): the server executes a statement, and the client's connection is reset in place of the
//!   answer. For a `COMMIT` this is the case that the client cannot decide.
//!
//! Faults take effect before the call that sets them returns, but for bytes that the proxy was writing at that moment.
//! What happens can be awaited ([`Proxy::connected`], [`Proxy::withheld`], [`Lost::happened`]), so that tests need no sleeps.

mod postgres;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;
use url::Url;

use postgres::Dialogue;
pub use postgres::Statement;

/// A proxy in front of one server. Dropping it resets its connections.
#[derive(Debug)]
pub struct Proxy {
    url: Url,
    state: Arc<State>,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct State {
    target: String,
    protocol: Protocol,
    faults: watch::Sender<Faults>,
    losses: Mutex<Vec<Loss>>,
    replacements: Mutex<Vec<(Vec<u8>, Vec<u8>)>>,
    /// Connections accepted so far, which is also the number of the next one.
    accepted: watch::Sender<u64>,
    /// Times that something to forward was held back by a silence.
    withheld: watch::Sender<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Postgres,
    /// Bytes that are not looked into.
    Opaque,
}

#[derive(Clone, Copy, Debug, Default)]
struct Faults {
    silence: Silence,
    refuse: bool,
    delay: Duration,
    /// Connections with a smaller number are reset.
    reset_below: u64,
}

#[derive(Clone, Copy, Debug, Default)]
enum Silence {
    #[default]
    None,
    Below(u64),
    From(u64),
    All,
}

/// A statement whose answer is to be lost, and the test that waits for it.
#[derive(Debug)]
struct Loss {
    statement: Statement,
    happened: oneshot::Sender<()>,
}

/// An answer that is to be lost.
#[derive(Debug)]
pub struct Lost(oneshot::Receiver<()>);

impl Lost {
    /// Waits until the server has executed the statement and the client's connection was reset in place of the answer.
    /// False when the fault was healed first, or when the connection ended before the server answered.
    pub async fn happened(self) -> bool {
        self.0.await.is_ok()
    }
}

impl Faults {
    fn silences(&self, connection: u64) -> bool {
        match self.silence {
            Silence::None => false,
            Silence::Below(first) => connection < first,
            Silence::From(first) => connection >= first,
            Silence::All => true,
        }
    }
}

impl Proxy {
    /// Starts a proxy on a free port in front of the server that `url` names (`postgres`, `redis` or `http`).
    pub async fn before(url: &str) -> io::Result<Self> {
        let invalid = |fault: String| io::Error::new(io::ErrorKind::InvalidInput, fault);
        let mut url: Url = url.parse().map_err(|_| invalid("the server's URL cannot be parsed".to_owned()))?;
        let (protocol, default_port) = match url.scheme() {
            "postgres" | "postgresql" => (Protocol::Postgres, 5432),
            "redis" => (Protocol::Opaque, 6379),
            "http" => (Protocol::Opaque, 80),
            other => return Err(invalid(format!("the proxy does not know `{other}` URLs"))),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).unwrap_or("127.0.0.1");
        let target = format!("{host}:{}", url.port().unwrap_or(default_port));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let at = |()| invalid("the server's URL takes no host and port".to_owned());
        url.set_ip_host(address.ip()).map_err(at)?;
        url.set_port(Some(address.port())).map_err(at)?;
        let state = Arc::new(State {
            target,
            protocol,
            faults: watch::Sender::default(),
            losses: Mutex::default(),
            replacements: Mutex::default(),
            accepted: watch::Sender::default(),
            withheld: watch::Sender::default(),
        });
        let accepting = tokio::spawn(Arc::clone(&state).accept(listener)).abort_handle();
        Ok(Self { url, state, accepting })
    }

    /// The server's URL with this proxy's host and port.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The address that clients connect to.
    pub fn address(&self) -> SocketAddr {
        let port = self.url.port().unwrap_or_default();
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// Silences every connection, existing and new.
    pub fn silence_all(&self) {
        self.state.faults.send_modify(|faults| faults.silence = Silence::All);
    }

    /// Silences the connections that exist now; new ones are carried.
    pub fn silence_existing(&self) {
        let next = self.next();
        self.state.faults.send_modify(|faults| faults.silence = Silence::Below(next));
    }

    /// Silences the connections that are made from now on; existing ones are carried.
    pub fn silence_new(&self) {
        let next = self.next();
        self.state.faults.send_modify(|faults| faults.silence = Silence::From(next));
    }

    /// Resets the connections that exist now.
    pub fn reset_existing(&self) {
        let next = self.next();
        self.state.faults.send_modify(|faults| faults.reset_below = next);
    }

    /// Resets each new connection as soon as it is accepted, until the proxy is healed.
    pub fn refuse_new(&self) {
        self.state.faults.send_modify(|faults| faults.refuse = true);
    }

    /// Delays each chunk in both directions.
    pub fn delay(&self, delay: Duration) {
        self.state.faults.send_modify(|faults| faults.delay = delay);
    }

    /// Loses the answer of the next matching statement, once: the server executes it and the client's connection is
    /// reset. Waits for nothing; see [`Lost::happened`].
    pub fn lose_answer(&self, statement: Statement) -> Lost {
        let (happened, waiting) = oneshot::channel();
        self.state.losses().push(Loss { statement, happened });
        Lost(waiting)
    }

    /// Replaces words in what clients send by others of the same length, until the proxy is dropped: for programs that are
    /// to be wrong. Words that are cut by a chunk's end are missed.
    pub fn replace(&self, words: &[u8], others: &[u8]) {
        assert_eq!(words.len(), others.len(), "the messages around them state their length");
        let mut replacements = self.state.replacements.lock().unwrap_or_else(PoisonError::into_inner);
        replacements.push((words.to_vec(), others.to_vec()));
    }

    /// Ends silence, refusal and delay, and takes back losses that did not happen. Bytes held back are forwarded now.
    pub fn heal(&self) {
        self.state.losses().clear();
        self.state
            .faults
            .send_modify(|faults| *faults = Faults { reset_below: faults.reset_below, ..Faults::default() });
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.next()
    }

    /// Waits until `count` connections have been accepted since the proxy started.
    pub async fn connected(&self, count: u64) {
        // The sender lives in `self`.
        let _ = self.state.accepted.subscribe().wait_for(|accepted| *accepted >= count).await;
    }

    /// Times so far that something to forward was held back by a silence.
    pub fn times_withheld(&self) -> u64 {
        *self.state.withheld.borrow()
    }

    /// Waits until something to forward has been held back more than `before` times.
    pub async fn withheld(&self, before: u64) {
        let _ = self.state.withheld.subscribe().wait_for(|withheld| *withheld > before).await;
    }

    fn next(&self) -> u64 {
        *self.state.accepted.borrow()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.state.faults.send_modify(|faults| *faults = Faults { reset_below: u64::MAX, ..Faults::default() });
    }
}

impl State {
    fn losses(&self) -> std::sync::MutexGuard<'_, Vec<Loss>> {
        self.losses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        while let Ok((client, _)) = listener.accept().await {
            let mut number = 0;
            self.accepted.send_modify(|accepted| {
                number = *accepted;
                *accepted += 1;
            });
            if self.faults.borrow().refuse {
                drop(client.set_zero_linger());
                continue;
            }
            tokio::spawn(Arc::clone(&self).carry(number, client));
        }
    }

    /// Carries one connection until an end closes it or a fault resets it.
    async fn carry(self: Arc<Self>, number: u64, mut client: TcpStream) {
        let Ok(mut server) = TcpStream::connect(&self.target).await else {
            drop(client.set_zero_linger());
            return;
        };
        drop(client.set_nodelay(true));
        drop(server.set_nodelay(true));
        let dialogue = Dialogue::new(&self, self.protocol == Protocol::Postgres);
        let mut faults = self.faults.subscribe();
        let reset = {
            let (mut from_client, mut to_client) = client.split();
            let (mut from_server, mut to_server) = server.split();
            let questions = self.forward(number, &mut from_client, &mut to_server, |bytes| {
                self.rewrite(bytes);
                dialogue.asked(bytes);
                Pass::All
            });
            let answers = self.forward(number, &mut from_server, &mut to_client, |bytes| dialogue.answered(bytes));
            tokio::select! {
                _ = faults.wait_for(|faults| number < faults.reset_below) => true,
                (questions, answers) = async { tokio::join!(questions, answers) } => {
                    questions.is_err() || answers.is_err()
                }
                () = dialogue.cut() => true,
            }
        };
        if reset {
            drop(client.set_zero_linger());
            drop(server.set_zero_linger());
        }
        drop((client, server));
        dialogue.report();
    }

    /// Forwards one direction until it ends; then tells the other end so.
    async fn forward(
        &self,
        connection: u64,
        from: &mut ReadHalf<'_>,
        to: &mut WriteHalf<'_>,
        mut look: impl FnMut(&mut [u8]) -> Pass,
    ) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            from.readable().await?;
            self.audible(connection).await;
            let read = from.read(&mut buffer).await?;
            if read == 0 {
                return to.shutdown().await;
            }
            let delay = self.faults.borrow().delay;
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
                self.audible(connection).await;
            }
            let bytes = &mut buffer[..read];
            match look(bytes) {
                Pass::All => to.write_all(bytes).await?,
                Pass::First(count) => to.write_all(&bytes[..count]).await?,
            }
        }
    }

    fn rewrite(&self, bytes: &mut [u8]) {
        for (words, others) in &*self.replacements.lock().unwrap_or_else(PoisonError::into_inner) {
            for start in 0..=bytes.len().saturating_sub(words.len()) {
                if bytes[start..].starts_with(words) {
                    bytes[start..start + words.len()].copy_from_slice(others);
                }
            }
        }
    }

    /// Waits while a silence holds this connection's bytes back.
    async fn audible(&self, connection: u64) {
        if self.faults.borrow().silences(connection) {
            self.withheld.send_modify(|withheld| *withheld += 1);
            let _ = self.faults.subscribe().wait_for(|faults| !faults.silences(connection)).await;
        }
    }
}

/// Bytes of a chunk that are forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    All,
    First(usize),
}
