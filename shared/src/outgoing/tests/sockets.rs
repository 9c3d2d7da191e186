//! The client that really connects: to sockets of this machine, some of them allowed for the test.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::outgoing::{Lookup, Network, Outgoing, OutgoingError, Policy, Ports, Refusal, Schemes};

/// A server that counts who comes and answers all alike.
struct Server {
    port: u16,
    calls: Arc<AtomicUsize>,
}

impl Server {
    async fn start(address: &str, port: u16, answer: String) -> Self {
        let listener = TcpListener::bind((address, port)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let calls = Arc::new(AtomicUsize::new(0));
        tokio::spawn({
            let calls = Arc::clone(&calls);
            async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    calls.fetch_add(1, Ordering::SeqCst);
                    let mut head = [0; 4096];
                    if stream.read(&mut head).await.is_ok() {
                        drop(stream.write_all(answer.as_bytes()).await);
                    }
                }
            }
        });
        Self { port, calls }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn answer(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// Every name has these addresses: a new one at each look-up, the last for ever.
struct Shifting(Vec<&'static str>, AtomicUsize);

impl Lookup for Shifting {
    fn addresses(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let turn = self.1.fetch_add(1, Ordering::SeqCst).min(self.0.len() - 1);
        let address = self.0[turn].parse().expect("an address");
        Box::pin(async move { Ok(vec![address]) })
    }
}

fn outgoing(port: u16, names: &[&'static str]) -> Outgoing {
    let policy = Policy {
        schemes: Schemes::HttpAndHttps,
        ports: Ports::These(vec![port]),
        also: Policy::addresses("127.0.0.1").expect("addresses"),
        redirects: 3,
    };
    Outgoing::with_lookup(policy, Arc::new(Shifting(names.to_vec(), AtomicUsize::new(0))))
}

#[tokio::test]
async fn what_is_allowed_is_asked_by_address_and_by_name() {
    let server = Server::start("127.0.0.1", 0, answer("200 OK", "bread")).await;
    let outgoing = outgoing(server.port, &["127.0.0.1"]);
    for host in ["127.0.0.1", "bread.example"] {
        let address = format!("http://{host}:{}/", server.port);
        let answer = outgoing.get(&address).await.expect("an answer");
        assert_eq!(answer.text().await.expect("a body"), "bread");
    }
    assert_eq!(server.calls(), 2);
}

#[tokio::test]
async fn a_name_that_points_inside_is_not_connected_to() {
    let inside = Server::start("127.0.0.2", 0, answer("200 OK", "secret")).await;
    let outgoing = outgoing(inside.port, &["127.0.0.2"]);
    let refused = outgoing.get(&format!("http://bread.example:{}/", inside.port)).await.expect_err("refused");
    assert!(matches!(refused, OutgoingError::Refused(Refusal::Resolved(Network::Loopback))), "{refused:?}");
    assert_eq!(inside.calls(), 0);
}

#[tokio::test]
async fn a_redirect_to_the_inside_is_not_followed() {
    for host in ["127.0.0.2", "inside.example"] {
        let inside = Server::start("127.0.0.2", 0, answer("200 OK", "secret")).await;
        let head = format!("302 Found\r\nLocation: http://{host}:{}/", inside.port);
        // On the same port: ports alone must not be what saves us.
        let outside = Server::start("127.0.0.1", inside.port, answer(&head, "")).await;
        let outgoing = outgoing(outside.port, &["127.0.0.1", "127.0.0.2"]);
        let refused = outgoing.get(&format!("http://bread.example:{}/", outside.port)).await.expect_err("refused");
        let OutgoingError::Refused(refusal) = refused else { panic!("{refused:?}") };
        assert_eq!(refusal.as_str(), Network::Loopback.as_str());
        assert_eq!((outside.calls(), inside.calls()), (1, 0));
    }
}

#[tokio::test]
async fn every_kind_of_redirect_is_looked_at() {
    for status in [301, 302, 303, 307, 308] {
        let head = format!("{status} Elsewhere\r\nLocation: http://127.0.0.2/");
        let outside = Server::start("127.0.0.1", 0, answer(&head, "")).await;
        let outgoing = outgoing(outside.port, &["127.0.0.1"]);
        let led = outgoing.get(&format!("http://bread.example:{}/", outside.port)).await;
        assert!(matches!(led, Err(OutgoingError::Refused(Refusal::Network(Network::Loopback)))), "{status}: {led:?}");
    }
}

#[tokio::test]
async fn a_name_that_changes_its_mind_changes_nothing() {
    let inside = Server::start("127.0.0.2", 0, answer("200 OK", "secret")).await;
    let outside = Server::start("127.0.0.1", inside.port, answer("200 OK", "bread")).await;
    let outgoing = outgoing(outside.port, &["127.0.0.1", "127.0.0.2"]);
    let address = format!("http://bread.example:{}/", outside.port);
    let answer = outgoing.get(&address).await.expect("an answer");
    assert_eq!(answer.text().await.expect("a body"), "bread", "one look-up, and what it said is connected to");
    outgoing.get(&address).await.expect_err("the next call looks again");
    assert_eq!((outside.calls(), inside.calls()), (1, 0));
}

#[tokio::test]
async fn who_does_not_answer_has_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let failed = outgoing(port, &["127.0.0.1"]).get(&format!("http://bread.example:{port}/")).await;
    assert!(matches!(failed, Err(OutgoingError::Failed(_))), "{failed:?}");
}
