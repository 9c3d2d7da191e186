//! The proxy between real sockets: what each fault does to existing and to new connections.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use super::Proxy;

const LONG: Duration = Duration::from_secs(10);

/// A proxy before a server that sends back what it gets.
async fn echo() -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("redis://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                drop(tokio::io::copy(&mut from, &mut to).await);
            });
        }
    });
    Proxy::before(&url).await.expect("a proxy")
}

async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.expect("connected")
}

/// Sends a word and waits until it comes back.
async fn says(stream: &mut TcpStream, word: &str) -> std::io::Result<()> {
    stream.write_all(word.as_bytes()).await?;
    hears(stream, word).await
}

async fn hears(stream: &mut TcpStream, word: &str) -> std::io::Result<()> {
    let mut heard = vec![0; word.len()];
    timeout(LONG, stream.read_exact(&mut heard)).await.expect("an answer in time")?;
    assert_eq!(heard, word.as_bytes());
    Ok(())
}

/// Waits until a connection is reset.
async fn is_reset(stream: &mut TcpStream) {
    let ended = timeout(LONG, stream.read(&mut [0; 1])).await.expect("an end in time");
    assert_eq!(ended.expect_err("reset").kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_silent_connection_stays_open_and_gets_everything_when_it_heals() {
    let proxy = echo().await;
    let mut existing = connect(&proxy).await;
    says(&mut existing, "one").await.expect("carried");
    proxy.silence_existing();
    existing.write_all(b"two").await.expect("taken");
    proxy.withheld(0).await;
    let mut new = connect(&proxy).await;
    says(&mut new, "new").await.expect("new connections are carried");
    assert_eq!(existing.try_read(&mut [0; 1]).expect_err("nothing").kind(), ErrorKind::WouldBlock);
    proxy.heal();
    hears(&mut existing, "two").await.expect("forwarded");
}

#[tokio::test]
async fn new_connections_can_be_silent_alone() {
    let proxy = echo().await;
    let mut existing = connect(&proxy).await;
    says(&mut existing, "one").await.expect("carried");
    proxy.silence_new();
    let mut new = connect(&proxy).await;
    new.write_all(b"two").await.expect("taken");
    proxy.withheld(0).await;
    says(&mut existing, "three").await.expect("existing connections are carried");
    assert_eq!(new.try_read(&mut [0; 1]).expect_err("nothing").kind(), ErrorKind::WouldBlock);
    proxy.silence_all();
    let withheld = proxy.times_withheld();
    existing.write_all(b"four").await.expect("taken");
    proxy.withheld(withheld).await;
    proxy.heal();
    hears(&mut new, "two").await.expect("forwarded");
    hears(&mut existing, "four").await.expect("forwarded");
}

#[tokio::test]
async fn a_reset_ends_existing_connections_and_a_refusal_new_ones() {
    let proxy = echo().await;
    let mut existing = connect(&proxy).await;
    says(&mut existing, "one").await.expect("carried");
    proxy.refuse_new();
    is_reset(&mut connect(&proxy).await).await;
    says(&mut existing, "two").await.expect("existing connections are carried");
    proxy.reset_existing();
    is_reset(&mut existing).await;
    proxy.heal();
    says(&mut connect(&proxy).await, "three").await.expect("carried again");
    assert_eq!(proxy.connections(), 3);
}

#[tokio::test]
async fn a_silent_connection_can_be_reset() {
    let proxy = echo().await;
    let mut existing = connect(&proxy).await;
    says(&mut existing, "one").await.expect("carried");
    proxy.silence_all();
    existing.write_all(b"two").await.expect("taken");
    proxy.withheld(0).await;
    proxy.reset_existing();
    is_reset(&mut existing).await;
}

#[tokio::test]
async fn a_delay_holds_each_chunk() {
    let proxy = echo().await;
    let mut stream = connect(&proxy).await;
    says(&mut stream, "one").await.expect("carried");
    proxy.delay(Duration::from_millis(40));
    let began = Instant::now();
    says(&mut stream, "two").await.expect("carried");
    assert!(began.elapsed() >= Duration::from_millis(80), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_the_server_closes_is_closed_and_a_dropped_proxy_resets() {
    let proxy = echo().await;
    let mut stream = connect(&proxy).await;
    says(&mut stream, "one").await.expect("carried");
    stream.shutdown().await.expect("closed");
    assert_eq!(timeout(LONG, stream.read(&mut [0; 1])).await.expect("an end in time").expect("an end"), 0);
    let mut other = connect(&proxy).await;
    says(&mut other, "two").await.expect("carried");
    drop(proxy);
    is_reset(&mut other).await;
}
